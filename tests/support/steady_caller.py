"""A caller that asks for a token again and again on one connection, as a process of its own: what it suffers from an
attack is the broker's doing, not that of the attacker's interpreter.

usage: steady_caller.py ADDRESS [CA CERT KEY]

Says "ready" after the first answer. Ends when its standard input does, with a line of JSON.
"""

import json
import pathlib
import select
import subprocess
import sys
import time

INTERVAL = 0.005


class SteadyCaller:
    """Such a process, as a test sees it."""

    def __init__(self, address, client=None, ca_file=None):
        files = [] if client is None else [ca_file, client.cert, client.key]
        self._process = subprocess.Popen(
            [sys.executable, __file__, address, *map(str, files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    @property
    def pid(self):
        return self._process.pid

    def finish(self):
        """{calls, failures, p50_ms, p99_ms, max_ms, scheduled_p99_ms}. The last is of calls that begin every INTERVAL whether or
        not those before have ended: what waits for one slow call of ours counts too."""
        out, _ = self._process.communicate(timeout=60)
        return json.loads(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def percentile_ms(sorted_seconds, part):
    return round(sorted_seconds[min(len(sorted_seconds) - 1, int(len(sorted_seconds) * part))] * 1000, 2)


def scheduled(took):
    """The times of `took`, and those of the calls that would have begun meanwhile."""
    return [seconds - number * INTERVAL for seconds in took for number in range(int(seconds / INTERVAL) + 1)]


def call_until_stdin_ends(call):
    took, failures = [], []
    ended = False
    while not ended:
        start = time.monotonic()
        try:
            call()
        except Exception as error:  # whatever it is, the test has to hear of it
            failures.append(str(error))
        took.append(time.monotonic() - start)
        ended = bool(select.select([sys.stdin], [], [], INTERVAL)[0])
    took.sort()
    return {
        "calls": len(took),
        "failures": failures[:10],
        "p50_ms": percentile_ms(took, 0.5),
        "p99_ms": percentile_ms(took, 0.99),
        "max_ms": percentile_ms(took, 1),
        "scheduled_p99_ms": percentile_ms(sorted(scheduled(took)), 0.99),
    }


def main(address, *files):
    import grpc

    from support.broker import pb, pb_grpc

    if files:
        ca, cert, key = (pathlib.Path(file).read_bytes() for file in files)
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(ca, key, cert))
    else:
        channel = grpc.insecure_channel(address)
    with channel:
        stub = pb_grpc.CredentialBrokerServiceStub(channel)
        stub.GetToken(pb.GetTokenRequest(), timeout=60, wait_for_ready=True)
        print("ready", flush=True)
        print(json.dumps(call_until_stdin_ends(lambda: stub.GetToken(pb.GetTokenRequest(), timeout=10))), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    main(*sys.argv[1:])
