"""The stand-in for InvestSuite, as its own process over real HTTPS."""

import base64
import http.client
import json
import ssl
import urllib.parse

from support.processes import TIMEOUT, Process

ACCESS_KEY_ID = "canary-key-id-5f1c"
SECRET_ACCESS_KEY = "canary-secret-key-9b27"


class SandboxControl:
    """Counters and faults of a running sandbox, over its own HTTPS listener."""

    def __init__(self, url, ca_file):
        self._host = urllib.parse.urlparse(url)
        self._ca_file = str(ca_file)
        # Kept open, so that faults can be ended while new connections are refused.
        self._control = self._connect(TIMEOUT)

    def _connect(self, timeout):
        context = ssl.create_default_context(cafile=self._ca_file)
        connection = http.client.HTTPSConnection(
            self._host.hostname, self._host.port or 443, context=context, timeout=timeout
        )
        connection.connect()
        return connection

    def request(self, method, path, body=None, headers=None, timeout=TIMEOUT):
        """One request: (status, parsed JSON or None, headers)."""
        connection = self._connect(timeout)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            try:
                parsed = json.loads(text) if text else None
            except ValueError:
                parsed = None
            return answer.status, parsed, answer.headers
        finally:
            connection.close()

    def _ask_control(self, method, path, body=None, timeout=TIMEOUT):
        """One request on the connection that is kept open, which the sandbox closes when it is idle for a minute."""
        self._control.sock.settimeout(timeout)
        self._control.request(method, path, body, {"Content-Type": "application/json"})
        answer = self._control.getresponse()
        return answer.status, answer.read()

    def set_faults(self, **faults):
        status, body = self._ask_control("PUT", "/sandbox/faults", json.dumps(faults))
        assert status == 200, (status, body)

    def wait_refusing(self, timeout, **counters):
        """As wait_for, also while new connections are refused. Returns whether the counters were reached in time."""
        query = urllib.parse.urlencode({**counters, "timeout": f"{timeout}s"})
        status, body = self._ask_control("GET", f"/sandbox/wait?{query}", timeout=timeout + TIMEOUT)
        assert status in (200, 408), (status, body)
        return status == 200

    def accepts(self, token):
        """Whether the API takes this access token now."""
        status, _, _ = self.request("GET", "/users/", headers={"Authorization": f"Bearer {token}"})
        return status == 200

    def stats(self):
        status, body, _ = self.request("GET", "/sandbox/stats")
        assert status == 200, (status, body)
        return body

    def wait_for(self, timeout=TIMEOUT, **counters):
        """Waits until each counter has reached its value."""
        query = urllib.parse.urlencode({**counters, "timeout": f"{int(timeout)}s"})
        status, body, _ = self.request("GET", f"/sandbox/wait?{query}", timeout=timeout + 10)
        assert status == 200, (status, body)
        return body


class Sandbox(Process, SandboxControl):
    """`faults` are flags by their names: Sandbox(tmp, lifetime=6, login_status=503)."""

    def __init__(self, folder, listen="127.0.0.1:0", **faults):
        self.ca_file = folder / "sandbox-ca.pem"
        Process.__init__(
            self,
            "sandbox",
            "--listen", listen,
            "--ca-out", self.ca_file,
            "--access-key-id", ACCESS_KEY_ID,
            "--secret-access-key", SECRET_ACCESS_KEY,
            *fault_flags(faults),
        )  # fmt: skip
        self.base_url = self.wait_event("serving")["base_url"]
        SandboxControl.__init__(self, self.base_url, self.ca_file)


def expiry_of(token):
    """The `exp` of one of the sandbox's JWTs: it expires within the second after it."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]


def fault_flags(faults):
    return [f"--{name.replace('_', '-')}={_text(value)}" for name, value in faults.items()]


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
