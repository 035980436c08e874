"""Callers with ServiceAccount tokens, as a real kube-apiserver issues and reviews them."""

import json

import pytest

from support.broker import SERVICE, Broker, credential, write_config
from support.certificates import Certificates
from support.grpcurl import grpcurl
from support.inspection import inspecting_prefix, read_proc
from support.kubernetes import Kubernetes

AUDIENCE = "credential-broker"


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory):
    with Kubernetes(tmp_path_factory.mktemp("kubernetes")) as cluster:
        cluster.make_namespace("broker")
        cluster.make_service_account("broker", "broker")
        cluster.may_review_tokens("broker", "broker")
        cluster.make_service_account("broker", "without-rights")
        cluster.make_namespace("orders")
        for name in ("api", "batch"):
            cluster.make_service_account("orders", name)
        yield cluster


class Setup:
    """A broker over TLS that accepts the tokens of `kubernetes`, and how it is called."""

    def __init__(self, folder, sandbox, kubernetes, mutual=False, own_account="broker"):
        self.certificates = Certificates(folder)
        self.token_file = folder / "own-token"
        self.token_file.write_text(kubernetes.token("broker", own_account))
        principals = ["system:serviceaccount:orders:api", "spiffe://prod/ns/orders/sa/*"]
        self.config = write_config(
            folder,
            [credential(folder, sandbox, principals=principals)],
            server={"tls": self.certificates.server_files(mutual=mutual)},
        )
        with self.config.open("a") as config:
            config.write(f"kubernetes_callers: {{audience: {AUDIENCE}}}\n")
            config.write(
                f"kubernetes: {{api_server: '{kubernetes.url}', ca_file: '{kubernetes.ca_file}',"
                f" token_file: '{self.token_file}'}}\n"
            )
        self.broker = Broker(self.config, wrapper=inspecting_prefix() or ())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.broker.close()

    def call(self, token=None, method="GetToken", client=None):
        """("OK", the answer) or (the status, the reason), by grpcurl."""
        flags = ["-cacert", self.certificates.ca, "-format-error"]
        if token is not None:
            flags += ["-expand-headers", "-H", "authorization: Bearer ${TOKEN}"]
        if client is not None:
            flags += ["-cert", client.cert, "-key", client.key]
        done = grpcurl(*flags, self.broker.address, f"{SERVICE}/{method}", env={"TOKEN": token or ""})
        if done.returncode == 0:
            return "OK", json.loads(done.stdout or "{}")
        error = json.loads(done.stderr)
        codes = {7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 14: "UNAVAILABLE", 16: "UNAUTHENTICATED"}
        [reason] = [detail["reason"] for detail in error["details"] if "reason" in detail]
        return codes.get(error["code"], error["code"]), reason


@pytest.fixture
def setup(tmp_path, sandbox, kubernetes):
    with Setup(tmp_path, sandbox, kubernetes) as made:
        yield made


UNAUTHENTICATED = ("UNAUTHENTICATED", "CALLER_UNAUTHENTICATED")


def test_a_token_for_our_audience_names_its_account(setup, kubernetes):
    token = kubernetes.token("orders", "api", AUDIENCE)
    status, answer = setup.call(token)
    assert status == "OK" and answer["token"]["value"]
    issued = setup.broker.wait_event("token_issued")
    assert issued["principal"] == "system:serviceaccount:orders:api"
    status, listing = setup.call(token, "ListCredentials")
    assert status == "OK" and [entry["name"] for entry in listing["credentials"]] == ["default"]


def test_an_account_without_a_rule_is_not_allowed(setup, kubernetes):
    token = kubernetes.token("orders", "batch", AUDIENCE)
    assert setup.call(token) == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")
    assert setup.broker.wait_event("caller_denied")["principal"] == "system:serviceaccount:orders:batch"


def test_a_token_for_another_audience_is_refused(setup, kubernetes):
    for audience in (None, "another-broker"):
        assert setup.call(kubernetes.token("orders", "api", audience)) == UNAUTHENTICATED


def test_a_token_that_was_tampered_with_is_refused(setup, kubernetes):
    head, payload, signature = kubernetes.token("orders", "api", AUDIENCE).split(".")
    other = kubernetes.token("orders", "batch", AUDIENCE).split(".")
    for token in (f"{head}.{other[1]}.{signature}", f"{head}.{payload}.{signature[::-1]}", f"{head}.{payload}.AAAA"):
        assert setup.call(token) == UNAUTHENTICATED
    assert setup.call("garbage") == UNAUTHENTICATED
    assert setup.call("") == UNAUTHENTICATED


def test_the_token_of_a_deleted_account_is_refused(setup, kubernetes):
    kubernetes.make_service_account("orders", "gone")
    token = kubernetes.token("orders", "gone", AUDIENCE)
    kubernetes.delete_service_account("orders", "gone")
    assert setup.call(token) == UNAUTHENTICATED


def test_a_token_decides_also_beside_a_certificate(tmp_path, sandbox, kubernetes):
    with Setup(tmp_path, sandbox, kubernetes, mutual=True) as setup:
        client = setup.certificates.client("spiffe://prod/ns/orders/sa/api")
        assert setup.call(client=client)[0] == "OK"
        assert setup.call(kubernetes.token("orders", "api", AUDIENCE), client=client)[0] == "OK"
        batch = kubernetes.token("orders", "batch", AUDIENCE)
        assert setup.call(batch, client=client) == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")
        assert setup.call("garbage", client=client) == UNAUTHENTICATED


def test_without_a_token_the_caller_is_anonymous(setup):
    assert setup.call() == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")
    assert setup.broker.wait_event("caller_denied")["principal"] == "anonymous"


def test_the_brokers_own_token_may_be_replaced(setup, kubernetes):
    token = kubernetes.token("orders", "api", AUDIENCE)
    good = setup.token_file.read_text()
    setup.token_file.write_text("worn-out")
    assert setup.call(token) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")
    failed = setup.broker.wait_event("token_review_failed")
    assert "401" in failed["error"] and "kubernetes.token_file" in failed["error"]
    setup.token_file.write_text(good)
    assert setup.call(token)[0] == "OK"


def test_an_account_that_may_not_review_tokens_lets_nobody_in_and_says_so(tmp_path, sandbox, kubernetes):
    with Setup(tmp_path, sandbox, kubernetes, own_account="without-rights") as setup:
        token = kubernetes.token("orders", "api", AUDIENCE)
        assert setup.call(token) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")
        assert "system:auth-delegator" in setup.broker.wait_event("token_review_failed")["error"]


def test_no_token_of_a_caller_is_found_anywhere(setup, kubernetes):
    good = kubernetes.token("orders", "api", AUDIENCE)
    bad = kubernetes.token("orders", "api", "another-broker")
    errors = [str(setup.call(token, "ListCredentials")) for token in (good, bad, bad[:-8], "garbage-canary")]
    files = ("cmdline", "environ", "maps", "status")
    proc = [read_proc(setup.broker.pid, name).decode("latin-1") for name in files]
    assert setup.broker.terminate() == 0
    text = "\n".join([setup.broker.log, setup.broker.stdout, *errors, *proc])
    for secret in (good, bad, setup.token_file.read_text(), "garbage-canary"):
        for part in secret.split("."):
            # The header of all is the same, and no secret.
            if part != good.split(".")[0]:
                assert part not in text
                assert part[-16:] not in text


def test_an_outage_of_the_api_server_lets_in_only_who_is_known(tmp_path_factory, tmp_path, sandbox):
    # A cluster of its own: this one is stopped.
    with Kubernetes(tmp_path_factory.mktemp("outage")) as kubernetes:
        kubernetes.make_namespace("broker")
        kubernetes.make_service_account("broker", "broker")
        kubernetes.may_review_tokens("broker", "broker")
        kubernetes.make_namespace("orders")
        kubernetes.make_service_account("orders", "api")
        known = kubernetes.token("orders", "api", AUDIENCE)
        new = kubernetes.token("orders", "api", AUDIENCE, seconds=7200)
        with Setup(tmp_path, sandbox, kubernetes) as setup:
            assert setup.call(known)[0] == "OK"
            kubernetes.stop_api_server()
            # The result of the review is used for ten seconds; these calls take milliseconds.
            assert setup.call(known)[0] == "OK"
            assert setup.call(new) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")
            assert setup.broker.wait_event("token_review_failed")["api_server"] == kubernetes.url
            kubernetes.start_api_server()
            assert setup.call(new)[0] == "OK"
