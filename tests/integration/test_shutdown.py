"""SIGTERM at any moment: what is in flight ends properly, exit 0 within 10 s."""

import signal
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.broker import SERVICE, Broker, credential, details_of, pb, write_config
from support.processes import TIMEOUT, Process
from support.sandbox import Sandbox

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


def test_health_watchers_see_it_go(broker):
    broker.get_token()
    with broker.channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        updates = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=TIMEOUT)
        assert next(updates).status == health_pb2.HealthCheckResponse.SERVING
        broker.signal(signal.SIGTERM)
        assert next(updates).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert broker.wait(LIMIT) == 0


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
