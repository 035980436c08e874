"""Frames without end, each against the limit that is meant for it."""

import struct
import time

import pytest

from support.broker import SERVICE
from support.raw_h2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    HEADERS,
    MAX_FRAME,
    PING,
    PRIORITY,
    SETTINGS,
    call,
    frame,
    header_frames,
    hello,
    literal,
    reference,
    request_block,
    rst_stream,
    window_update,
)

GET_TOKEN = f"/{SERVICE}/GetToken"
STREAMS = range(1, 2 * 10000, 2)


def rapid_resets():
    block = request_block(GET_TOKEN)
    return b"".join(header_frames(stream, block) + rst_stream(stream) for stream in STREAMS)


def resets_by_mistake(mistake):
    """CVE-2025-8671: whatever makes the server reset the stream while its handler is at work."""
    block = request_block(GET_TOKEN, literal(b"content-length", b"9"))
    return b"".join(header_frames(stream, block) + mistake(stream) for stream in STREAMS)


# name: (the bytes, the words of the GOAWAY)
FLOODS = {
    # CVE-2023-44487
    "rapid resets": (rapid_resets(), "too many stream resets"),
    # CVE-2025-8671, CVE-2019-9514
    "window overflows": (resets_by_mistake(lambda s: window_update(s, 0x7FFFFFFF)), "too many errors"),
    "bodies of the wrong length": (
        resets_by_mistake(lambda s: frame(DATA, END_STREAM, s, b"\0\0\0\0\0")),
        "too many errors",
    ),
    # CVE-2019-9512
    "pings": (frame(PING, payload=b"flooding") * 50000, "too_many_pings"),
    # CVE-2019-9515
    "settings": (frame(SETTINGS, payload=struct.pack(">HI", 4, 65535)) * 50000, "too many SETTINGS"),
    # CVE-2019-9513
    "priorities": (frame(PRIORITY, 0, 1, b"\0\0\0\0\x10") * 50000, "too many PRIORITY frames"),
    # CVE-2019-9518
    "empty frames": (
        header_frames(1, request_block(GET_TOKEN)) + frame(DATA, 0, 1) * 50000,
        "too many empty frames",
    ),
    "unknown frames": (frame(0xEE) * 50000, "too many unknown frames"),
    # CVE-2024-27316 and its kin
    "continuations": (
        frame(HEADERS, 0, 1, request_block(GET_TOKEN)) + frame(CONTINUATION, 0, 1, literal(b"x", b"y")) * 50000,
        "too many CONTINUATION frames",
    ),
    "empty continuations": (
        frame(HEADERS, 0, 1, request_block(GET_TOKEN)) + frame(CONTINUATION, 0, 1) * 50000,
        "too many CONTINUATION frames",
    ),
}


def flood(target, data, seconds=2.0):
    """Opens a connection for the flood again and again, for so long or until one survives it; the GOAWAYs."""
    goaways = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with target.connect() as connection:
            connection.send(hello() + data)
            goaways.append(connection.goaway(timeout=10))
        if goaways[-1] is None:
            break
    return goaways


# What a connection may cost the broker: a few times what it does.
HANDSHAKE_MS = 10
UNTIL_FLOODED_MS = {"rapid resets": 30, "window overflows": 30, "bodies of the wrong length": 30}  # 2,000 streams each


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_ends_its_connection_and_costs_nobody_else(target, name):
    data, words = FLOODS[name]
    with target.under_attack(name, 0.2, HANDSHAKE_MS + UNTIL_FLOODED_MS.get(name, 2)):
        goaways = flood(target, data)
    assert set(goaways) == {(ENHANCE_YOUR_CALM, words)}


def test_fifty_thousand_rapid_resets_that_are_served(target):
    """Within the limit of each connection, so that all of them reach the handler: 50,000 of them on 28 connections."""
    per_connection = 1800
    data = rapid_resets()[: len(rapid_resets()) // len(STREAMS) * per_connection]
    with target.under_attack("50,000 rapid resets", cpu_seconds=10):
        for _ in range(50000 // per_connection + 1):
            with target.connect() as connection:
                assert connection.send(hello() + frame(SETTINGS, ACK) + data) > len(data)
                connection.send(frame(PING, payload=b"have all"))
                assert connection.read_until(
                    lambda: any(kind == PING and flags & ACK for kind, flags, _, _ in connection.frames())
                )


@pytest.mark.parametrize("name", ["rapid resets", "pings", "continuations"])
def test_a_flood_on_a_unix_socket(plain_target, name):
    data, words = FLOODS[name]
    with plain_target.under_attack(f"{name} on a unix socket", 0.2, UNTIL_FLOODED_MS.get(name, 2)):
        goaways = flood(plain_target, data)
    assert set(goaways) == {(ENHANCE_YOUR_CALM, words)}


def eight_megabytes():
    return {
        "one field of 8 MB": literal(b"x", b"v" * 8_000_000),
        "8 MB of fields": literal(b"x-large", b"v" * 4000) * 2000,
        "8 MB of names": b"".join(literal(b"x%06d" % n, b"") for n in range(800_000)),
    }


@pytest.mark.parametrize("name", eight_megabytes())
def test_a_header_of_8_mb(target, name):
    """CVE-2023-33953 on grpc++: seconds of CPU each."""
    data = header_frames(1, request_block(GET_TOKEN, eight_megabytes()[name]))
    with target.under_attack(name, 0.2, HANDSHAKE_MS + 5):
        goaways = flood(target, data)
    assert None not in goaways


def test_a_bomb_of_hpack(target):
    """A field of 4,000 bytes in the table, and 16,000 references to it in each frame: one byte on the wire for each. A
    header section is 9 frames at most, so 600 MB."""
    bomb = literal(b"x", b"v" * 4000, indexed=True) + reference(62) * (8 * MAX_FRAME)
    data = header_frames(1, request_block(GET_TOKEN, bomb), flags=END_STREAM)
    with target.under_attack("HPACK bomb", 0.2, HANDSHAKE_MS + 5):
        goaways = flood(target, data)
    assert set(goaways) == {(ENHANCE_YOUR_CALM, "the header section is too large")}


def test_bad_binary_headers(target):
    """Refused one by one, on a connection that goes on."""
    values = [b"!!!", b"a", b"=", b"AA=A", b"A" * 4001, b"\xff\xfe"]
    with target.under_attack("bad -bin headers", cpu_seconds=3):
        with target.connect() as connection:
            connection.send(hello() + frame(SETTINGS, ACK))
            for batch in range(100):
                streams = range(1 + 120 * batch, 1 + 120 * (batch + 1), 2)
                for stream in streams:
                    bad = literal(b"x-bin", values[stream // 2 % len(values)])
                    connection.send(call(stream, GET_TOKEN, b"", bad))
                assert connection.read_until(lambda: set(streams) <= connection.answers())  # noqa: B023
            assert connection.goaway(timeout=0) is None
