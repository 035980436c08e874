"""Programs that call a broker with gRPC's own retries, as docs/configuration.md says, until a test ends them."""

import json
import subprocess

from support.broker import SERVICE
from support.processes import TIMEOUT


def service_config(policy):
    """As docs/configuration.md has it for callers."""
    retry = {
        "maxAttempts": 5,
        "initialBackoff": "0.1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return json.dumps(
        {
            "loadBalancingConfig": [{policy: {}}],
            "methodConfig": [{"name": [{"service": SERVICE}], "retryPolicy": retry}],
        }
    )


class RetryingCaller:
    """A client program that calls until its standard input ends, then says what it saw."""

    def __init__(self, command, env=None):
        self._process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "calling\n", self._process.communicate()

    def end(self):
        output, errors = self._process.communicate(timeout=TIMEOUT)
        seen = json.loads(output)
        seen["errors"] = errors
        return seen
