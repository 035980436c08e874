"""GetToken on the real binary, by the clients that people use."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import subprocess

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.duration_pb2 import Duration
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from support import raw_h2
from support.broker import SERVICE, Broker, credential, details_of, pb, write_config
from support.certificates import Certificates
from support.go_programs import build_go_program
from support.grpcurl import grpcurl
from support.processes import TIMEOUT
from support.sandbox import Sandbox


def output_of_grpcurl(*words):
    done = grpcurl(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def go_client(tmp_path_factory):
    return build_go_program("token_client", tmp_path_factory.mktemp("go"))


def users(sandbox, token):
    status, _, _ = sandbox.request("GET", "/users/", headers={"Authorization": f"Bearer {token}"})
    return status


def test_grpcurl_needs_no_proto_file(broker, sandbox):
    services = output_of_grpcurl("-plaintext", broker.address, "list").split()
    assert SERVICE in services
    assert "grpc.health.v1.Health" in services
    assert "rpc GetToken" in output_of_grpcurl("-plaintext", broker.address, "describe", SERVICE)
    answer = json.loads(output_of_grpcurl("-plaintext", broker.address, f"{SERVICE}/GetToken"))
    assert answer["token"]["tokenType"] == "Bearer"
    assert users(sandbox, answer["token"]["value"]) == 200


def test_grpcio_by_reflection(broker, sandbox):
    with broker.channel() as channel:
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        request = message_factory.GetMessageClass(
            pool.FindMessageTypeByName("investsuite.credentialbroker.v1.GetTokenRequest")
        )
        response = message_factory.GetMessageClass(
            pool.FindMessageTypeByName("investsuite.credentialbroker.v1.GetTokenResponse")
        )
        call = channel.unary_unary(
            f"/{SERVICE}/GetToken",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        assert users(sandbox, call(request(), timeout=TIMEOUT).token.value) == 200


def test_grpcio_by_stub_gets_every_field(broker, sandbox):
    token = broker.get_token()
    assert users(sandbox, token.value) == 200
    assert token.token_type == "Bearer"
    assert 0 < token.remaining_validity.seconds <= 300
    assert token.version and token.version not in token.value
    assert token.refresh_time.seconds < token.expire_time.seconds


def test_grpc_go_over_mutual_tls(tmp_path, sandbox, go_client):
    certificates = Certificates(tmp_path)
    client = certificates.client("spiffe://prod/ns/orders/sa/api")
    config = write_config(
        tmp_path,
        [credential(tmp_path, sandbox, principals=["spiffe://prod/ns/orders/sa/*"])],
        server={"tls": certificates.server_files(mutual=True)},
    )
    with Broker(config) as broker:
        token = subprocess.run(
            [go_client, broker.address, certificates.ca, client.cert, client.key],
            capture_output=True, text=True, check=True, timeout=TIMEOUT,
        ).stdout.strip()  # fmt: skip
    assert users(sandbox, token) == 200


class TestMutualTls:
    @pytest.fixture
    def certificates(self, tmp_path):
        return Certificates(tmp_path)

    @pytest.fixture
    def tls_broker(self, tmp_path, sandbox, certificates):
        config = write_config(
            tmp_path,
            [credential(tmp_path, sandbox, principals=["spiffe://prod/ns/*/sa/api", "dns:batch.internal"])],
            server={"tls": certificates.server_files(mutual=True)},
        )
        with Broker(config) as process:
            yield process

    def get(self, broker, credentials, name=""):
        with broker.stub(credentials) as stub:
            return stub.GetToken(pb.GetTokenRequest(credential=name), timeout=TIMEOUT)

    @pytest.mark.parametrize("name", ["spiffe://prod/ns/orders/sa/api", "batch.internal"])
    def test_a_principal_with_a_rule_gets_a_token(self, tls_broker, certificates, name):
        assert self.get(tls_broker, certificates.client(name).credentials()).token.value

    @pytest.mark.parametrize("name", ["spiffe://prod/ns/orders/x/sa/api", "spiffe://test/ns/a/sa/api", "other.internal"])
    def test_any_other_is_refused_and_learns_nothing(self, tls_broker, certificates, name):
        reasons = set()
        for asked in ("default", "nowhere"):
            with pytest.raises(grpc.RpcError) as failure:
                self.get(tls_broker, certificates.client(name).credentials(), asked)
            assert failure.value.code() == grpc.StatusCode.PERMISSION_DENIED
            reasons.add((details_of(failure.value)[0], failure.value.details().replace(asked, "X")))
        assert len(reasons) == 1

    def test_two_uri_names_are_unauthenticated(self, tls_broker, certificates):
        client = certificates.client("spiffe://prod/ns/orders/sa/api", "spiffe://prod/ns/admin/sa/api")
        with pytest.raises(grpc.RpcError) as failure:
            self.get(tls_broker, client.credentials())
        assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert details_of(failure.value)[0] == "CALLER_UNAUTHENTICATED"

    def test_without_a_certificate_or_with_a_strangers_no_call_arrives(self, tls_broker, certificates, tmp_path):
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        other = Certificates(stranger).client("spiffe://prod/ns/orders/sa/api")
        for credentials in (
            grpc.ssl_channel_credentials(certificates.ca_pem),
            grpc.ssl_channel_credentials(
                certificates.ca_pem, pathlib.Path(other.key).read_bytes(), pathlib.Path(other.cert).read_bytes()
            ),
        ):
            with pytest.raises(grpc.RpcError) as failure:
                self.get(tls_broker, credentials)
            assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
        assert not tls_broker.events("token_issued")


def test_unix_socket_by_uid(tmp_path, sandbox):
    config = write_config(
        tmp_path,
        [credential(tmp_path, sandbox, principals=[f"unix:uid:{os.getuid()}"])],
        server={"listen": f"unix:{tmp_path}/broker.sock"},
    )
    with Broker(config) as broker:
        assert broker.get_token().value
        assert broker.wait_event("token_issued")["principal"] == f"unix:uid:{os.getuid()}"


def test_10000_cold_callers_cost_one_login(tmp_path):
    connections, per_connection = 125, 80
    streams = range(1, 2 * per_connection, 2)
    calls = b"".join(raw_h2.call(stream, f"/{SERVICE}/GetToken") for stream in streams)
    settings = raw_h2.hello() + raw_h2.frame(raw_h2.SETTINGS, raw_h2.ACK)
    ping = raw_h2.frame(raw_h2.PING, payload=b"have all")
    with contextlib.ExitStack() as stack, Sandbox(tmp_path, hang_login="always") as sandbox:
        config = write_config(
            tmp_path, [credential(tmp_path, sandbox, request_timeout="60s")], server={"max_wait": "7s"}
        )
        broker = stack.enter_context(Broker(config))
        sandbox.wait_for(hanging=1)
        callers = [stack.enter_context(raw_h2.RawConnection(broker.address)) for _ in range(connections)]
        for caller in callers:
            caller.send(settings + calls + ping, reading=False)
        # Every connection has acknowledged what came after its calls: they are in, and none has been answered.
        for caller in callers:
            acknowledged = (raw_h2.PING, raw_h2.ACK)
            assert caller.read_until(lambda: acknowledged in [frame[:2] for frame in caller.frames()])  # noqa: B023
            assert caller.answers() == set()
        sandbox.set_faults(hang_login=0)
        versions = set()
        for caller in callers:
            assert caller.read_until(lambda: len(caller.answers()) == per_connection)  # noqa: B023
            for stream in streams:
                body = b"".join(data for kind, _, of, data in caller.frames() if kind == raw_h2.DATA and of == stream)
                versions.add(pb.GetTokenResponse.FromString(body[5:]).token.version)
        assert len(versions) == 1 and "" not in versions
        stats = sandbox.stats()
        assert stats["login_requests"] == 1
        assert stats["refresh_requests"] == 0


class TestRefreshOnDemand:
    def test_n_reports_of_one_rejected_version_cost_one_refresh(self, broker, sandbox):
        first = broker.get_token()
        with broker.stub() as stub, concurrent.futures.ThreadPoolExecutor(32) as pool:
            request = pb.GetTokenRequest(rejected_version=first.version)
            tokens = list(pool.map(lambda _: stub.GetToken(request, timeout=TIMEOUT).token, range(200)))
        assert {token.version for token in tokens} == {broker.get_token().version}
        assert first.version not in {token.version for token in tokens}
        assert sandbox.stats()["refresh_requests"] == 1

    def test_a_version_that_is_not_current_costs_nothing(self, broker, sandbox):
        current = broker.get_token()
        assert broker.get_token(rejected_version="of-another-time").version == current.version
        assert sandbox.stats()["refresh_requests"] == 0

    def test_a_second_rejection_within_ten_seconds_is_told_when_to_come_back(self, broker):
        first = broker.get_token()
        second = broker.get_token(rejected_version=first.version)
        with pytest.raises(grpc.RpcError) as failure:
            broker.get_token(rejected_version=second.version)
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
        reason, delay, _ = details_of(failure.value)
        assert reason == "REFRESH_COOLDOWN"
        assert 0 < delay <= 10

    def test_min_validity_beyond_the_bound_names_the_bound(self, broker, sandbox):
        broker.get_token()
        assert broker.get_token(min_validity=Duration(seconds=239)).remaining_validity.seconds >= 239
        with pytest.raises(grpc.RpcError) as failure:
            broker.get_token(min_validity=Duration(seconds=241))
        assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        reason, _, metadata = details_of(failure.value)
        assert reason == "MIN_VALIDITY_TOO_LONG"
        assert float(metadata["max_min_validity_seconds"]) == pytest.approx(240, abs=1)
        assert sandbox.stats()["login_requests"] == 1


def test_each_refresh_replaces_the_token_before_it_expires(tmp_path):
    # Refreshed early in a long life: a slow machine is no reason for an attempt to fail.
    with Sandbox(tmp_path, lifetime="30s") as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox, refresh_at=0.1)])) as broker:
            broker.wait_event("token_obtained", operation="refresh", count=3)
            assert not broker.events("upstream_failed")
            assert users(sandbox, broker.get_token().value) == 200
        stats = sandbox.stats()
        assert stats["login_requests"] == 1
        assert stats["refresh_reuses"] == 0


def test_list_credentials_has_no_token(broker):
    token = broker.get_token()
    with broker.stub() as stub:
        response = stub.ListCredentials(pb.ListCredentialsRequest(), timeout=TIMEOUT)
    [entry] = response.credentials
    assert (entry.name, entry.state, entry.version) == ("default", pb.Credential.STATE_READY, token.version)
    assert token.value.encode() not in response.SerializeToString()


def test_bad_requests_name_the_field(broker):
    for request, field in (
        ({"credential": "No Such"}, "credential"),
        ({"min_validity": Duration(seconds=-1)}, "min_validity"),
        ({"rejected_version": "v" * 500}, "rejected_version"),
    ):
        with pytest.raises(grpc.RpcError) as failure:
            broker.get_token(**request)
        assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert details_of(failure.value)[0] == "INVALID_REQUEST"
        assert field in failure.value.details()
