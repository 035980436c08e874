"""Clients that ask and are gone before the response is written. Their sockets hold bytes that nobody has read, so that the
kernel resets the connection: a client that is killed does the same by accident."""

import contextlib

from support.attack_target import SUSTAINED_P99_MS, keep_attacking
from support.broker import SERVICE
from support.processes import sanitized
from support.raw_h2 import ACK, DATA, SETTINGS, call, frame, header_frames, hello, message, request_block

STRANGER = "spiffe://prod/ns/elsewhere/sa/nobody"
STREAMS = range(1, 41, 2)
# Fewer would show little. The fault that this is about took 50 to 500 of them.
AT_LEAST = 100 if sanitized() else 1000

REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"


def reflection():
    """Streams whose responses are sent as the ones before have drained."""
    ask = message(b"\x22\x1dgrpc.reflection.v1.ServerRefl") * 8
    return b"".join(header_frames(s, request_block(REFLECTION)) + frame(DATA, 0, s, ask) for s in STREAMS)


# What each connection in turn asks for, in one write.
REQUESTS = {
    "health checks": call(1, "/grpc.health.v1.Health/Check"),
    "refused calls": call(1, f"/{SERVICE}/GetToken"),
    "watches": b"".join(call(s, f"/{SERVICE}/WatchToken") for s in STREAMS),
    "reflection": reflection(),
}


def ask_and_vanish(target, context, number):
    data = list(REQUESTS.values())[number % len(REQUESTS)]
    with contextlib.suppress(OSError), target.connect(context) as connection:
        connection.send(hello() + frame(SETTINGS, ACK) + data, reading=False)


def test_strangers_that_ask_and_vanish(target):
    """Any certificate of the CA is enough to get here; no rule of the configuration allows this one anything."""
    stranger = target.context_of(STRANGER)
    with target.under_attack("ask and vanish, mutual TLS", p99_ms=SUSTAINED_P99_MS) as figures:
        for number in keep_attacking():
            ask_and_vanish(target, stranger, number)
    assert figures["connections"] >= AT_LEAST


def test_clients_that_ask_and_vanish_over_plaintext(open_target):
    with open_target.under_attack("ask and vanish, plaintext", p99_ms=SUSTAINED_P99_MS) as figures:
        for number in keep_attacking():
            ask_and_vanish(open_target, None, number)
    assert figures["connections"] >= AT_LEAST
