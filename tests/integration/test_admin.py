"""The admin service on its unix socket, by grpcurl and by `credentials refresh`."""

import json
import os
import re
import stat
import subprocess

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.broker import Broker, credential, details_of, pb, pb_grpc, write_config
from support.grpcurl import grpcurl
from support.pages import BrokerWithPages, metrics, write_config_with_http
from support.processes import TIMEOUT, run, wait_for
from support.sandbox import Sandbox

ADMIN = "investsuite.credentialbroker.v1.CredentialBrokerAdminService"
# The metric of calls of RefreshCredential that have begun.
STARTED = f'grpc_server_started_total{{grpc_type="unary",grpc_service="{ADMIN}",grpc_method="RefreshCredential"}}'


def with_admin(config, socket):
    config.write_text(config.read_text() + f"admin: {{listen: 'unix:{socket}'}}\n")
    return config


def grpcurl_of(socket, *words):
    return grpcurl("-plaintext", *words[:-1], f"unix:{socket}", words[-1])


def refresh(socket, name="default"):
    return run("credentials", "refresh", name, "--address", f"unix:{socket}")


@pytest.fixture
def socket(tmp_path):
    return tmp_path / "admin.sock"


@pytest.fixture
def admin_broker(tmp_path, sandbox, socket):
    with Broker(with_admin(write_config(tmp_path, [credential(tmp_path, sandbox)]), socket)) as process:
        process.wait_event("token_obtained")
        yield process


def test_grpcurl_over_the_socket_needs_no_proto_file(admin_broker, socket):
    services = grpcurl_of(socket, "list").stdout.split()
    assert ADMIN in services
    assert "grpc.health.v1.Health" in services
    assert json.loads(grpcurl_of(socket, "grpc.health.v1.Health/Check").stdout)["status"] == "SERVING"
    before = admin_broker.get_token().version
    answer = json.loads(grpcurl_of(socket, "-d", '{"credential": "default"}', f"{ADMIN}/RefreshCredential").stdout)
    assert answer["credential"]["state"] == "STATE_READY"
    after = admin_broker.get_token().version
    assert answer["credential"]["version"] == after != before


def test_only_the_brokers_user_may_open_the_socket_and_it_goes_with_the_broker(admin_broker, socket):
    status = socket.stat()
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert admin_broker.events("serving")[0]["admin"] == f"unix:{socket}"
    assert admin_broker.terminate() == 0
    assert not socket.exists()


def test_the_socket_has_a_page_for_people_and_no_other(admin_broker, socket):
    def page(path):
        return subprocess.run(
            ["curl", "--silent", "--max-time", "30", "--http2-prior-knowledge", "--unix-socket", str(socket),
             "--write-out", "%{http_code}", f"http://admin{path}"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    token = admin_broker.get_token()
    shown = page("/statusz")
    assert shown.endswith("</html>200") or shown.rstrip().endswith("200")
    assert "default" in shown and "ready" in shown and f"unix:{socket}" in shown
    assert token.value not in shown
    assert not page("/metrics").endswith("200")


def test_the_admin_service_is_not_on_the_callers_listener(admin_broker):
    with admin_broker.channel() as channel:
        with pytest.raises(grpc.RpcError) as failure:
            pb_grpc.CredentialBrokerAdminServiceStub(channel).RefreshCredential(
                pb.RefreshCredentialRequest(), timeout=TIMEOUT
            )
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_second_refresh_cools_down_and_both_are_in_the_audit_log(admin_broker, socket, sandbox):
    done = refresh(socket)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^default +ready", done.stdout, re.MULTILINE)
    again = refresh(socket)
    assert again.returncode == 2
    assert again.stderr.startswith("error: UNAVAILABLE REFRESH_COOLDOWN: ")
    assert "try again in " in again.stderr
    events = admin_broker.events("admin_refresh")
    assert [event["result"] for event in events] == ["OK", "REFRESH_COOLDOWN"]
    assert {event["principal"] for event in events} == {f"unix:uid:{os.getuid()}"}
    assert {event["credential"] for event in events} == {"default"}
    assert sandbox.stats()["refresh_requests"] == 1


def test_the_cooldown_is_shared_with_rejected_versions(admin_broker, socket):
    admin_broker.get_token(rejected_version=admin_broker.get_token().version)
    assert "REFRESH_COOLDOWN" in refresh(socket).stderr


def test_operators_who_come_at_once_share_one_refresh(tmp_path, sandbox, socket):
    patient = credential(tmp_path, sandbox, request_timeout="1m")
    with BrokerWithPages(with_admin(write_config_with_http(tmp_path, [patient]), socket)) as broker:
        broker.wait_event("token_obtained")
        sandbox.set_faults(hang_refresh=1)
        with grpc.insecure_channel(f"unix:{socket}") as channel:
            stub = pb_grpc.CredentialBrokerAdminServiceStub(channel)
            calls = [stub.RefreshCredential.future(pb.RefreshCredentialRequest(), timeout=TIMEOUT) for _ in range(5)]
            sandbox.wait_for(hanging=1)
            assert wait_for(lambda: metrics(broker.http).get(STARTED) == len(calls), TIMEOUT)
            # The broker reads a connection in order: with this response, all five wait for the one refresh.
            health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            sandbox.set_faults(hang_refresh=0)
            assert len({call.result().credential.version for call in calls}) == 1
    stats = sandbox.stats()
    assert (stats["login_requests"], stats["refresh_requests"]) == (1, 1)


def test_the_reason_of_a_failed_attempt_is_told(tmp_path, socket):
    with Sandbox(tmp_path) as sandbox:
        with Broker(with_admin(write_config(tmp_path, [credential(tmp_path, sandbox)]), socket)) as broker:
            token = broker.get_token()
            sandbox.set_faults(login_status=503, refresh_status=503)
            failed = refresh(socket)
            assert failed.returncode == 2
            assert failed.stderr.startswith("error: UNAVAILABLE UPSTREAM_UNAVAILABLE: ")
            assert broker.get_token().version == token.version
            assert token.value not in broker.log + failed.stderr + failed.stdout


def test_a_refused_key_is_tried_again(tmp_path, sandbox, socket):
    sandbox.set_faults(login_status=401)
    with Broker(with_admin(write_config(tmp_path, [credential(tmp_path, sandbox)]), socket)) as broker:
        broker.wait_event("credential_state", state="rejected")
        sandbox.set_faults(login_status=0)
        done = refresh(socket)
        assert done.returncode == 0, done.stderr
        assert broker.get_token().value


def test_an_unknown_name_is_not_found(admin_broker, socket):
    unknown = refresh(socket, "nowhere")
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("error: NOT_FOUND CREDENTIAL_NOT_FOUND: ")
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        with pytest.raises(grpc.RpcError) as failure:
            pb_grpc.CredentialBrokerAdminServiceStub(channel).RefreshCredential(
                pb.RefreshCredentialRequest(credential="No Such"), timeout=TIMEOUT
            )
    assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert details_of(failure.value)[0] == "INVALID_REQUEST"


def test_any_address_but_a_unix_socket_is_refused(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)])
    config.write_text(config.read_text() + "admin: {listen: '127.0.0.1:0'}\n")
    checked = run("check-config", config)
    assert checked.returncode == 1
    assert "admin.listen" in checked.stderr and "unix:/path" in checked.stderr


def test_without_the_key_there_is_none(broker, socket):
    assert not socket.exists()
    missing = refresh(socket)
    assert missing.returncode == 2
