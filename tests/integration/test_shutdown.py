"""SIGTERM at any moment: what is in flight ends properly, exit 0 within 10 s."""

import signal
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.broker import SERVICE, Broker, credential, details_of, pb, write_config
from support.certificates import Certificates
from support.processes import TIMEOUT, Process
from support.sandbox import Sandbox
from support.wire import GOAWAY, PREFACE, connect, frame_types, tls_context

LIMIT = 10


def ends_in_time(process):
    began = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.wait() == 0
    assert time.monotonic() - began < LIMIT


def test_idle(broker):
    broker.wait_event("token_obtained")
    ends_in_time(broker)
    assert broker.events("draining")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_before_it_serves(tmp_path, sandbox, number):
    with Process("serve", "--config", write_config(tmp_path, [credential(tmp_path, sandbox)])) as process:
        process.wait_event("starting")
        process.signal(number)
        assert process.wait() == 0


def test_with_a_hanging_login_and_callers_that_wait_for_it(tmp_path):
    with Sandbox(tmp_path, hang_login="always") as sandbox:
        config = write_config(
            tmp_path, [credential(tmp_path, sandbox, request_timeout="60s")], server={"max_wait": "60s"}
        )
        with Broker(config) as broker, broker.stub() as stub:
            sandbox.wait_for(hanging=1)
            waiting = [stub.GetToken.future(pb.GetTokenRequest(), timeout=TIMEOUT) for _ in range(20)]
            stub.ListCredentials(pb.ListCredentialsRequest(), timeout=TIMEOUT)
            ends_in_time(broker)
            for call in waiting:
                assert call.exception(timeout=TIMEOUT).code() == grpc.StatusCode.UNAVAILABLE
                reason, delay, _ = details_of(call.exception())
                assert reason == "SHUTTING_DOWN"
                assert delay is not None


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_says_so_before_connections_are_told_to_go(broker, service):
    """By Watch and by Check, while the broker still accepts and serves; then the watch ends."""
    broker.get_token()
    request = health_pb2.HealthCheckRequest(service=service)
    with broker.channel() as channel:
        updates = health_pb2_grpc.HealthStub(channel).Watch(request, timeout=TIMEOUT)
        assert next(updates).status == health_pb2.HealthCheckResponse.SERVING
        broker.signal(signal.SIGTERM)
        assert next(updates).status == health_pb2.HealthCheckResponse.NOT_SERVING
        # On a connection of its own.
        with broker.channel() as fresh:
            answer = health_pb2_grpc.HealthStub(fresh).Check(request, timeout=TIMEOUT)
            assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert broker.get_token().value
        with pytest.raises(grpc.RpcError) as error:
            next(updates)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        assert broker.wait(LIMIT) == 0


def test_a_handshake_under_way_is_finished_not_reset(tmp_path, sandbox):
    certificates = Certificates(tmp_path)
    client = certificates.client("spiffe://prod/ns/orders/sa/api")
    config = write_config(
        tmp_path, [credential(tmp_path, sandbox)], server={"tls": certificates.server_files(mutual=True)}
    )
    with Broker(config) as broker, broker.channel(client.credentials()) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        next(watch)
        with connect(broker.address) as waiting:
            broker.signal(signal.SIGTERM)
            with pytest.raises(grpc.RpcError):
                list(watch)  # it ends as connections are told to go
            with tls_context(client).wrap_socket(waiting, server_hostname="localhost") as tls:
                tls.sendall(PREFACE)
                assert frame_types(tls).count(GOAWAY) == 2
        assert broker.wait(LIMIT) == 0


def test_a_second_interrupt_ends_it_at_once(tmp_path):
    with Sandbox(tmp_path) as sandbox, Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
        broker.get_token()
        broker.signal(signal.SIGINT)
        broker.wait_event("draining")
        broker.signal(signal.SIGINT)
        assert broker.wait(LIMIT) == -signal.SIGINT
        assert not broker.events("stopped")


def test_a_second_sigterm_and_a_sighup_change_nothing(broker):
    broker.get_token()
    broker.signal(signal.SIGTERM)
    broker.wait_event("draining")
    broker.signal(signal.SIGTERM)
    broker.signal(signal.SIGHUP)
    assert broker.wait(LIMIT) == 0
    assert broker.events("stopped") and not broker.events("config_unchanged")


def test_the_process_lives_whatever_the_credential_does(tmp_path, sandbox):
    sandbox.set_faults(login_status=503)
    with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker, broker.channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        broker.wait_event("upstream_failed")
        statuses = {
            name: stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT).status
            for name in ("", SERVICE)
        }
        assert statuses == {
            "": health_pb2.HealthCheckResponse.SERVING,
            SERVICE: health_pb2.HealthCheckResponse.NOT_SERVING,
        }


def test_an_idle_connection_does_not_hold_it(broker):
    with broker.stub() as stub:
        stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT)
        ends_in_time(broker)


def test_the_sandbox_too(sandbox):
    ends_in_time(sandbox)
