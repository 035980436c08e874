"""Peers that take their time: they hold connections, streams and memory, and do not let go."""

import ssl
import threading
import time

import pytest

from support.attack_target import ATTACKER, FEW_CONNECTIONS_KEPT_MB
from support.broker import SERVICE
from support.raw_h2 import (
    ACK,
    DATA,
    END_STREAM,
    HEADERS,
    MAX_WINDOW,
    PRIORITY,
    SETTINGS,
    RawConnection,
    call,
    connect,
    frame,
    header_frames,
    hello,
    literal,
    message,
    reference,
    request_block,
    rst_stream,
    window_update,
)

GET_TOKEN = f"/{SERVICE}/GetToken"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
STREAMS = range(1, 200, 2)  # as many as a connection may have

# What a handshake, with the preface, may take; and output that is not taken.
HANDSHAKE_SECONDS = 5
UNREAD_SECONDS = 5


def client_hello(context):
    """What a client sends first."""
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def all_closed(connections, timeout):
    """Whether the broker closes all of these sockets in time."""
    deadline = time.monotonic() + timeout
    for raw in connections:
        try:
            raw.settimeout(max(0.01, deadline - time.monotonic()))
            while raw.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
    return True


def test_a_thousand_half_open_handshakes(target):
    """Silent ones, ones in the middle of the ClientHello, and ones that leave the broker's answer to it unanswered."""
    greeting = client_hello(target.context)
    starts = [b"", greeting[: len(greeting) // 2], greeting]
    with target.under_attack("1,000 half-open handshakes", cpu_seconds=3):
        held = []
        for number in range(1000):
            raw = connect(target.broker.address, source=ATTACKER)
            raw.sendall(starts[number % len(starts)])
            held.append(raw)
        # Others have their places still.
        assert target.new_caller_succeeds()
        assert all_closed(held, timeout=HANDSHAKE_SECONDS + 5)
        for raw in held:
            raw.close()


def test_without_a_client_certificate_no_http2_is_read(target):
    anonymous = ssl.create_default_context(cafile=target.certificates.ca)
    anonymous.set_alpn_protocols(["h2"])
    flood = hello() + call(1, GET_TOKEN) * 10000
    with target.under_attack("HTTP/2 without a certificate", cpu_seconds=3):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            anonymous.maximum_version = version
            for _ in range(20):
                try:
                    with target.connect(anonymous) as connection:
                        connection.send(flood)
                        assert connection.await_close()
                        # Not even our SETTINGS, which a server sends first of all.
                        assert connection.frames() == []
                except (ssl.SSLError, ConnectionError):
                    pass  # TLS 1.2 tells within the handshake


def test_streams_with_a_window_of_zero(target):
    """The responses of 3,500 calls whose windows stay closed. Each call has a large header, and counts as five streams of the
    20,000 that its principal may have."""
    large = literal(b"x-large", b"v" * 4000, indexed=True)
    with target.under_attack("3,500 streams of window 0", cpu_seconds=4, kept_mb=FEW_CONNECTIONS_KEPT_MB):
        held = []
        for _ in range(35):
            connection = target.connect()
            connection.send(hello(initial_window_size=0) + frame(SETTINGS, ACK) + call(1, GET_TOKEN, b"", large))
            connection.send(b"".join(call(stream, GET_TOKEN, b"", reference(62)) for stream in STREAMS[1:]))
            held.append(connection)
        for connection in held:
            # The headers of every answer, and no byte of a message.
            assert connection.read_until(
                lambda: len({s for k, _, s, _ in connection.frames() if k == HEADERS}) == len(STREAMS)  # noqa: B023
            )
            assert not any(kind == DATA and payload for kind, _, _, payload in connection.frames())
        # An answer that is not let out for half a minute ends its connection.
        assert all(connection.await_close(6 * UNREAD_SECONDS + 15) for connection in held)
        close_all(held)


def write_bytewise(connections, data, interval):
    """A byte to each in turn every `interval` seconds, until all are written or all connections closed."""
    pause = threading.Event()
    for at in range(len(data)):
        for connection in connections:
            if not connection.closed:
                connection.send(data[at : at + 1], timeout=1)
                connection.read()
        if all(connection.closed for connection in connections):
            return
        pause.wait(interval)


def close_all(connections):
    for connection in connections:
        connection.close()


def test_a_writer_of_one_byte_at_a_time_within_the_handshake(target):
    greeting = client_hello(target.context)
    with target.under_attack("TLS byte by byte", cpu_seconds=2):
        started = time.monotonic()
        held = [RawConnection(target.broker.address, source=ATTACKER) for _ in range(50)]
        write_bytewise(held, greeting, interval=0.02)
        assert all(connection.closed for connection in held)
        assert time.monotonic() - started < HANDSHAKE_SECONDS + 2
        close_all(held)


def test_a_writer_of_one_byte_at_a_time_within_the_preface(target):
    with target.under_attack("preface byte by byte", cpu_seconds=2):
        held = [target.connect() for _ in range(20)]
        started = time.monotonic()
        write_bytewise(held, hello(), interval=0.3)
        assert all(connection.closed for connection in held)
        assert time.monotonic() - started < HANDSHAKE_SECONDS + 2
        close_all(held)


@pytest.mark.parametrize("part", ["headers", "data"])
def test_a_writer_of_one_byte_at_a_time_within_a_request(target, part):
    """It may: what it holds is one connection, as one that is idle does, until that is too old."""
    opening = hello() + frame(SETTINGS, ACK)
    request = header_frames(1, request_block(GET_TOKEN, literal(b"x", b"v" * 100)))
    body = frame(DATA, END_STREAM, 1, message())
    if part == "data":
        opening, request = opening + request, body
    with target.under_attack(f"{part} byte by byte", cpu_seconds=3):
        held = [target.connect() for _ in range(30)]
        for connection in held:
            connection.send(opening)
        write_bytewise(held, request, interval=0.02)
        if part == "headers":
            for connection in held:
                connection.send(body)
        for connection in held:
            assert connection.read_until(lambda: connection.answers() == {1})  # noqa: B023
        close_all(held)


def test_readers_of_one_byte_at_a_time(target):
    """They ask for what 100 streams may ask for, and take a byte now and then."""
    asked = b"".join(call(stream, GET_TOKEN) for stream in STREAMS)
    with target.under_attack("slow readers", cpu_seconds=4):
        held = [target.connect(receive_buffer=2048) for _ in range(20)]
        for connection in held:
            connection.send(hello() + frame(SETTINGS, ACK) + window_update(0, MAX_WINDOW - 65535), reading=False)
            connection.send(asked, timeout=2, reading=False)
        pause = threading.Event()
        for _ in range(100):
            for connection in held:
                connection.take(1)
            pause.wait(0.02)
        close_all(held)


def test_200_mb_of_messages_that_nobody_reads(target):
    """Each question to the reflection service is 7 bytes, its answer some 300. On each connection 100 streams ask as long as
    they may, with windows that are wide open, and nobody reads."""
    questions = message(b"\x3a\x00") * 360
    opening = hello(initial_window_size=MAX_WINDOW) + frame(SETTINGS, ACK) + window_update(0, MAX_WINDOW - 65535)
    with target.under_attack("200 MB that nobody reads", cpu_seconds=8, kept_mb=FEW_CONNECTIONS_KEPT_MB):
        held = [target.connect(receive_buffer=4096) for _ in range(30)]
        started = time.monotonic()
        for connection in held:
            block = request_block(REFLECTION)
            asks = b"".join(header_frames(s, block) + frame(DATA, 0, s, questions) for s in STREAMS)
            connection.send(opening + asks, timeout=2, reading=False)
        # Cut off, each: seen by what is written then.
        while not all(connection.closed for connection in held):
            assert time.monotonic() - started < UNREAD_SECONDS + 20
            for connection in held:
                connection.send(frame(PRIORITY, 0, 1, b"\0\0\0\0\x10"), timeout=0.05, reading=False)
        close_all(held)


def test_health_watches_that_come_and_go(target):
    """3,000 watches are open, and others are opened and reset all the while."""
    path = "/grpc.health.v1.Health/Watch"
    with target.under_attack("health watches", cpu_seconds=4):
        held = [target.connect() for _ in range(30)]
        for connection in held:
            connection.send(hello() + frame(SETTINGS, ACK) + b"".join(call(stream, path) for stream in STREAMS))
        with target.connect() as churning:
            churning.send(hello() + frame(SETTINGS, ACK))
            for stream in range(1, 2 * 1500, 2):
                churning.send(call(stream, path) + rst_stream(stream))
            assert churning.goaway(timeout=0) is None
        close_all(held)
