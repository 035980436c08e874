"""An HTTPS server that answers POST requests with JSON, for stand-ins that a test scripts in Python."""

import http.server
import json
import ssl
import threading


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


class JsonServer:
    """Subclasses answer requests. `with` starts and ends it, and raises what went wrong in its threads."""

    def __init__(self, certificates):
        self._errors = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                try:
                    status, body = owner.answer(self.path, self.headers, request)
                except Exception as error:
                    owner._errors.append(error)
                    raise
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        files = certificates.server_files(mutual=False)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["cert_file"], files["key_file"])
        # The thread of the connection does the handshake, so that a slow one holds up no other.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def answer(self, path, headers, request):
        """(status, body) for one request, which is parsed already; called by one thread a connection."""
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        if self._errors:
            raise self._errors[0]
