"""Clients that never authenticate: what their handshakes cost in time and memory, sustained for half a minute."""

import collections
import contextlib
import ssl
import struct
import threading

import pytest

from support.attack_target import ATTACKERS, FLOODED_P99_MS, SUSTAINED_P99_MS, keep_attacking, new_callers
from support.processes import sanitized
from support.raw_h2 import PREFACE, connect

# A handshake message of 128 KiB is announced, and nothing of it sent.
NINE_BYTES = bytes.fromhex("160301000401020144")

X25519, P256, FFDHE8192 = 29, 23, 0x0104
HANDSHAKE = 22
MAX_RECORD = 16384


def vector(size_bytes, data):
    return len(data).to_bytes(size_bytes, "big") + data


def extension(kind, data):
    return struct.pack(">H", kind) + vector(2, data)


def record(kind, payload):
    return bytes([kind]) + b"\x03\x03" + vector(2, payload)


def client_hello_for(group, key_share, more_extensions=b""):
    """A ClientHello of TLS 1.3 that offers one group alone."""
    extensions = b"".join(
        [
            extension(10, vector(2, struct.pack(">H", group))),  # supported_groups
            extension(13, vector(2, bytes.fromhex("040308040401"))),  # signature_algorithms
            extension(16, vector(2, vector(1, b"h2"))),  # ALPN
            extension(43, vector(1, bytes.fromhex("0304"))),  # supported_versions
            extension(51, vector(2, struct.pack(">H", group) + vector(2, key_share))),
            more_extensions,
        ]
    )
    ciphers = bytes.fromhex("130113021303")
    body = b"\x03\x03" + bytes(32) + vector(1, b"") + vector(2, ciphers) + vector(1, b"\0") + vector(2, extensions)
    return record(HANDSHAKE, b"\x01" + vector(3, body))


def recorded_client_hello(context):
    """What an ordinary client sends first."""
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


class Held:
    """Connections of the attack, of which the newest `limit` stay open."""

    def __init__(self, target, limit, sources):
        self._target, self._limit, self._sources = target, limit, sources
        self._open = collections.deque()
        self.count = 0

    def send(self, data):
        """A new connection that sends `data` and then nothing."""
        if len(self._open) >= self._limit:
            self._open.popleft().close()
        # The broker may close it before, or while, it sends.
        with contextlib.suppress(OSError):
            raw = connect(self._target.broker.address, source=self._sources[self.count % len(self._sources)])
            self._open.append(raw)
            self.count += 1
            raw.sendall(data)

    def close(self):
        while self._open:
            self._open.pop().close()


def sustain(target, name, data, limit, sources, p99_ms, pause=0.0, **bounds):
    """Opens connections that send `data`, for as long as an attack lasts, one each `pause` seconds or as fast as it
    goes. New callers are served meanwhile."""
    waiting = threading.Event()
    with target.under_attack(name, p99_ms=p99_ms, **bounds) as figures, new_callers(target):
        held = Held(target, limit, sources)
        for _ in keep_attacking():
            held.send(data)
            if pause:
                waiting.wait(pause)
        held.close()
    print(f"{name}: {held.count} connections")
    return held.count, figures


def test_a_recorded_client_hello_for_ffdhe8192(target):
    """50 a second; with that group each would cost the broker 93 ms of CPU, both cores in all."""
    data = client_hello_for(FFDHE8192, (2).to_bytes(1024, "big"))
    count, figures = sustain(
        target, "ffdhe8192, 50/s", data, limit=50, sources=ATTACKERS[:1], p99_ms=SUSTAINED_P99_MS, pause=0.02
    )
    assert count >= 50
    if not sanitized():
        # The new callers' handshakes included.
        assert figures["cpu_seconds"] < 1 + count * 0.005 + figures["steady"]["calls"] * 0.0005, figures


@pytest.mark.parametrize(("limit", "sources"), [(1000, ATTACKERS[:1]), (4000, ATTACKERS)])
def test_announced_client_hellos(target, limit, sources):
    """Nine bytes each, of one address and of four; they would hold 150 KB each."""
    name = f"{limit} announced ClientHellos"
    count, _ = sustain(target, name, NINE_BYTES, limit, sources, p99_ms=SUSTAINED_P99_MS)
    assert count >= limit or sanitized()


@pytest.mark.parametrize("sources", [ATTACKERS[:1], ATTACKERS])
def test_a_flood_of_client_hellos(target, sources):
    """Good ones, whose handshakes are left at that."""
    data = recorded_client_hello(target.context)
    name = f"ClientHellos of {len(sources)} addresses"
    count, _ = sustain(target, name, data, 1000, sources, p99_ms=FLOODED_P99_MS)
    assert count >= 1000 or sanitized()


def test_a_flood_of_silent_connections(target):
    count, _ = sustain(target, "silent connections", b"", 4000, ATTACKERS, p99_ms=FLOODED_P99_MS)
    assert count >= 4000 or sanitized()


def test_prefaces_that_do_not_end_over_plaintext(open_target):
    count, _ = sustain(
        open_target, "half a preface", PREFACE[:20], 4000, ATTACKERS, p99_ms=SUSTAINED_P99_MS
    )
    assert count >= 4000 or sanitized()


def largest_client_hello(size):
    """A ClientHello of TLS 1.2 of at most `size` bytes, filled with what makes the broker hold the most: as many cipher
    suites and OCSP responders as it takes, and ALPN, of which OpenSSL keeps a copy."""
    responders = vector(2, bytes.fromhex("a1023000")) * 20

    def body(names):
        extensions = b"".join(
            [
                extension(5, b"\x01" + vector(2, responders) + vector(2, b"")),
                extension(10, vector(2, struct.pack(">HH", X25519, P256))),
                extension(13, vector(2, bytes.fromhex("040308040401"))),
                extension(16, vector(2, vector(1, b"h2") + names)),
            ]
        )
        ciphers = bytes.fromhex("c02b") * 128
        return b"\x03\x03" + bytes(32) + vector(1, b"") + vector(2, ciphers) + vector(1, b"\0") + vector(2, extensions)

    room = size - len(body(b""))
    hello = body(vector(1, bytes(255)) * (room // 256) + vector(1, bytes(room % 256 - 1)) * (room % 256 > 1))
    assert size - 2 < len(hello) <= size
    return record(HANDSHAKE, b"\x01" + vector(3, hello))


def test_handshakes_in_their_largest_state(target):
    """As many connections as may be in their handshake, of which each has made the broker hold as much as it can: a
    ClientHello of 8 KiB, half a list of certificates, half a record."""
    certificates = b"\x0b" + (16300).to_bytes(3, "big") + bytes(15996)
    halves = record(HANDSHAKE, certificates) + record(HANDSHAKE, bytes(300))[:-1]
    sustain(
        target,
        "large handshakes",
        largest_client_hello(8192) + halves,
        1000,
        ATTACKERS,
        p99_ms=SUSTAINED_P99_MS,
        grown_mb=64,
    )


def test_lists_of_cas_in_client_hellos(target):
    """OpenSSL would hold 440 KB for each, as X509_NAME objects."""
    data = client_hello_for(X25519, b"\x09" + bytes(31), extension(47, vector(2, bytes.fromhex("00023000") * 1990)))
    sustain(target, "lists of CAs", data, 1000, ATTACKERS, p99_ms=SUSTAINED_P99_MS, pause=0.005, grown_mb=64)
