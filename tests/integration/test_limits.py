"""The limits of the configuration on the real binary: connections, streams and calls of each principal."""

import contextlib
import queue

import grpc
import pytest

from support.broker import SERVICE, Broker, credential, details_of, pb, write_config
from support.certificates import Certificates
from support.processes import TIMEOUT, wait_for
from support.raw_h2 import ACK, ENHANCE_YOUR_CALM, SETTINGS, RawConnection, call, frame, hello, tls_context

ORDERS = "spiffe://prod/ns/orders/sa/api"
OTHER = "spiffe://prod/ns/billing/sa/api"

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
WATCH_TOKEN = f"/{SERVICE}/WatchToken"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
REFLECTION_ALPHA = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
LIST_SERVICES = b"\x3a\x00"  # a ServerReflectionRequest

# Budgets that do not refill while a test runs.
PER_SECOND = 0.01


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path)


@pytest.fixture
def start(tmp_path, sandbox, certificates):
    """Starts a broker over mutual TLS with these keys of `server`; it has its token."""

    @contextlib.contextmanager
    def started(**limits):
        config = write_config(
            tmp_path,
            [credential(tmp_path, sandbox, principals=["spiffe://prod/**"])],
            server={"tls": certificates.server_files(mutual=True), **limits},
        )
        with Broker(config) as broker:
            broker.wait_event("token_obtained")
            yield broker
            assert broker.terminate() == 0

    return started


class Stream:
    """A call of one of the methods above, in bytes. It stays open after its question."""

    def __init__(self, channel, path):
        self._questions = queue.Queue()
        if path in (REFLECTION, REFLECTION_ALPHA):
            self._call = channel.stream_stream(path)(iter(self._questions.get, None), timeout=TIMEOUT)
            self.ask()
        else:
            self._call = channel.unary_stream(path)(b"", timeout=TIMEOUT)

    def ask(self):
        self._questions.put(LIST_SERVICES)

    def response(self):
        """The next response; raises the status that ends the call."""
        return next(self._call)

    def close(self):
        self._questions.put(None)
        self._call.cancel()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def check(channel):
    return channel.unary_unary(CHECK)(b"", timeout=TIMEOUT)


def get_token(channel):
    response = channel.unary_unary(f"/{SERVICE}/GetToken")(b"", timeout=TIMEOUT)
    assert pb.GetTokenResponse.FromString(response).token.value


def assert_limited(call, has_delay):
    """`call` is refused with CALLER_RATE_LIMITED, and with a delay after which to retry where `has_delay`."""
    with pytest.raises(grpc.RpcError) as failure:
        call()
    assert failure.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    reason, delay, _ = details_of(failure.value)
    assert reason == "CALLER_RATE_LIMITED"
    if has_delay:
        assert 0 < delay <= 1 / PER_SECOND


class TestConnectionsOfAPrincipal:
    TOO_MANY = (ENHANCE_YOUR_CALM, "too many connections of this principal")

    @pytest.fixture
    def connect(self, certificates):
        with contextlib.ExitStack() as stack:

            def connected(broker, client):
                """A connection that has sent one call."""
                context = tls_context(certificates.ca, client)
                connection = stack.enter_context(RawConnection(broker.address, context))
                connection.send(hello() + frame(SETTINGS, ACK) + call(1, CHECK))
                return connection

            yield connected

    @staticmethod
    def is_served(connection, stream=1):
        return connection.read_until(lambda: stream in connection.answers())

    def test_one_beyond_the_limit_is_refused(self, start, certificates, connect):
        client, renewed = certificates.client(ORDERS), certificates.client(ORDERS)
        with start(max_connections_per_principal=1) as broker:
            first = connect(broker, client)
            assert self.is_served(first)
            for same in (client, renewed):
                second = connect(broker, same)
                assert second.goaway() == self.TOO_MANY
                assert second.answers() == set()
            assert self.is_served(connect(broker, certificates.client(OTHER)))
            first.send(call(3, CHECK))
            assert self.is_served(first, stream=3)

    def test_a_closed_connection_leaves_its_place_to_the_next(self, start, certificates, connect):
        client = certificates.client(ORDERS)
        with start(max_connections_per_principal=1) as broker:
            first = connect(broker, client)
            assert self.is_served(first)
            first.close()
            assert wait_for(lambda: self.is_served(connect(broker, client)), TIMEOUT)


class TestStreamsOfAPrincipal:
    METHODS = (WATCH_TOKEN, WATCH, REFLECTION, REFLECTION_ALPHA)

    def test_they_are_bounded_over_all_connections_and_methods(self, start, certificates):
        client, other = certificates.client(ORDERS).credentials(), certificates.client(OTHER).credentials()
        with start(max_streams_per_principal=2 * len(self.METHODS)) as broker, contextlib.ExitStack() as stack:
            connections = [stack.enter_context(broker.channel(client)) for _ in self.METHODS]
            streams = []
            for number, connection in enumerate(connections):
                for offset in (0, 1):
                    path = self.METHODS[(number + offset) % len(self.METHODS)]
                    streams.append(stack.enter_context(Stream(connection, path)))
                    assert streams[-1].response() is not None
                # Streams are counted by when the connection is read again.
                with contextlib.suppress(grpc.RpcError):
                    check(connection)
            for connection in (*connections, stack.enter_context(broker.channel(client))):
                assert_limited(lambda: check(connection), has_delay=False)  # noqa: B023
                assert_limited(lambda: get_token(connection), has_delay=False)  # noqa: B023
                for path in self.METHODS:
                    with Stream(connection, path) as beyond:
                        assert_limited(beyond.response, has_delay=False)
            denied = broker.wait_event("caller_denied", reason="CALLER_RATE_LIMITED")
            assert denied["principal"] == ORDERS

            others = stack.enter_context(broker.channel(other))
            assert stack.enter_context(Stream(others, WATCH_TOKEN)).response()

            streams[0].close()

            def has_place():
                try:
                    return bool(stack.enter_context(Stream(connections[-1], WATCH)).response())
                except grpc.RpcError:
                    return False

            assert wait_for(has_place, TIMEOUT)


class TestCallsOfAPrincipal:
    BURST = 3

    @pytest.fixture
    def broker(self, start):
        with start(rate_limit={"per_second": PER_SECOND, "burst": self.BURST}) as process:
            yield process

    @pytest.fixture
    def channel(self, broker, certificates):
        with broker.channel(certificates.client(ORDERS).credentials()) as channel:
            yield channel

    def test_health_checks_count(self, broker, channel, certificates):
        for _ in range(self.BURST):
            assert check(channel)
        with broker.channel(certificates.client(ORDERS).credentials()) as second:
            for each in (channel, second):  # another connection does not help
                assert_limited(lambda: check(each), has_delay=True)  # noqa: B023
        denied = broker.wait_event("caller_denied", reason="CALLER_RATE_LIMITED")
        assert denied["principal"] == ORDERS
        with broker.channel(certificates.client(OTHER).credentials()) as other:
            assert check(other)

    def test_health_watches_count(self, channel):
        for _ in range(self.BURST):
            with Stream(channel, WATCH) as stream:
                assert stream.response()
        with Stream(channel, WATCH) as stream:
            assert_limited(stream.response, has_delay=True)

    @pytest.mark.parametrize("path", [REFLECTION, REFLECTION_ALPHA])
    def test_each_question_to_reflection_counts(self, channel, path):
        with Stream(channel, path) as stream:
            assert stream.response()
            for _ in range(1, self.BURST):
                stream.ask()
                assert stream.response()
            stream.ask()
            assert_limited(stream.response, has_delay=True)
        with Stream(channel, path) as stream:
            assert_limited(stream.response, has_delay=True)

    def test_all_methods_share_one_budget(self, channel):
        get_token(channel)
        assert check(channel)
        with Stream(channel, REFLECTION) as stream:
            assert stream.response()
            stream.ask()
            assert_limited(stream.response, has_delay=True)
        assert_limited(lambda: check(channel), has_delay=True)
        assert_limited(lambda: get_token(channel), has_delay=True)
