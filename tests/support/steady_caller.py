"""A caller that asks for a token again and again on one connection, as a process of its own: what it suffers from an
attack is not that of the attacker's interpreter. Between two calls it makes the same call to a broker that nobody attacks,
where there is one: what both suffer is the machine's doing.

usage: steady_caller.py ADDRESS IDLE_ADDRESS|- [CA CERT KEY]

Says "ready" after the first answer. Ends when its standard input does, with a line of JSON.
"""

import contextlib
import json
import pathlib
import select
import subprocess
import sys
import time

INTERVAL = 0.005


class SteadyCaller:
    """Such a process, as a test sees it."""

    def __init__(self, address, idle_address=None, client=None, ca_file=None):
        files = [] if client is None else [ca_file, client.cert, client.key]
        self._process = subprocess.Popen(
            [sys.executable, __file__, address, idle_address or "-", *map(str, files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    def finish(self):
        """{calls, failures, p50_ms, p99_ms, max_ms, scheduled_p99_ms, idle_p99_ms}. `scheduled` is of calls that begin every
        INTERVAL whether or not those before have ended: what waits for one slow call of ours counts too. `idle` is of the
        broker that nobody attacks."""
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


def call_until_stdin_ends(call, call_idle):
    took, took_idle, failures = [], [], []

    def measure(call, took):
        start = time.monotonic()
        try:
            call()
        except Exception as error:  # whatever it is, the test has to hear of it
            failures.append(str(error))
        took.append(time.monotonic() - start)

    ended = False
    while not ended:
        measure(call, took)
        if call_idle:
            measure(call_idle, took_idle)
        ended = bool(select.select([sys.stdin], [], [], INTERVAL)[0])
    took.sort()
    took_idle.sort()
    return {
        "calls": len(took),
        "failures": failures[:10],
        "p50_ms": percentile_ms(took, 0.5),
        "p99_ms": percentile_ms(took, 0.99),
        "max_ms": percentile_ms(took, 1),
        "scheduled_p99_ms": percentile_ms(sorted(scheduled(took)), 0.99),
        **({"idle_p99_ms": percentile_ms(took_idle, 0.99)} if took_idle else {}),
    }


def main(address, idle_address, *files):
    import grpc  # noqa: PLC0415

    from support.broker import pb, pb_grpc  # noqa: PLC0415

    if files:
        ca, cert, key = (pathlib.Path(file).read_bytes() for file in files)
        credentials = grpc.ssl_channel_credentials(ca, key, cert)
    else:
        credentials = None

    @contextlib.contextmanager
    def caller_of(address):
        with grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address) as channel:
            stub = pb_grpc.CredentialBrokerServiceStub(channel)
            stub.GetToken(pb.GetTokenRequest(), timeout=60, wait_for_ready=True)
            yield lambda: stub.GetToken(pb.GetTokenRequest(), timeout=10)

    with caller_of(address) as call, contextlib.nullcontext() if idle_address == "-" else caller_of(idle_address) as call_idle:
        print("ready", flush=True)
        print(json.dumps(call_until_stdin_ends(call, call_idle)), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    main(*sys.argv[1:])
