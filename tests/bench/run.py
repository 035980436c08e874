"""The broker beside the yardsticks, in one run: calls/s, latency, and the server's CPU per call.

Servers take turns in every round, so that a busy machine is busy for all of them; each figure is the median of
the rounds. CPU per call is read from /proc/PID/stat before and after the load and is the figure to trust.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.broker import Broker, credential, write_config  # noqa: E402
from support.certificates import Certificates  # noqa: E402
from support.sandbox import Sandbox  # noqa: E402

TICKS = 100  # USER_HZ of Linux
TOKEN_BYTES = 520
LOAD_CLIENT = ROOT / "build/bench/load_client"
MUTUAL_TLS = [(8, 64), (1, 1)]  # connections, calls in flight
H2LOAD = [(8, 8), (64, 1), (1, 1)]  # connections, streams on each


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


class Yardstick:
    """A server of ours that writes its port into a file."""

    def __init__(self, folder, *command):
        port_file = folder / f"port-{len(list(folder.glob('port-*')))}"
        self._process = subprocess.Popen([command[0], port_file, *command[1:]])
        self.pid = self._process.pid
        deadline = time.monotonic() + 30
        while not port_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} did not start")
            time.sleep(0.01)
        self.address = f"127.0.0.1:{port_file.read_text()}"

    def close(self):
        self._process.kill()
        self._process.wait()


class Nghttpd:
    """Debian's nghttpd serving a file as long as a GetToken answer: the floor of this stack."""

    def __init__(self, folder, port, pair, size):
        (folder / "token").write_bytes(b"t" * size)
        self._process = subprocess.Popen(
            ["nghttpd", "-n", "2", "-d", folder, "-a", "127.0.0.1", str(port), pair["key"], pair["cert"]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self._process.pid
        self.address = f"127.0.0.1:{port}"

    def close(self):
        self._process.kill()
        self._process.wait()


def with_cpu(pid, command):
    before = cpu_seconds(pid)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed: {done.stderr[-500:]}{done.stdout[-500:]}")
    return done.stdout, cpu_seconds(pid) - before


def grpc_go_load(server, connections, in_flight, seconds, pair):
    output, cpu = with_cpu(server.pid, [
        LOAD_CLIENT, "-address", server.address, "-connections", str(connections), "-in-flight", str(in_flight),
        "-duration", f"{seconds}s", "-ca-file", pair["ca"], "-cert-file", pair["client_cert"],
        "-key-file", pair["client_key"],
    ])  # fmt: skip
    seen = json.loads(output)
    assert seen["failed"] == 0, seen
    return {"calls/s": seen["calls_per_second"], "p50 µs": seen["p50_us"], "p99 µs": seen["p99_us"],
            "CPU µs/call": cpu / seen["calls"] * 1e6}  # fmt: skip


def h2load(server, connections, streams, seconds, request):
    # No warm-up phase: it would spend CPU on calls that h2load does not count.
    output, cpu = with_cpu(server.pid, [
        "h2load", "-t", "1", "-c", str(connections), "-m", str(streams), "-D", str(seconds), *request,
    ])  # fmt: skip
    calls = int(re.search(r"(\d+) succeeded", output).group(1))
    failed = int(re.search(r"(\d+) failed", output).group(1))
    assert calls > 0 and failed == 0, output
    return {"calls/s": calls / seconds, "CPU µs/call": cpu / calls * 1e6}


def make_certificates(folder):
    certificates = Certificates(folder)
    server = certificates.server_files(mutual=True)
    client = certificates.client("spiffe://bench/ns/load/sa/client")
    return {"ca": certificates.ca, "cert": server["cert_file"], "key": server["key_file"],
            "client_cert": client.cert, "client_key": client.key}  # fmt: skip


def median_of(rounds):
    return {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}


def table(title, rows, base):
    """Prints `rows` {server: figures} with the ratio of every figure to that of `base`."""
    print(f"\n### {title}\n")
    keys = list(next(iter(rows.values())))
    print("| server | " + " | ".join(f"{key} (ratio)" for key in keys) + " |")
    print("|---|" + "---|" * len(keys))
    for name, row in rows.items():
        cells = [f"{row[key]:,.1f} ({row[key] / rows[base][key]:.2f}×)" for key in keys]
        print(f"| {name} | " + " | ".join(cells) + " |")
    sys.stdout.flush()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_broker(folder, sandbox, pair, mutual):
    tls = {"cert_file": pair["cert"], "key_file": pair["key"]}
    principals = ["anonymous"]
    if mutual:
        tls["client_ca_file"] = pair["ca"]
        principals = ["spiffe://bench/ns/*/sa/client"]
    config = write_config(
        folder,
        [credential(folder, sandbox, principals=principals)],
        server={"tls": tls},
        log={"level": "info"},
        name=f"broker-{mutual}.yaml",
    )
    return Broker(config)


def bench_mutual_tls(folder, sandbox, pair, args):
    broker = start_broker(folder, sandbox, pair, mutual=True)
    broker.wait_event("token_obtained")
    servers = {
        "credential-broker": broker,
        "grpc++ callback": Yardstick(folder, ROOT / "build/release/tests/bench_grpcpp_server", pair["cert"],
                                     pair["key"], pair["ca"]),
        "grpc-go": Yardstick(folder, ROOT / "build/bench/bench_server", pair["cert"], pair["key"], pair["ca"]),
    }  # fmt: skip
    try:
        print(f"\nResident memory before any load: broker {resident_kib(broker.pid)} KiB")
        for connections, in_flight in MUTUAL_TLS:
            rounds = {name: [] for name in servers}
            for _ in range(args.rounds):
                for name, server in servers.items():
                    rounds[name].append(grpc_go_load(server, connections, in_flight, args.seconds, pair))
            table(f"GetToken, mutual TLS, grpc-go client, {connections} connections, {in_flight} in flight",
                  {name: median_of(r) for name, r in rounds.items()}, "grpc++ callback")  # fmt: skip
    finally:
        for server in servers.values():
            server.close()


def bench_floor(folder, sandbox, pair, args):
    broker = start_broker(folder, sandbox, pair, mutual=False)
    broker.wait_event("token_obtained")
    empty_message = folder / "empty-message"
    empty_message.write_bytes(b"\0" * 5)
    path = "/investsuite.credentialbroker.v1.CredentialBrokerService/GetToken"
    call = ["-d", str(empty_message), "-H", "content-type: application/grpc", "-H", "te: trailers"]
    nghttpd = Nghttpd(folder, free_port(), pair, size=620)
    grpcpp = Yardstick(folder, ROOT / "build/release/tests/bench_grpcpp_server", pair["cert"], pair["key"])
    grpcgo = Yardstick(folder, ROOT / "build/bench/bench_server", pair["cert"], pair["key"])
    servers = {
        "nghttpd": (nghttpd, [f"https://{nghttpd.address}/token"]),
        "credential-broker": (broker, [*call, f"https://{broker.address}{path}"]),
        "grpc++ callback": (grpcpp, [*call, f"https://{grpcpp.address}{path}"]),
        "grpc-go": (grpcgo, [*call, f"https://{grpcgo.address}{path}"]),
    }
    try:
        for connections, streams in H2LOAD:
            rounds = {name: [] for name in servers}
            for _ in range(args.rounds):
                for name, (server, request) in servers.items():
                    rounds[name].append(h2load(server, connections, streams, args.seconds, request))
            table(f"GetToken, TLS, h2load, {connections} connections × {streams} streams",
                  {name: median_of(r) for name, r in rounds.items()}, "nghttpd")  # fmt: skip
    finally:
        for server, _ in servers.values():
            server.close()


def bench_cold_start(folder, sandbox, rounds):
    """From exec to the first token, beside one login by hand over a connection of its own."""
    config = write_config(folder, [credential(folder, sandbox)], name="cold.yaml")
    starts, logins = [], []
    for _ in range(max(rounds, 5)):
        began = time.monotonic()
        sandbox.request("POST", "/auth/login/", {"access_key_id": "x", "secret_access_key": "y"})
        logins.append((time.monotonic() - began) * 1e3)
        began = time.monotonic()
        with Broker(config) as broker:
            broker.wait_event("token_obtained")
            starts.append((time.monotonic() - began) * 1e3)
    print("\n### Cold start\n")
    print(f"From exec to `token_obtained` in the log: median {statistics.median(starts):.1f} ms; one HTTPS request "
          f"to the same sandbox from Python: {statistics.median(logins):.1f} ms")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each server")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pair = make_certificates(folder)
        with Sandbox(folder, lifetime=3600) as sandbox:
            bench_mutual_tls(folder, sandbox, pair, args)
            bench_floor(folder, sandbox, pair, args)
            bench_cold_start(folder, sandbox, args.rounds)


if __name__ == "__main__":
    main()
