"""SIGTERM at any moment: what is in flight ends properly, exit 0 within 10 s."""

import signal
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from support.broker import SERVICE, Broker, credential, details_of, pb, write_config
from support.certificates import Certificates
from support.health import NOT_SERVING, SERVING, HealthWatch, check, is_ready
from support.pages import BrokerWithPages, write_config_with_http
from support.processes import TIMEOUT, Process, wait_for
from support.raw_h2 import GOAWAY, RawConnection, connect, hello, tls_context
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
            tmp_path, [credential(tmp_path, sandbox, request_timeout="60s")], server={"max_wait": "7s"}
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
def test_health_says_so_before_connections_are_told_to_go(tmp_path, sandbox, service):
    """By Watch and by Check, while the broker still accepts and serves; then the watch ends."""
    config = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"drain_delay": "2s"})
    request = health_pb2.HealthCheckRequest(service=service)
    with Broker(config) as broker, broker.channel() as channel:
        broker.get_token()
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


class TestDrainDelay:
    """The time between NOT_SERVING and the first GOAWAY or closed listener."""

    DELAY = 3

    @pytest.fixture
    def config(self, tmp_path, sandbox):
        def written(delay):
            return write_config_with_http(
                tmp_path, [credential(tmp_path, sandbox)], server={"drain_delay": delay}
            )

        return written

    @staticmethod
    def goaways(connection):
        connection.read()
        return [kind for kind, *_ in connection.frames() if kind == GOAWAY]

    def test_the_broker_serves_meanwhile_and_is_not_ready(self, config):
        with BrokerWithPages(config(f"{self.DELAY}s")) as broker, broker.channel() as channel:
            version = broker.get_token().version
            watch = HealthWatch(channel)
            while watch.next() != SERVING:
                pass
            with RawConnection(broker.address) as idle, broker.stub() as stub:
                idle.send(hello())
                stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT)
                began = time.monotonic()
                broker.signal(signal.SIGTERM)
                assert watch.next() == NOT_SERVING
                assert not is_ready(broker)
                assert broker.get_token().version == version, "on a new connection"
                assert stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).token.version == version
                assert not self.goaways(idle)
                assert idle.read_until(lambda: self.goaways(idle))
                assert self.DELAY <= time.monotonic() - began < self.DELAY + LIMIT
                assert broker.wait(LIMIT) == 0
                with pytest.raises(grpc.RpcError) as error:
                    broker.get_token()
                assert error.value.code() == grpc.StatusCode.UNAVAILABLE

    def test_the_rest_takes_10_s_at_most(self, config):
        """Although a call is in flight that does not end by itself."""
        over = threading.Event()

        def requests():
            yield reflection_pb2.ServerReflectionRequest(list_services="")
            over.wait(TIMEOUT)

        with Broker(config(f"{self.DELAY}s")) as broker, broker.channel() as channel:
            next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(requests()))
            began = time.monotonic()
            broker.signal(signal.SIGTERM)
            assert broker.wait() == 0
            assert self.DELAY <= time.monotonic() - began < self.DELAY + LIMIT
            over.set()

    @pytest.mark.parametrize(("delay", "seconds"), [("0s", 0), ("250ms", 0.25)])
    def test_is_in_the_log(self, config, delay, seconds):
        with Broker(config(delay)) as broker:
            broker.wait_event("token_obtained")
            ends_in_time(broker)
            assert broker.events("draining")[0]["drain_delay_seconds"] == seconds

    def test_a_reload_changes_it(self, config):
        with Broker(config("5m")) as broker:
            broker.wait_event("token_obtained")
            config("0s")
            broker.wait_event("config_reloaded", changed="server.drain_delay")
            ends_in_time(broker)


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
            with RawConnection(broker.address, tls_context(client=client), connected=waiting) as tls:
                tls.send(hello())
                assert tls.await_close()
                assert [kind for kind, *_ in tls.frames()].count(GOAWAY) == 2
        assert broker.wait(LIMIT) == 0


def test_a_second_interrupt_ends_it_at_once(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"drain_delay": "5m"})
    with Broker(config) as broker, broker.channel() as channel:
        broker.get_token()
        broker.signal(signal.SIGINT)
        assert wait_for(lambda: check(channel, "") == NOT_SERVING, TIMEOUT)
        broker.signal(signal.SIGINT)
        assert broker.wait(LIMIT) == -signal.SIGINT
        assert not broker.events("stopped")


def test_a_second_sigterm_and_a_sighup_change_nothing(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"drain_delay": "2s"})
    with Broker(config) as broker:
        broker.get_token()
        began = time.monotonic()
        broker.signal(signal.SIGTERM)
        broker.wait_event("draining")
        broker.signal(signal.SIGTERM)
        broker.signal(signal.SIGHUP)
        assert broker.wait() == 0
        assert 2 <= time.monotonic() - began < 2 + LIMIT
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
