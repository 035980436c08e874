"""When a broker is ready: gRPC health, its watches and /readyz, whatever becomes of single credentials."""

import contextlib

import grpc
import pytest

from support.broker import credential as credential_of
from support.broker import details_of, write_key_files
from support.health import NOT_SERVING, SERVING, HealthWatch, check, credentials_in_readyz, is_ready
from support.pages import BrokerWithPages, fetch, write_config_with_http
from support.sandbox import Sandbox

SHORT = "4s"  # a lifetime after which a credential that is not refreshed has no token


def folder_of(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def start_sandbox(tmp_path):
    """Starts an InvestSuite for the credential `name` alone, so that each has faults of its own."""
    with contextlib.ExitStack() as running:

        def started(name, **faults):
            return running.enter_context(Sandbox(folder_of(tmp_path, name), **faults))

        yield started


@pytest.fixture
def credential(tmp_path):
    """A credential with key files of its own; a `secret` other than the default is rejected."""

    def made(name, sandbox, secret=None, **more):
        folder = folder_of(tmp_path, name)
        config = credential_of(folder, sandbox, name, **more)
        return config if secret is None else {**config, **write_key_files(folder, secret=secret)}

    return made


@pytest.fixture
def configure(tmp_path):
    """Writes the configuration, which a running broker then reloads."""

    def written(*credentials, **server):
        return write_config_with_http(tmp_path, list(credentials), server=server)

    return written


@pytest.fixture
def start(configure):
    with contextlib.ExitStack() as running:

        def started(*credentials, **server):
            return running.enter_context(BrokerWithPages(configure(*credentials, **server)))

        yield started


def error_of(broker, name):
    with pytest.raises(grpc.RpcError) as error:
        broker.get_token(credential=name)
    return error.value.code(), details_of(error.value)


class TestOnceReady:
    """Nothing but a drain ends it."""

    def test_callers_of_the_others_do_not_notice_a_rejected_credential(self, start_sandbox, credential, start):
        good, other = start_sandbox("a"), start_sandbox("b", lifetime=SHORT)
        broker = start(credential("a", good), credential("b", other))
        for name in ("a", "b"):
            broker.wait_event("credential_state", credential=name, state="ready")
        version = broker.get_token(credential="a").version
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            assert watch.next() == SERVING
            other.set_faults(login_status=401, refresh_status=401)
            broker.wait_event("credential_state", credential="b", state="rejected")
            assert not watch.has_news()
            assert is_ready(broker)
            shown = credentials_in_readyz(broker)
            assert shown["a"].startswith("ready; next attempt in ")
            assert shown["b"].startswith("rejected; last error CREDENTIAL_REJECTED: ")
            assert "; next attempt in " in shown["b"]
            assert error_of(broker, "b") == (grpc.StatusCode.FAILED_PRECONDITION, ("CREDENTIAL_REJECTED", None, {}))
            assert broker.get_token(credential="a").version == version

    def test_an_outage_changes_nothing(self, start_sandbox, credential, start):
        sandbox = start_sandbox("a", lifetime=SHORT)
        broker = start(credential("a", sandbox))
        broker.wait_event("credential_state", state="ready")
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            assert watch.next() == SERVING
            sandbox.set_faults(login_status=503, refresh_status=503)
            broker.wait_event("credential_state", state="unavailable")
            assert not watch.has_news()
            assert is_ready(broker)
            assert credentials_in_readyz(broker)["a"].startswith("unavailable; last error UPSTREAM_UNAVAILABLE: ")
            code, (reason, delay, _) = error_of(broker, "a")
            assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "UPSTREAM_UNAVAILABLE")
            assert delay is not None

    def test_neither_does_a_reload(self, sandbox, credential, configure, start):
        broker = start(credential("a", sandbox))
        broker.wait_event("credential_state", state="ready")
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            assert watch.next() == SERVING
            bad = credential("b", sandbox, secret="refused")
            configure(credential("a", sandbox), bad)
            broker.wait_event("credential_state", credential="b", state="rejected")
            assert is_ready(broker)
            configure({**credential("changed", sandbox, secret="refused"), "name": "a"}, bad)
            broker.wait_event("credential_state", credential="a", state="rejected")
            assert is_ready(broker)
            configure()
            broker.wait_event("config_reloaded", credentials_removed="a, b")
            assert is_ready(broker)
            assert credentials_in_readyz(broker) == {}
            assert not watch.has_news()


class TestStart:
    def test_ready_although_one_key_is_rejected(self, sandbox, credential, start):
        broker = start(credential("a", sandbox), credential("b", sandbox, secret="refused"))
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            while watch.next() != SERVING:
                pass
        assert is_ready(broker)
        assert credentials_in_readyz(broker)["b"].startswith("rejected; ")

    def test_not_ready_with_a_bad_key_only(self, sandbox, credential, start):
        broker = start(credential("a", sandbox, secret="refused"))
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            assert watch.next() == NOT_SERVING
            broker.wait_event("credential_state", state="rejected")
            assert not watch.has_news()
            assert not is_ready(broker)
            shown = credentials_in_readyz(broker)["a"]
            assert shown.startswith("rejected; last error CREDENTIAL_REJECTED: ") and "; next attempt in " in shown
            assert check(channel, "") == SERVING
            assert fetch(broker.http, "/healthz")[0] == 200
            credential("a", sandbox)
            broker.wait_event("key_files_changed", credentials="a")
            assert watch.next() == SERVING
        assert is_ready(broker)

    def test_not_ready_until_one_has_a_token(self, start_sandbox, credential, start):
        good, other = (start_sandbox(name, login_status=503) for name in ("a", "b"))
        broker = start(credential("a", good), credential("b", other))
        for name in ("a", "b"):
            broker.wait_event("credential_state", credential=name, state="unavailable")
        assert not is_ready(broker)
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            assert watch.next() == NOT_SERVING
            good.set_faults(login_status=0)
            assert watch.next() == SERVING
        assert is_ready(broker)
        assert credentials_in_readyz(broker)["b"].startswith("unavailable; ")

    def test_a_first_attempt_that_hangs_holds_it_up_until_its_timeout(self, start_sandbox, credential, start):
        good, slow = start_sandbox("a"), start_sandbox("b", hang_login="always")
        broker = start(credential("a", good), credential("b", slow, request_timeout="5s"))
        slow.wait_for(hanging=1)
        broker.wait_event("credential_state", credential="a", state="ready")
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            assert watch.next() == NOT_SERVING
            assert credentials_in_readyz(broker)["b"] == "pending; an attempt is in flight"
            assert not is_ready(broker)
            assert broker.get_token(credential="a").value, "clients that come are served"
            assert watch.next() == SERVING
        assert broker.wait_event("upstream_failed")["credential"] == "b"

    def test_ready_at_once_without_credentials(self, start, sandbox, credential, configure):
        broker = start()
        assert is_ready(broker)
        assert error_of(broker, "default")[1][0] == "CALLER_NOT_ALLOWED"
        configure(credential("a", sandbox, secret="refused"))
        broker.wait_event("credential_state", credential="a", state="rejected")
        assert is_ready(broker)


class TestReloadBeforeReady:
    """It has the outcome of a start with the new configuration."""

    @pytest.fixture
    def bad_broker(self, sandbox, credential, start):
        broker = start(credential("a", sandbox, secret="refused"))
        broker.wait_event("credential_state", credential="a", state="rejected")
        return broker

    def test_ready_when_the_only_credential_is_removed(self, bad_broker, configure):
        configure()
        bad_broker.wait_event("config_reloaded", credentials_removed="a")
        assert is_ready(bad_broker)

    def test_ready_by_the_token_of_a_credential_that_came_later(self, bad_broker, sandbox, credential, configure):
        configure(credential("a", sandbox, secret="refused"), credential("b", sandbox))
        bad_broker.wait_event("credential_state", credential="b", state="ready")
        assert is_ready(bad_broker)

    def test_a_replacement_of_all_credentials_is_one_step(self, start_sandbox, sandbox, credential, configure, start):
        """At no moment is there a set without a pending first attempt: neither an empty one, nor one in which the
        token of `a` stands beside ended attempts."""
        slow = start_sandbox("slow", hang_login="always")
        broker = start(credential("a", sandbox), credential("b", slow, request_timeout="1m"))
        slow.wait_for(hanging=1)
        broker.wait_event("credential_state", credential="a", state="ready")
        with broker.channel() as channel:
            watch = HealthWatch(channel)
            assert watch.next() == NOT_SERVING
            configure(
                {**credential("changed", sandbox, secret="refused"), "name": "a"},
                credential("c", sandbox, secret="refused"),
            )
            for name in ("a", "c"):
                broker.wait_event("credential_state", credential=name, state="rejected")
            assert not watch.has_news()
            assert not is_ready(broker)
