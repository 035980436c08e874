"""A process that completes TLS handshakes with a client certificate, each on a connection of its own, as fast as it can. An
attack runs several, since one interpreter would be the bottleneck.

usage: handshakes.py SECONDS ADDRESS CA CERT KEY SOURCE…

SOURCE: the local addresses that it connects from. Prints a line of JSON at the end.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

from support.processes import TIMEOUT
from support.raw_h2 import connect, tls_context
from support.threads import CheckedThread

# While one waits for the broker, others go on.
THREADS = 4


class Handshakes:
    """Such a process, as a test sees it."""

    def __init__(self, seconds, address, ca_file, client, sources):
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(seconds), address, ca_file, client.cert, client.key, *sources],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[1])},
        )

    def finish(self):
        """Waits for its end: {completed, failures}, how many handshakes were completed and why others were not."""
        out, _ = self._process.communicate(timeout=2 * TIMEOUT)
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def failure_of_handshake(address, context, source):
    """None: it was completed."""
    try:
        with context.wrap_socket(connect(address, source), server_hostname="localhost") as tls:
            # The first byte of SETTINGS: the broker has verified the certificate.
            return None if tls.recv(1) else "closed"
    except OSError as error:
        return str(error)


def main(seconds, address, ca_file, cert, key, *sources):
    context = tls_context(ca_file)
    context.load_cert_chain(cert, key)
    deadline = time.monotonic() + float(seconds)
    outcomes = []

    def attack(first):
        number = first
        while time.monotonic() < deadline:
            outcomes.append(failure_of_handshake(address, context, sources[number % len(sources)]))
            number += 1

    threads = [CheckedThread(lambda first=first: attack(first)) for first in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failures = [outcome for outcome in outcomes if outcome is not None]
    print(json.dumps({"completed": len(outcomes) - len(failures), "failures": failures[:10]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
