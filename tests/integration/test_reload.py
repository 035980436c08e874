"""A changed configuration, and changed files that it names: taken whole or not at all, and nobody else notices."""

import os
import pathlib
import signal

import grpc
import pytest

from support.broker import Broker, credential, details_of, pb, write_config, write_key_files
from support.certificates import Certificates
from support.processes import TIMEOUT, Process
from support.raw_h2 import shown_certificate
from support.sandbox import SECRET_ACCESS_KEY, Sandbox
from support.streams import TokenStream

NAMES = ("a", "b", "c")


def folder_of(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def credentials(tmp_path, sandbox):
    """Three, each with key files of its own."""
    return {name: credential(folder_of(tmp_path, name), sandbox, name) for name in NAMES}


@pytest.fixture
def start(tmp_path):
    """Starts a broker on these credentials, and waits until each has a token."""

    def started(credentials, **server):
        broker = Broker(write_config(tmp_path, list(credentials.values()), server=server))
        brokers.append(broker)
        broker.wait_event("token_obtained", count=len(credentials))
        return broker

    brokers = []
    yield started
    for broker in brokers:
        broker.close()


def versions(broker):
    return {name: broker.get_token(credential=name).version for name in NAMES}


def refusal(broker, name):
    with pytest.raises(grpc.RpcError) as error:
        broker.get_token(credential=name)
    return error.value.code(), error.value.details(), details_of(error.value)


def test_credentials_come_and_go_without_touching_the_others(tmp_path, sandbox, credentials, start):
    broker = start(credentials)
    before = versions(broker)
    more = {**credentials, "d": credential(folder_of(tmp_path, "d"), sandbox, "d")}
    write_config(tmp_path, list(more.values()))
    broker.wait_event("config_reloaded", credentials_added="d")
    assert broker.get_token(credential="d").value
    assert versions(broker) == before
    assert sandbox.stats()["login_requests"] == 4

    write_config(tmp_path, list(credentials.values()))
    broker.wait_event("config_reloaded", credentials_removed="d")
    code, message, (reason, delay, _) = refusal(broker, "d")
    assert (code, reason, delay) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED", None)
    assert refusal(broker, "never-was") == (code, message.replace("'d'", "'never-was'"), (reason, delay, {}))
    assert versions(broker) == before
    assert sandbox.stats()["login_requests"] == 4


def test_calls_that_wait_for_a_credential_that_goes_are_answered(tmp_path, sandbox, credentials):
    folder = folder_of(tmp_path, "slow-upstream")
    with Sandbox(folder, hang_login="always") as slow:
        slow_one = credential(folder, slow, "slow", request_timeout="60s")
        config = write_config(tmp_path, [credentials["a"], slow_one], server={"max_wait": "7s"})
        with Broker(config) as broker, broker.stub() as stub:
            slow.wait_for(hanging=1)
            waiting = stub.GetToken.future(pb.GetTokenRequest(credential="slow"), timeout=TIMEOUT)
            stub.GetToken(pb.GetTokenRequest(credential="a"), timeout=TIMEOUT)  # so the other has arrived
            write_config(tmp_path, [credentials["a"]], server={"max_wait": "7s"})
            error = waiting.exception(timeout=TIMEOUT)
            reason, delay, _ = details_of(error)
            assert (error.code(), reason) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
            assert delay is not None
            broker.wait_event("config_reloaded", credentials_removed="slow")
            assert refusal(broker, "slow")[0] == grpc.StatusCode.PERMISSION_DENIED


def test_a_rule_changes_and_no_session_is_touched(tmp_path, sandbox, credentials, start):
    broker = start(credentials)
    before = versions(broker)
    closed = {**credentials, "b": {**credentials["b"], "allow": [{"principals": ["unix:uid:0"]}]}}
    write_config(tmp_path, list(closed.values()))
    broker.wait_event("config_reloaded", credentials_changed="b")
    assert refusal(broker, "b")[0] == grpc.StatusCode.PERMISSION_DENIED
    write_config(tmp_path, list(credentials.values()))
    broker.wait_event("config_reloaded", credentials_changed="b", count=2)
    assert versions(broker) == before
    assert sandbox.stats()["login_requests"] == 3


def test_a_stream_ends_when_its_rule_does_and_goes_over_to_what_has_its_name(tmp_path, credentials, start):
    broker = start(credentials)
    with broker.stub() as stub:
        streams = {name: TokenStream(stub, name) for name in NAMES}
        first = {name: stream.wait_token().token.version for name, stream in streams.items()}
        closed = {**credentials["a"], "allow": [{"principals": ["unix:uid:0"]}]}
        renewed = {**credentials["b"], **write_key_files(folder_of(tmp_path, "other-keys"))}
        write_config(tmp_path, [closed, renewed, credentials["c"]])
        broker.wait_event("config_reloaded", credentials_changed="a, b")
        ended = streams["a"].wait_error()
        assert (ended.code(), details_of(ended)[0]) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
        assert streams["b"].wait_token(first["b"]).token.version == broker.get_token(credential="b").version
        write_config(tmp_path, [credentials["c"]])
        assert streams["b"].wait_error().code() == grpc.StatusCode.PERMISSION_DENIED
        newer = broker.get_token(credential="c", rejected_version=first["c"]).version
        assert streams["c"].wait_token(first["c"]).token.version == newer


def test_other_times_and_another_ca_keep_token_and_session(tmp_path):
    with Sandbox(tmp_path, lifetime="6s") as sandbox, Sandbox(folder_of(tmp_path, "stranger")) as stranger:
        plain = credential(tmp_path, sandbox)
        with Broker(write_config(tmp_path, [plain])) as broker:
            broker.wait_event("token_obtained", operation="login")
            # That the next attempt goes by the new CA shows that it was taken; that the token stays, that it is the same one.
            write_config(tmp_path, [{**plain, "ca_file": str(stranger.ca_file), "refresh_at": 0.3}])
            broker.wait_event("config_reloaded", credentials_changed="default")
            failed = broker.wait_event("upstream_failed")
            assert failed["operation"] == "refresh" and "certificate" in failed["reason"]
            write_config(tmp_path, [plain])
            broker.wait_event("config_reloaded", credentials_changed="default", count=2)
            broker.wait_event("token_obtained", count=2)
            assert sandbox.stats()["refresh_reuses"] == 0


def test_another_account_starts_anew_and_its_old_token_is_gone(tmp_path, sandbox, credentials, start):
    broker = start(credentials)
    before = versions(broker)
    folder = folder_of(tmp_path, "other-keys")
    other = {**credentials["b"], **write_key_files(folder, secret="refused")}
    write_config(tmp_path, list({**credentials, "b": other}.values()))
    broker.wait_event("config_reloaded", credentials_changed="b")
    broker.wait_event("upstream_failed", credential="b")
    assert refusal(broker, "b")[2][0] == "CREDENTIAL_REJECTED"
    write_key_files(folder)
    broker.wait_event("key_files_changed", credentials="b")
    broker.wait_event("token_obtained", credential="b", count=2)
    after = versions(broker)
    assert after["b"] != before["b"]
    assert {**after, "b": before["b"]} == before


def test_one_that_breaks_does_nothing_to_the_others(tmp_path, sandbox, credentials, start):
    broker = start(credentials)
    before = versions(broker)
    broken = {**credentials["b"], "access_key_id_file": str(tmp_path / "nowhere")}
    write_config(tmp_path, list({**credentials, "b": broken}.values()))
    failed = broker.wait_event("upstream_failed", credential="b")
    assert str(tmp_path / "nowhere") in failed["reason"]
    for name in ("a", "c"):
        assert broker.get_token(credential=name).version == before[name]
    assert sandbox.stats()["login_requests"] == 3


BAD = {
    "unknown key": (lambda text: text.replace("refresh_at", "refesh_at"), "credentials[0].refesh_at: "),
    "no YAML": (lambda text: text + "\n  - [", ""),
    "nothing": (lambda text: "", ""),
    "bad rule": (lambda text: text.replace("anonymous", "anon*mous"), "credentials[0].allow[0].principals[0]: "),
}


@pytest.mark.parametrize(("bad", "place"), BAD.values(), ids=BAD)
def test_a_wrong_file_is_refused_whole(tmp_path, sandbox, credentials, start, bad, place):
    credentials["a"]["refresh_at"] = 0.5
    broker = start(credentials)
    before = versions(broker)
    # With changes in it that would be right, each of which would show.
    more = [*credentials.values(), credential(folder_of(tmp_path, "d"), sandbox, "d")]
    path = write_config(tmp_path, more, log={"level": "error"}, name="next.yaml")
    path.write_text(bad(path.read_text()))
    path.rename(tmp_path / "broker.yaml")
    refused = broker.wait_event("config_refused")
    assert f"{tmp_path}/broker.yaml:" in refused["reason"] and place in refused["reason"]
    assert refused["level"] == "error"
    assert versions(broker) == before
    assert refusal(broker, "d")[0] == grpc.StatusCode.PERMISSION_DENIED
    assert sandbox.stats()["login_requests"] == 3
    broker.signal(signal.SIGHUP)
    broker.wait_event("config_refused", count=2)
    write_config(tmp_path, more)
    broker.wait_event("config_reloaded", changed="credentials", credentials_added="d")


def test_sighup_without_a_change_says_so(broker, sandbox):
    version = broker.get_token().version
    broker.signal(signal.SIGHUP)
    assert broker.wait_event("config_unchanged")["level"] == "info"
    assert broker.get_token().version == version
    assert sandbox.stats()["login_requests"] == 1


def test_dev_has_nothing_to_reload_and_lives_on():
    with Process("serve", "--dev", "--listen", "127.0.0.1:0") as process:
        process.wait_event("serving")
        process.signal(signal.SIGHUP)
        process.wait_event("config_unchanged")
        assert process.terminate() == 0


def test_what_needs_a_restart_is_told_and_the_rest_is_taken(tmp_path, credentials, start):
    broker = start(credentials)
    server = {"listen": "127.0.0.1:1", "max_connections": 7}
    write_config(tmp_path, list(credentials.values()), server=server, log={"level": "info"})
    reloaded = broker.wait_event("config_reloaded")
    assert reloaded["restart_needed"] == "server.listen, server.max_connections"
    assert reloaded["changed"] == "log.level"
    assert reloaded["level"] == "warn"
    broker.signal(signal.SIGHUP)
    assert broker.wait_event("config_reloaded", count=2)["restart_needed"] == reloaded["restart_needed"]
    assert versions(broker)


def test_the_last_credential_may_go(tmp_path, credentials, start):
    broker = start(credentials)
    write_config(tmp_path, [])
    broker.wait_event("config_reloaded", credentials_removed="a, b, c")
    assert refusal(broker, "a")[0] == grpc.StatusCode.PERMISSION_DENIED
    write_config(tmp_path, [credentials["a"]])
    broker.wait_event("config_reloaded", credentials_added="a")
    assert broker.get_token(credential="a").value


def test_the_level_of_the_log_changes_at_once(tmp_path, credentials, start):
    broker = start(credentials)
    write_config(tmp_path, list(credentials.values()), log={"level": "error"})
    broker.wait_event("config_reloaded", changed="log.level")
    broker.signal(signal.SIGHUP)
    (tmp_path / "broker.yaml").write_text("wrong")
    broker.wait_event("config_refused")
    assert not broker.events("config_unchanged")
    write_config(tmp_path, list(credentials.values()), log={"level": "debug"})
    broker.wait_event("config_reloaded", changed="log.level", count=2)


def test_kubernetes_flip_of_a_mounted_configuration(tmp_path, sandbox, credentials):
    mount = folder_of(tmp_path, "mount")

    def flip(version, *names):
        folder = folder_of(mount, f"..{version}")
        write_config(folder, [credentials[name] for name in names])
        os.symlink(folder.name, mount / "..data_tmp")
        os.rename(mount / "..data_tmp", mount / "..data")

    flip("v1", "a")
    os.symlink("..data/broker.yaml", mount / "broker.yaml")
    with Broker(mount / "broker.yaml") as broker:
        broker.wait_event("token_obtained")
        flip("v2", "a", "b")
        broker.wait_event("config_reloaded", credentials_added="b")
        flip("v3", "b")
        broker.wait_event("config_reloaded", credentials_removed="a")


class TestTls:
    @pytest.fixture
    def certificates(self, tmp_path):
        return Certificates(tmp_path)

    @pytest.fixture
    def client(self, certificates):
        return certificates.client("spiffe://prod/ns/orders/sa/api")

    @pytest.fixture
    def rules(self, tmp_path, sandbox):
        return credential(tmp_path, sandbox, principals=["spiffe://prod/ns/*/sa/api"])

    @pytest.fixture
    def tls_broker(self, tmp_path, certificates, rules):
        files = certificates.server_files(mutual=True)
        with Broker(write_config(tmp_path, [rules], server={"tls": files})) as process:
            process.wait_event("token_obtained")
            yield process

    @staticmethod
    def call(stub):
        return stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).token.version

    def test_a_new_pair_is_shown_and_open_connections_go_on(self, tls_broker, certificates, client):
        with tls_broker.stub(client.credentials()) as old:
            version = self.call(old)
            before = shown_certificate(tls_broker.address, client)
            certificates.server_files(mutual=True)
            tls_broker.wait_event("config_reloaded", changed="server.tls")
            assert shown_certificate(tls_broker.address, client) != before
            assert self.call(old) == version
            with tls_broker.stub(client.credentials()) as new:
                assert self.call(new) == version

    def test_a_pair_that_comes_in_two_halves_is_no_error(self, tls_broker, certificates, client, tmp_path):
        key_file = tmp_path / "server.key"
        old_key = key_file.read_bytes()
        before = shown_certificate(tls_broker.address, client)
        certificates.server_files(mutual=True)
        new_key = key_file.read_bytes()
        # The certificate of now with the key of before, until the broker has seen that.
        key_file.write_bytes(old_key)
        tls_broker.wait_event("config_incomplete")
        key_file.write_bytes(new_key)
        tls_broker.wait_event("config_reloaded", changed="server.tls")
        assert shown_certificate(tls_broker.address, client) != before
        assert not tls_broker.events("config_refused")

    def test_a_pair_that_does_not_fit_is_refused_whole_and_tried_again(
        self, tls_broker, certificates, client, rules, tmp_path, sandbox
    ):
        before = shown_certificate(tls_broker.address, client)
        other = folder_of(tmp_path, "other")
        files = certificates.server_files(mutual=True, name="next")
        right_key = pathlib.Path(files["key_file"]).read_bytes()
        files["key_file"] = Certificates(other).server_files(mutual=False)["key_file"]
        more = credential(folder_of(tmp_path, "d"), sandbox, "d")
        write_config(tmp_path, [rules, more], server={"tls": files})
        refused = tls_broker.wait_event("config_refused")
        assert "does not belong to the certificate" in refused["reason"]
        assert files["cert_file"] in refused["reason"] and files["key_file"] in refused["reason"]
        assert shown_certificate(tls_broker.address, client) == before
        assert sandbox.stats()["login_requests"] == 1
        # The key that fits, at the place that the refused configuration names.
        pathlib.Path(files["key_file"]).write_bytes(right_key)
        tls_broker.wait_event("config_reloaded", changed="server.tls, credentials", credentials_added="d")
        assert shown_certificate(tls_broker.address, client) != before

    @pytest.mark.parametrize("content", [None, b"", b"no PEM\n"], ids=["gone", "empty", "no PEM"])
    def test_a_file_that_is_none_is_named(self, tls_broker, certificates, client, tmp_path, content):
        certificate = tmp_path / "server.crt"
        before = shown_certificate(tls_broker.address, client)
        good = certificate.read_bytes()
        if content is None:
            certificate.unlink()
        else:
            certificate.write_bytes(content)
        assert str(certificate) in tls_broker.wait_event("config_refused")["reason"]
        assert shown_certificate(tls_broker.address, client) == before
        # What is in force is back: nothing to take, but the refusal is over.
        certificate.write_bytes(good)
        tls_broker.wait_event("config_reloaded")

    def test_callers_of_a_new_ca_are_taken_and_those_of_the_old_one_not(
        self, tls_broker, certificates, client, tmp_path
    ):
        other = Certificates(folder_of(tmp_path, "other"))
        stranger = other.client("spiffe://prod/ns/orders/sa/api")
        stranger.ca_pem = client.ca_pem  # the broker's own certificate stays
        with tls_broker.stub(client.credentials()) as old, tls_broker.stub(stranger.credentials()) as refused:
            version = self.call(old)
            stream = TokenStream(old)
            stream.wait_token()
            with pytest.raises(grpc.RpcError):
                self.call(refused)
            pathlib.Path(certificates.ca).write_bytes(other.ca_pem)
            tls_broker.wait_event("config_reloaded", changed="server.tls")
            with tls_broker.stub(stranger.credentials()) as new:
                assert self.call(new) == version
            assert stream.wait_error().code() == grpc.StatusCode.UNAVAILABLE
            with tls_broker.stub(client.credentials()) as late, pytest.raises(grpc.RpcError):
                self.call(late)

    def test_no_secret_gets_into_a_refusal(self, tls_broker, tmp_path):
        """A private key where the certificate belongs, an access key where a word belongs."""
        key = (tmp_path / "server.key").read_text()
        (tmp_path / "server.crt").write_text(key)
        tls_broker.wait_event("config_refused")
        (tmp_path / "broker.yaml").write_text(f"apiVersion: credentialbroker/v1\nkind: [\n{SECRET_ACCESS_KEY}")
        tls_broker.wait_event("config_refused", count=2)
        for line in [SECRET_ACCESS_KEY, *key.splitlines()[1:-1]]:
            assert line not in tls_broker.log
