"""An API server's TokenReview with faults that a real one has only by chance: it hangs, counts, answers nonsense."""

import base64
import json
import threading

from support.json_server import JsonServer
from support.processes import TIMEOUT


def unsigned_token(name, issuer="https://kubernetes.default.svc", **claims):
    """What looks like a ServiceAccount token: whether it is one only the API server could tell. `claims`: `exp` and such."""

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part({'iss': issuer, 'sub': name, **claims})}.{part('signature of ' + name)}"


class TokenReviews(JsonServer):
    """Knows `accounts`: {token: username}; anything else is refused. `with` starts and ends it."""

    def __init__(self, certificates, accounts, audience="credential-broker"):
        super().__init__(certificates)
        self._audience = audience
        self.accounts = accounts
        self.body = None  # answered in place of a review, where set
        self.reviewed = []  # the tokens that were asked about, in order
        self._gate = threading.Event()
        self._gate.set()
        self._changed = threading.Condition()

    def answer(self, path, headers, request):
        assert path == "/apis/authentication.k8s.io/v1/tokenreviews"
        assert headers["authorization"] == "Bearer the-brokers-own"
        assert request["kind"] == "TokenReview" and request["spec"]["audiences"] == [self._audience]
        token = request["spec"]["token"]
        with self._changed:
            self.reviewed.append(token)
            self._changed.notify_all()
        self._gate.wait(TIMEOUT)
        if self.body is not None:
            return 201, self.body
        status: dict[str, object] = {"error": "[invalid bearer token]"}
        if token in self.accounts:
            status = {"authenticated": True, "user": {"username": self.accounts[token]}, "audiences": [self._audience]}
        return 201, json.dumps({**request, "status": status}).encode()

    def hang(self, hang=True):
        (self._gate.clear if hang else self._gate.set)()

    def await_reviews(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.reviewed) >= count, TIMEOUT), self.reviewed

    def __exit__(self, *_):
        self.hang(False)
        super().__exit__()
