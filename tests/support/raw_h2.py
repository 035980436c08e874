"""HTTP/2 by hand, so that a test may break every rule: frames as bytes, on a plain socket or over TLS."""

import select
import socket
import ssl
import struct
import time

from support.processes import TIMEOUT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4

CANCEL = 0x8
ENHANCE_YOUR_CALM = 0xB

MAX_FRAME = 16384
MAX_WINDOW = 0x7FFFFFFF


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def hello(**settings):
    """The preface and SETTINGS; by their names: initial_window_size=0."""
    codes = {"header_table_size": 1, "max_concurrent_streams": 3, "initial_window_size": 4, "max_frame_size": 5}
    payload = b"".join(struct.pack(">HI", codes[name], value) for name, value in settings.items())
    return PREFACE + frame(SETTINGS, payload=payload)


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def rst_stream(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


# ---- HPACK (RFC 7541), without Huffman coding ---------------------------------------------------------------


def _integer(prefix_bits, flags, value):
    most = (1 << prefix_bits) - 1
    if value < most:
        return bytes([flags | value])
    coded = bytearray([flags | most])
    value -= most
    while value >= 128:
        coded.append(value % 128 + 128)
        value //= 128
    coded.append(value)
    return bytes(coded)


def _string(text):
    return _integer(7, 0, len(text)) + text


def literal(name, value, indexed=False):
    """A field with a new name; `indexed`: it also enters the table, as its first entry (62)."""
    return (b"\x40" if indexed else b"\x00") + _string(name) + _string(value)


def reference(index):
    """A field that the table has: one byte on the wire."""
    return _integer(7, 0x80, index)


def request_block(path, *fields):
    """The header block of a gRPC call."""
    pseudo = b"\x83\x87" + _integer(4, 0, 4) + _string(path.encode()) + literal(b":authority", b"test")
    protocol = literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers")
    return pseudo + protocol + b"".join(fields)


def header_frames(stream, block, flags=0):
    """HEADERS, and CONTINUATION for what one frame does not hold."""
    parts = [block[at : at + MAX_FRAME] for at in range(0, len(block), MAX_FRAME)] or [b""]
    kinds = [HEADERS] + [CONTINUATION] * (len(parts) - 1)
    frames = []
    for number, (kind, part) in enumerate(zip(kinds, parts, strict=True)):
        last = END_HEADERS if number == len(parts) - 1 else 0
        frames.append(frame(kind, last | (flags if kind == HEADERS else 0), stream, part))
    return b"".join(frames)


def message(body=b""):
    """A gRPC length-prefixed message."""
    return b"\0" + struct.pack(">I", len(body)) + body


def call(stream, path, body=b"", *fields):
    """A whole unary call."""
    return header_frames(stream, request_block(path, *fields)) + frame(DATA, END_STREAM, stream, message(body))


# ---- connections -------------------------------------------------------------------------------------------


def tls_context(ca_file=None, client=None):
    """For a client with the certificate of `client` (ClientFiles), or none. Trusts `ca_file`, or the CA that `client` names."""
    if ca_file is None:
        context = ssl.create_default_context(cadata=client.ca_pem.decode())
    else:
        context = ssl.create_default_context(cafile=str(ca_file))
    context.set_alpn_protocols(["h2"])
    if client is not None:
        context.load_cert_chain(client.cert, client.key)
    return context


def connect(address, source=None, receive_buffer=None):
    """A connected socket; `source`: the local address, of the family of `address`; `receive_buffer`: bytes."""
    if address.startswith("unix:"):
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(TIMEOUT)
        raw.connect(address.removeprefix("unix:"))
        return raw
    host, _, port = address.rpartition(":")
    raw = socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET)
    raw.settimeout(TIMEOUT)
    if receive_buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source is not None:
        raw.bind((source, 0))
    raw.connect((host.strip("[]"), int(port)))
    return raw


def shown_certificate(address, client):
    """The certificate that a new connection is shown, DER."""
    with tls_context(client=client).wrap_socket(connect(address), server_hostname="localhost") as tls:
        return tls.getpeercert(binary_form=True)


class RawConnection:
    """One connection; nothing is sent or read but by these calls. `context` None: plaintext. `connected`: a socket that is
    connected to the address already."""

    def __init__(self, address, context=None, source=None, receive_buffer=None, connected=None):
        self._socket = connected or connect(address, source, receive_buffer)
        if context is not None:
            self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._socket.setblocking(False)
        self._unparsed = bytearray()
        self._frames = []
        self.closed = False  # by the peer, or broken

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, data, timeout=TIMEOUT, reading=True):
        """Sends all of it as fast as the peer takes it, reading meanwhile where `reading`; how much of it went out
        before the connection or the time ended."""
        return self._pump(memoryview(data), lambda: False, timeout, reading)

    def read_until(self, done, timeout=TIMEOUT):
        """Reads until `done()`, or the end of the connection or of the time."""
        self._pump(memoryview(b""), done, timeout, True)
        return done()

    def read(self):
        """Reads what is there."""
        self._attempt(self._read, ([], []))

    def take(self, size):
        """Takes at most `size` bytes, if there are any, and throws them away."""
        self._attempt(lambda: self._socket.recv(size), ([], []))

    def _pump(self, data, done, timeout, reading):
        deadline = time.monotonic() + timeout
        sent = 0
        sending = len(data) > 0
        while not self.closed and not done() and (not sending or sent < len(data)):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            wants = [], []
            if sent < len(data):
                sent += self._attempt(lambda sent=sent: self._socket.send(data[sent : sent + 65536]), wants) or 0
            if reading and not self.closed:
                self._attempt(self._read, wants)
            waiting = not sending or sent < len(data)
            if waiting and not self.closed and wants[0] + wants[1] and not done():
                select.select(wants[0], wants[1] if sent < len(data) else [], [], min(left, 1.0))
        return sent

    def _read(self):
        chunk = self._socket.recv(65536)
        if not chunk:
            self.closed = True
        self._unparsed += chunk

    def _attempt(self, operation, wants):
        try:
            return operation()
        except (ssl.SSLWantReadError, BlockingIOError):
            wants[0].append(self._socket)
            wants[1].append(self._socket)
        except ssl.SSLWantWriteError:
            wants[1].append(self._socket)
        except OSError:
            self.closed = True
        return None

    def frames(self):
        """What has been read, as (kind, flags, stream, payload)."""
        at, data = 0, self._unparsed
        while at + 9 <= len(data):
            end = at + 9 + int.from_bytes(data[at : at + 3], "big")
            if end > len(data):
                break
            self._frames.append((*struct.unpack(">BBI", data[at + 3 : at + 9]), bytes(data[at + 9 : end])))
            at = end
        del data[:at]
        return self._frames

    def goaway(self, timeout=TIMEOUT):
        """(code, text) of the first GOAWAY that names an error; None: the connection ended without."""
        found = []

        def seen():
            found.extend(
                (int.from_bytes(payload[4:8], "big"), payload[8:].decode())
                for kind, _, _, payload in self.frames()
                if kind == GOAWAY and payload[4:8] != b"\0\0\0\0"
            )
            return bool(found)

        self.read_until(seen, timeout)
        return found[0] if found else None

    def answers(self):
        """The streams whose answers are whole: END_STREAM has come."""
        return {stream for kind, flags, stream, _ in self.frames() if kind in (DATA, HEADERS) and flags & END_STREAM}

    def await_close(self, timeout=TIMEOUT):
        self.read_until(lambda: False, timeout)
        return self.closed
