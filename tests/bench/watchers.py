"""Many streams of WatchToken at once, by the Go client that costs less than the servers."""

import json
import queue
import subprocess
import threading

from servers import WATCH_CLIENT, caller_flags


class Refused(Exception):
    """The server ended a stream."""


class Watchers:
    """`streams` over `connections`, each with its first message."""

    def __init__(self, server, pair, connections, streams, timeout=120):
        self._process = subprocess.Popen(
            [WATCH_CLIENT, *caller_flags(server.address, pair), "-connections", str(connections), "-streams",
             str(streams)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.ready = self.next(timeout)
        except Exception:
            self.close()
            raise

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def next(self, timeout=60):
        """The next message that has come to all streams."""
        line = self._lines.get(timeout=timeout)
        if line is None:
            raise Refused(self._process.stderr.read().strip())
        return line

    def close(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
