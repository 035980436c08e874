"""InvestSuite's login as a test scripts it, for what tests/support/sandbox.py does not count: which keys each login sent."""

import datetime
import json
import threading

from support.json_server import JsonServer


class ScriptedInvestSuite(JsonServer):
    """Grants tokens of five minutes to logins with a key that `accepts(id, secret)`. Answers below any path: each base_url
    with a path of its own is another account."""

    def __init__(self, certificates, accepts=lambda key_id, secret: True):
        super().__init__(certificates)
        self._accepts = accepts
        self._lock = threading.Lock()
        self.logins = []  # (path, id, secret) of each, in order

    def answer(self, path, headers, request):
        assert path.endswith("/auth/login/"), path
        key = request["access_key_id"], request["secret_access_key"]
        with self._lock:
            self.logins.append((path.removesuffix("/auth/login/"), *key))
            number = len(self.logins)
        if not self._accepts(*key):
            now = datetime.datetime.now(datetime.UTC).isoformat()
            error = {"title": "Unauthorized", "description": "not known", "request_id": str(number), "timestamp": now}
            return 401, json.dumps(error).encode()
        grant = {"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": "300", "refresh_token": f"r-{number}"}
        return 200, json.dumps(grant).encode()
