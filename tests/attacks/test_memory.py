"""Callers with a certificate that make the broker hold what they do not take."""

import threading
import time

from support.attack_target import SUSTAINED_P99_MS, SUSTAINED_SECONDS
from support.raw_h2 import ACK, DATA, MAX_WINDOW, SETTINGS, frame, header_frames, hello, message, request_block, window_update

REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
STREAMS = range(1, 200, 2)  # as many as a connection may have
# The file with the largest descriptor, and a name that is not found, which comes back twice.
FILE = message(b"\x1a\x20google/protobuf/descriptor.proto")
NO_SYMBOL = message(b"\x22\xf4\x07" + b"x" * 1012)

CONNECTIONS = 100
# A connection that takes less than the minimum rate is closed when six turns of 5 s have passed.
TOO_SLOW_SECONDS = 6 * 5


def open_windowless(target, question):
    """A connection whose 100 streams have a window of 0 each, and ask reflection."""
    block = request_block(REFLECTION)
    connection = target.connect()
    asks = b"".join(header_frames(s, block) + frame(DATA, 0, s, question) for s in STREAMS)
    connection.send(
        hello(initial_window_size=0) + window_update(0, MAX_WINDOW - 65535) + frame(SETTINGS, ACK) + asks, reading=False
    )
    return connection


def hold(target, question, increment):
    """Keeps 100 such connections for half a minute, each taking `increment` bytes every 2 s, and replaces those that
    are closed. Returns how many were closed."""
    deadline = time.monotonic() + SUSTAINED_SECONDS
    held = [open_windowless(target, question) for _ in range(CONNECTIONS)]
    closed = 0
    pause = threading.Event()
    while time.monotonic() < deadline:
        for number, connection in enumerate(held):
            connection.read()
            if increment and not connection.closed:
                connection.send(window_update(1, increment), timeout=0.1)
            if connection.closed:
                closed += 1
                connection.close()
                held[number] = open_windowless(target, question)
        pause.wait(2)
    for connection in held:
        connection.close()
    return closed


def test_streams_that_take_one_byte_every_two_seconds(target):
    """10,000 streams ask for descriptors of 7 KB and more: 94 MB, if each had its own copy."""
    with target.under_attack("1 byte every 2 s", p99_ms=SUSTAINED_P99_MS):
        hold(target, FILE, increment=1)


def test_windows_of_zero_hold_little(target):
    with target.under_attack("reflection, window 0", p99_ms=SUSTAINED_P99_MS):
        hold(target, NO_SYMBOL, increment=0)


def test_one_byte_every_two_seconds_does_not_keep_a_connection(target):
    with target.under_attack("1 byte every 2 s, few") as _:
        connection = open_windowless(target, FILE)
        started = time.monotonic()
        pause = threading.Event()
        while not connection.closed and time.monotonic() - started < TOO_SLOW_SECONDS + 15:
            connection.send(window_update(1, 1), timeout=0.1)
            connection.read()
            pause.wait(2)
        assert connection.closed
        connection.close()
