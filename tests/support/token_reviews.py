"""An API server's TokenReview with faults that a real one has only by chance: it hangs, counts, answers nonsense."""

import base64
import http.server
import json
import ssl
import threading

from support.processes import TIMEOUT


def unsigned_token(name, issuer="https://kubernetes.default.svc", **claims):
    """What looks like a ServiceAccount token: whether it is one only the API server could tell. `claims`: `exp` and such."""

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part({'iss': issuer, 'sub': name, **claims})}.{part('signature of ' + name)}"


class TokenReviews:
    """Knows `accounts`: {token: username}; anything else is refused. `with` starts and ends it."""

    def __init__(self, certificates, accounts, audience="credential-broker"):
        self.accounts = accounts
        self.body = None  # answered in place of a review, where set
        self.reviewed = []  # the tokens that were asked about, in order
        self._gate = threading.Event()
        self._gate.set()
        self._changed = threading.Condition()
        self._errors = []  # of the server's threads, which only print them
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                try:
                    body = owner._answer(self.path, self.headers["authorization"], request, audience)
                except Exception as error:
                    owner._errors.append(error)
                    raise
                self.send_response(201)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        files = certificates.server_files(mutual=False)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["cert_file"], files["key_file"])
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def _answer(self, path, authorization, request, audience):
        assert path == "/apis/authentication.k8s.io/v1/tokenreviews"
        assert authorization == "Bearer the-brokers-own"
        assert request["kind"] == "TokenReview" and request["spec"]["audiences"] == [audience]
        token = request["spec"]["token"]
        with self._changed:
            self.reviewed.append(token)
            self._changed.notify_all()
        self._gate.wait(TIMEOUT)
        if self.body is not None:
            return self.body
        status: dict[str, object] = {"error": "[invalid bearer token]"}
        if token in self.accounts:
            status = {"authenticated": True, "user": {"username": self.accounts[token]}, "audiences": [audience]}
        return json.dumps({**request, "status": status}).encode()

    def hang(self, hang=True):
        (self._gate.clear if hang else self._gate.set)()

    def await_reviews(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.reviewed) >= count, TIMEOUT), self.reviewed

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.hang(False)
        self._server.shutdown()
        self._server.server_close()
        if self._errors:
            raise self._errors[0]
