"""Certificates as a TLS client sees them, and HTTP/2 frames off a socket."""

import socket
import ssl

from support.processes import TIMEOUT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # and empty SETTINGS
GOAWAY = 7


def tls_context(client):
    context = ssl.create_default_context(cadata=client.ca_pem.decode())
    context.load_cert_chain(client.cert, client.key)
    context.set_alpn_protocols(["h2"])
    return context


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=TIMEOUT)


def shown_certificate(address, client):
    """The certificate that a new connection is shown, DER."""
    with tls_context(client).wrap_socket(connect(address), server_hostname="localhost") as tls:
        return tls.getpeercert(binary_form=True)


def frame_types(stream):
    """The types of all frames that come until the peer closes."""
    data = b""
    while chunk := stream.recv(65536):
        data += chunk
    types = []
    while len(data) >= 9:
        types.append(data[3])
        data = data[9 + int.from_bytes(data[:3], "big") :]
    return types
