"""Debian's Chromium without a window, driven by its DevTools protocol over a pair of pipes."""

import base64
import json
import os
import select
import subprocess
import tempfile
import threading

from support.processes import TIMEOUT

CHROMIUM = os.environ.get("CHROMIUM", "chromium")


class Browser:
    def __init__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="credential-broker-chromium-")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        # The protocol has its pipes at 3 and 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{to_write}', "bash", CHROMIUM, "--headless", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}"],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        # Its helpers have the same stderr: when that ends, all of them have.
        self._all_end = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._all_end.start()
        os.close(to_read)
        os.close(to_write)
        self._received = b""
        self._calls = 0
        self._session = None
        self.messages = []  # what pages wrote to the console, and what went wrong in them
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._all_end.join(TIMEOUT)
        self._process.stderr.close()
        self._profile.cleanup()

    def open(self, url, scheme, width=1100, height=900):
        """Loads a page as a person sees it who prefers `scheme`: "light" or "dark"."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._call("Page.navigate", url=url)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def run(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screenshot(self, path):
        picture = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def _call(self, method, **params):
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": params}
        if self._session is not None:
            call["sessionId"] = self._session
        os.write(self._to, json.dumps(call).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == self._calls:
                assert "error" not in message, (method, message["error"])
                return message["result"]

    def _next(self):
        while b"\0" not in self._received:
            assert select.select([self._from], [], [], TIMEOUT)[0], "the browser says nothing"
            more = os.read(self._from, 1 << 16)
            assert more, "the browser has ended"
            self._received += more
        message, self._received = self._received.split(b"\0", 1)
        message = json.loads(message)
        if message.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.messages.append(message)
        return message
