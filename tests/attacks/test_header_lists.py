"""One principal that opens as many streams as it may, on as many connections as that takes, with the header lists that make
the broker hold the most. Its methods stay open: their message is never sent, and no rule is needed to come so far."""

import contextlib
import os

import pytest

from support.broker import SERVICE
from support.raw_h2 import ACK, HEADERS, PING, SETTINGS, frame, header_frames, hello, literal, reference, request_block

STRANGER = "spiffe://prod/ns/elsewhere/sa/nobody"
PATHS = [
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    f"/{SERVICE}/WatchToken",
]
STREAMS = range(1, 200, 2)  # as many as a connection may have
MAX_STREAMS = 20_000  # server.max_streams_per_principal
ROUNDS = 2

# The largest header list that is accepted: names, values and 32 bytes for each field (RFC 9113).
MAX_HEADER_LIST = 8 * 1024
FIELD = 32
# A stream counts as one for each STREAM_MEMORY bytes that its fields take, the pseudo-header fields' bytes included, with
# FIELD_IN_MEMORY bytes more for each other field.
FIELD_IN_MEMORY = 64
STREAM_MEMORY = 1024


def usual_fields(path):
    """The fields of request_block: pseudo-header fields, and others."""
    pseudo = {":method": "POST", ":scheme": "https", ":path": path, ":authority": "test"}
    return pseudo, {"content-type": "application/grpc", "te": "trailers"}


def list_size(fields):
    return sum(len(name) + len(value) + FIELD for name, value in fields.items())


# Each returns (number, value) of fields named "x" that are sent beside the usual ones.


def no_more_fields(path):
    return 0, b""


def all_that_counts_as_one_stream(path):
    pseudo, usual = usual_fields(path)
    memory = list_size(pseudo) + list_size(usual) + FIELD_IN_MEMORY * (len(usual) + 1)
    return 1, b"v" * (STREAM_MEMORY - 1 - memory - FIELD - 1)


def the_smallest_fields(path):
    pseudo, usual = usual_fields(path)
    return (MAX_HEADER_LIST - list_size(pseudo) - list_size(usual)) // (FIELD + 1), b""


def the_largest_field(path):
    pseudo, usual = usual_fields(path)
    return 1, b"v" * (MAX_HEADER_LIST - list_size(pseudo) - list_size(usual) - FIELD - 1)


def streams(path, fields):
    """HEADERS of all streams of a connection. Each field after the first costs the attacker one byte, unless it is too large
    for the table."""
    count, value = fields(path)
    again = reference(62) if len(value) + FIELD + 1 <= 4096 else literal(b"x", value)
    first = (literal(b"x", value, indexed=True) + again * (count - 1)) if count else b""
    blocks = [request_block(path, first)] + [request_block(path, again * count)] * (len(STREAMS) - 1)
    return b"".join(header_frames(stream, block) for stream, block in zip(STREAMS, blocks, strict=True))


def has_answered_ping(connection):
    return any(kind == PING and flags & ACK for kind, flags, _, _ in connection.frames())


def open_streams(target, context, connections, fields):
    """Opens the streams of so many connections in one burst, and closes them once the broker has read all of them. Returns how
    many were open at the end."""
    requests = [streams(path, fields) for path in PATHS]
    with contextlib.ExitStack() as stack:
        held = []
        for _ in range(connections):
            held.append(stack.enter_context(target.connect(context)))
            held[-1].send(hello() + frame(SETTINGS, ACK))
            assert held[-1].read_until(held[-1].frames)
        for number, connection in enumerate(held):
            connection.send(requests[number % len(requests)], reading=False)
        for connection in held:
            connection.send(frame(PING, payload=b"have all"))
            assert connection.read_until(lambda: has_answered_ping(connection))  # noqa: B023
        refused = sum(len({s for kind, _, s, _ in connection.frames() if kind == HEADERS}) for connection in held)
        return connections * len(STREAMS) - refused


@pytest.mark.parametrize(
    ("connections", "fields"),
    [
        (200, no_more_fields),
        (200, all_that_counts_as_one_stream),
        (200, the_smallest_fields),
        (200, the_largest_field),
        (300, no_more_fields),
    ],
)
def test_streams_with_large_header_lists(target, connections, fields):
    """As many streams as a principal may have, and half as many again."""
    asked = connections * len(STREAMS)
    stranger = target.context_of(STRANGER)
    with target.under_attack(f"{asked} streams, {fields.__name__.replace('_', ' ')}") as figures:
        figures["opened"] = max(open_streams(target, stranger, connections, fields) for _ in range(ROUNDS))
    # They are counted when a connection has been read: while the last are, each loop may read a connection.
    assert figures["opened"] < MAX_STREAMS + os.cpu_count() * len(STREAMS)
    # Else it would be no attack.
    assert fields is not no_more_fields or figures["opened"] >= MAX_STREAMS
