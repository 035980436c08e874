"""A TLS relay before the sandbox that records all that the broker and InvestSuite tell each other, secrets included."""

import contextlib
import re
import select
import socket
import ssl
import threading
import urllib.parse

from support.certificates import Certificates
from support.processes import TIMEOUT
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY

SECRET = re.compile(rb'"(access_key_id|secret_access_key|access_token|refresh_token|token)"\s*:\s*"([^"\\]{12,})"')


class RecordingRelay:
    """Stands in for the sandbox in a configuration: `base_url` and `ca_file`. `with` starts and ends it."""

    def __init__(self, folder, sandbox):
        certificates = Certificates(folder, "a CA of the relay")
        files = certificates.server_files(mutual=False, name="relay")
        self.ca_file = certificates.ca
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.load_cert_chain(files["cert_file"], files["key_file"])
        self._client = ssl.create_default_context(cafile=str(sandbox.ca_file))
        target = urllib.parse.urlparse(sandbox.base_url)
        self._target = (target.hostname, target.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._recorded = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def secrets(self, *fields):
        """The values that were sent in these fields of JSON bodies; of all fields where none is named."""
        with self._lock:
            text = b"\n".join(bytes(each) for each in self._recorded)
        found = {(name.decode(), value.decode()) for name, value in SECRET.findall(text)}
        return {value for name, value in found if not fields or name in fields}

    def canaries(self):
        """All that no log, page or file may hold."""
        return {ACCESS_KEY_ID, SECRET_ACCESS_KEY, *self.secrets()}

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(connection,), daemon=True).start()

    def _relay(self, connection):
        # A peer that breaks off is a fault that tests ask for.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            connection.settimeout(TIMEOUT)
            broker = stack.enter_context(self._server.wrap_socket(connection, server_side=True))
            upstream = socket.create_connection(self._target, timeout=TIMEOUT)
            sandbox = stack.enter_context(self._client.wrap_socket(upstream, server_hostname=self._target[0]))
            self._pump(broker, sandbox)

    def _pump(self, broker, sandbox):
        """Relays both ways until one side ends. By one thread: an SSLSocket is not for two at once."""
        sides = {broker: (sandbox, bytearray()), sandbox: (broker, bytearray())}
        with self._lock:
            self._recorded += [record for _, record in sides.values()]
        while True:
            buffered = [side for side in sides if side.pending()]
            for source in buffered or select.select(list(sides), [], [], TIMEOUT)[0]:
                sink, record = sides[source]
                source.settimeout(0)
                try:
                    piece = source.recv(65536)
                except ssl.SSLWantReadError:  # a message of TLS itself
                    continue
                if not piece:
                    return
                with self._lock:
                    record += piece
                sink.settimeout(TIMEOUT)
                sink.sendall(piece)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
