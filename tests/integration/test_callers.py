"""Who calls, and how often: bearer tokens and the limit of each principal, on the real binary."""

import concurrent.futures
import threading
import time

import grpc
import pytest

from support.broker import Broker, credential, details_of, pb, write_config
from support.certificates import Certificates
from support.processes import TIMEOUT, Process
from support.streams import TokenStream
from support.token_reviews import TokenReviews, unsigned_token

ACCOUNT = "system:serviceaccount:orders:api"


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path)


def accepting_tokens(folder, sandbox, certificates, *kubernetes):
    """A configuration that gives the token to ACCOUNT alone; `kubernetes`: more of that section."""
    (folder / "own-token").write_text("the-brokers-own\n")
    config = write_config(folder, [credential(folder, sandbox, principals=[ACCOUNT])])
    section = ", ".join([f"ca_file: '{certificates.ca}'", "token_file: own-token", *kubernetes])
    with config.open("a") as file:
        file.write(f"kubernetes_callers: {{audience: credential-broker}}\nkubernetes: {{{section}}}\n")
    return config


def get(stub, token=None, timeout=TIMEOUT):
    metadata = [] if token is None else [("authorization", f"Bearer {token}")]
    return stub.GetToken(pb.GetTokenRequest(), timeout=timeout, metadata=metadata).token


def failure_of(stub, *args, **more):
    with pytest.raises(grpc.RpcError) as failure:
        get(stub, *args, **more)
    return failure.value


class TestBearerTokens:
    @pytest.fixture
    def good(self):
        return unsigned_token("good")

    @pytest.fixture
    def reviews(self, certificates, good):
        with TokenReviews(certificates, {good: ACCOUNT}) as server:
            yield server

    @pytest.fixture
    def stub(self, tmp_path, sandbox, certificates, reviews):
        config = accepting_tokens(tmp_path, sandbox, certificates, f"api_server: '{reviews.url}'")
        with Broker(config) as self.broker, self.broker.stub() as stub:
            yield stub

    def test_in_a_pod_the_environment_names_the_api_server(self, tmp_path, sandbox, certificates, reviews, good):
        host, port = reviews.url.removeprefix("https://").split(":")
        pod = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        with Broker(accepting_tokens(tmp_path, sandbox, certificates), env=pod) as broker, broker.stub() as stub:
            assert get(stub, good).value

    def test_calls_that_come_with_one_token_cost_one_review(self, stub, reviews, good):
        reviews.hang()
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            calls = [pool.submit(get, stub, good) for _ in range(50)]
            reviews.await_reviews(1)
            reviews.hang(False)
            assert len({call.result().version for call in calls}) == 1
        assert get(stub, good).value
        assert reviews.reviewed == [good]
        assert self.broker.wait_event("token_issued")["principal"] == ACCOUNT

    def test_a_stream_opens_once_its_token_has_been_reviewed(self, stub, reviews, good):
        reviews.hang()
        stream = TokenStream(stub, metadata=[("authorization", f"Bearer {good}")])
        reviews.await_reviews(1)
        reviews.hang(False)
        assert stream.wait_token().token.version == get(stub, good).version
        refused = TokenStream(stub, metadata=[("authorization", f"Bearer {unsigned_token('bad')}")]).wait_error()
        assert refused.code() == grpc.StatusCode.UNAUTHENTICATED

    def test_a_refused_token_is_unauthenticated_and_remembered(self, stub, reviews):
        bad = unsigned_token("bad")
        for _ in range(2):
            failure = failure_of(stub, bad)
            assert failure.code() == grpc.StatusCode.UNAUTHENTICATED
            assert details_of(failure)[0] == "CALLER_UNAUTHENTICATED"
        assert reviews.reviewed == [bad]

    def test_garbage_costs_no_review(self, stub, reviews):
        for token in ("x", "a.b.c", "..", "é".encode().hex() * 100):
            assert failure_of(stub, token).code() == grpc.StatusCode.UNAUTHENTICATED
        assert reviews.reviewed == []

    def test_an_api_server_that_hangs_holds_up_nobody_else(self, stub, reviews, good):
        assert get(stub, good)
        reviews.hang()
        other = unsigned_token("other")
        assert failure_of(stub, other, timeout=0.5).code() == grpc.StatusCode.DEADLINE_EXCEEDED
        # By a certificate, a socket or nothing: they do not wait for the API server.
        assert failure_of(stub).code() == grpc.StatusCode.PERMISSION_DENIED
        failure = failure_of(stub, unsigned_token("patient"))
        assert failure.code() == grpc.StatusCode.UNAVAILABLE
        reason, delay, metadata = details_of(failure)
        assert (reason, delay, metadata) == ("UPSTREAM_UNAVAILABLE", 1, {"upstream": "kubernetes"})
        assert self.broker.wait_event("token_review_failed")["api_server"] == reviews.url

    def test_an_answer_that_is_none_lets_nobody_in(self, stub, reviews, good):
        for body in (b"", b"{}", b"<html>", b'{"kind":"TokenReview","status":{"authenticated":"true"}}', b"[" * 70_000):
            reviews.body = body
            assert failure_of(stub, good).code() == grpc.StatusCode.UNAVAILABLE
        reviews.body = None
        assert get(stub, good)

    def test_refused_tokens_of_an_address_are_no_load_on_the_api_server(self, stub, reviews, good):
        failures, limited = [], []
        deadline = time.monotonic() + TIMEOUT
        # As many at once as one account may have waiting.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            while not limited and time.monotonic() < deadline:
                bad = [unsigned_token("bad", jti=len(failures) + number) for number in range(100)]
                failures += pool.map(lambda token: failure_of(stub, token), bad)
                limited = [failure for failure in failures if failure.code() == grpc.StatusCode.UNAVAILABLE]
        others = {failure.code() for failure in failures if failure not in limited}
        assert others == {grpc.StatusCode.UNAUTHENTICATED}
        assert limited
        for failure in limited:
            reason, delay, metadata = details_of(failure)
            assert reason == "UPSTREAM_RATE_LIMITED" and 0 < delay <= 0.2 and metadata == {"upstream": "kubernetes"}
        assert len(reviews.reviewed) == len(failures) - len(limited)

    def test_bad_tokens_of_one_refuse_no_good_token_of_another_at_the_same_address(self, stub, reviews, good):
        """Both come over the loopback address, as callers behind one NAT do; the bad ones claim the good one's account."""
        assert get(stub, good)
        deadline = time.monotonic() + TIMEOUT
        bad, limited = 0, 0
        with self.broker.stub() as attacker, concurrent.futures.ThreadPoolExecutor(8) as pool:
            # No verdict is remembered for longer than 10 s: the good token is reviewed again while the bad ones go on.
            while reviews.reviewed.count(good) < 3:
                assert time.monotonic() < deadline
                tokens = [unsigned_token("good", jti=bad + number) for number in range(40)]
                answers = [pool.submit(failure_of, attacker, token) for token in tokens]
                assert get(stub, good).value
                bad += len(tokens)
                limited += sum(answer.result().code() == grpc.StatusCode.UNAVAILABLE for answer in answers)
        assert limited > 0, "the account has used up its budget"
        assert len(reviews.reviewed) < bad

    def test_bad_tokens_of_one_account_refuse_no_new_token_of_another_at_the_same_address(self, stub, reviews):
        def is_limited(number):
            return details_of(failure_of(attacker, unsigned_token("bad", jti=number)))[0] == "UPSTREAM_RATE_LIMITED"

        def loop(first):
            """Bad tokens of one account, one after the other. Returns how many were refused without a review."""
            limited, number = 0, first
            while not stop.is_set():
                limited += is_limited(number)
                number += 1
            return limited

        stop = threading.Event()
        with self.broker.stub() as attacker, concurrent.futures.ThreadPoolExecutor(4) as pool:
            deadline = time.monotonic() + TIMEOUT
            number = 0
            while not is_limited(number):
                number += 1
                assert time.monotonic() < deadline
            loops = [pool.submit(loop, 1_000_000 * (1 + each)) for each in range(4)]
            try:
                for number in range(20):
                    first_time = unsigned_token("good", jti=number)
                    reviews.accounts[first_time] = ACCOUNT
                    assert get(stub, first_time).value
            finally:
                stop.set()
        assert sum(each.result() for each in loops) > 0, "the account has used up its budget"

    def test_it_drains_while_a_review_hangs(self, stub, reviews):
        reviews.hang()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(failure_of, stub, unsigned_token("waiting"))
            reviews.await_reviews(1)
            assert self.broker.terminate() == 0
            assert call.result().code() == grpc.StatusCode.UNAVAILABLE

    def test_a_token_is_in_no_log_and_no_error(self, stub, reviews, good):
        bad = unsigned_token("canary")
        errors = [failure_of(stub, token) for token in (bad, bad[:-3], "canary", bad.replace(".", ""))]
        assert get(stub, good)
        reviews.body = b"{}"
        errors.append(failure_of(stub, unsigned_token("another-canary")))
        assert self.broker.terminate() == 0
        text = self.broker.log + "".join(f"{error.details()}{error.trailing_metadata()}" for error in errors)
        for secret in (good, bad, "canary", "the-brokers-own"):
            assert secret.split(".")[-1] not in text


def test_a_token_that_nobody_asked_for_is_refused_with_the_mend(broker):
    with broker.stub() as stub:
        assert get(stub).value
        failure = failure_of(stub, "a.b.c")
        assert failure.code() == grpc.StatusCode.UNAUTHENTICATED
        assert "kubernetes_callers" in failure.details()


def test_kubernetes_callers_outside_of_a_cluster_need_an_api_server(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)])
    with config.open("a") as file:
        file.write("kubernetes_callers: {audience: credential-broker}\n")
    # In a pod the environment would name one.
    with Process("serve", "--config", config, env={"KUBERNETES_SERVICE_HOST": ""}) as process:
        assert process.wait() == 1
        assert "kubernetes.api_server" in process.log


class TestRateLimit:
    def test_a_principal_that_calls_too_often_is_told_when_to_come_back(self, tmp_path, sandbox, certificates):
        principals = ["spiffe://prod/ns/orders/sa/*"]
        config = write_config(
            tmp_path,
            [credential(tmp_path, sandbox, principals=principals)],
            server={
                "tls": certificates.server_files(mutual=True),
                # So slow that none comes back while the test runs.
                "rate_limit": {"per_second": 0.01, "burst": 5},
            },
        )
        noisy, quiet = (
            certificates.client(f"spiffe://prod/ns/orders/sa/{name}").credentials() for name in ("noisy", "quiet")
        )
        with Broker(config) as broker, broker.stub(noisy) as stub, broker.stub(noisy) as second:
            for _ in range(5):
                assert get(stub).value
            for each in (stub, second):  # another connection does not help
                failure = failure_of(each)
                assert failure.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                reason, delay, _ = details_of(failure)
                assert reason == "CALLER_RATE_LIMITED" and 0 < delay <= 100
            denied = broker.wait_event("caller_denied", reason="CALLER_RATE_LIMITED")
            assert denied["principal"] == "spiffe://prod/ns/orders/sa/noisy"
            with broker.stub(quiet) as other:
                assert get(other).value

    def test_a_reload_changes_the_limit_of_callers_that_are_known(self, tmp_path, sandbox):
        credentials = [credential(tmp_path, sandbox)]
        config = write_config(tmp_path, credentials, server={"rate_limit": {"per_second": 0.01, "burst": 1}})
        with Broker(config) as broker, broker.stub() as stub:
            assert get(stub).value
            assert failure_of(stub).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            write_config(tmp_path, credentials)
            broker.wait_event("config_reloaded", changed="server.rate_limit")
            for _ in range(3):
                assert get(stub).value
