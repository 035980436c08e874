"""The command grpcurl, a caller that knows a broker only by its reflection service."""

import os
import subprocess

from support.processes import TIMEOUT

GRPCURL = os.environ.get("GRPCURL", "grpcurl")


def grpcurl(*words, env=None):
    """What became of it, a CompletedProcess. `env`: variables besides those of the tests."""
    return subprocess.run(
        [GRPCURL, "-max-time", str(int(TIMEOUT)), *words],
        capture_output=True, text=True, check=False, timeout=2 * TIMEOUT, env={**os.environ, **(env or {})},
    )  # fmt: skip
