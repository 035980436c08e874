"""The servers that are measured: the broker, the yardsticks, the floor."""

import pathlib
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.broker import Broker, credential, write_config  # noqa: E402
from support.certificates import Certificates  # noqa: E402

LOAD_CLIENT = ROOT / "build/bench/load_client"
WATCH_CLIENT = ROOT / "build/bench/watch_client"
GRPCPP = ROOT / "build/release/tests/bench_grpcpp_server"
GRPC_GO = ROOT / "build/bench/bench_server"
SERVICE = "/investsuite.credentialbroker.v1.CredentialBrokerService"
PRINCIPALS = ["spiffe://bench/ns/*/sa/client"]

# The load comes from one address and one principal, and is to stay on its connections.
ROOMY = {
    "max_connections": 20000,
    "max_connections_per_address": 20000,
    "max_connections_per_principal": 20000,
    "max_connection_age": "2h",
}


class _Child:
    def __init__(self, command, **options):
        self._command = command
        self._process = subprocess.Popen(command, **options)
        self.pid = self._process.pid

    def signal(self, number):
        self._process.send_signal(number)

    def _await(self, ready):
        deadline = time.monotonic() + 30
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._command[0]} did not start")
            time.sleep(0.01)

    def close(self):
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Yardstick(_Child):
    """A server of ours that writes its port into a file."""

    def __init__(self, folder, program, *options):
        port_file = folder / f"port-{len(list(folder.glob('port-*')))}"
        super().__init__([program, port_file, *options])
        self._await(port_file.exists)
        self.address = f"127.0.0.1:{port_file.read_text()}"


def _is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Nghttpd(_Child):
    """Debian's nghttpd serving a file as long as a GetToken answer: the floor of this stack."""

    def __init__(self, folder, pair, size):
        (folder / "token").write_bytes(b"t" * size)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        super().__init__(
            ["nghttpd", "-n", "2", "-d", folder, "-a", "127.0.0.1", str(port), pair["key"], pair["cert"]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.address = f"127.0.0.1:{port}"
        self._await(lambda: _is_open(port))


def make_certificates(folder):
    certificates = Certificates(folder)
    server = certificates.server_files(mutual=True)
    client = certificates.client("spiffe://bench/ns/load/sa/client")
    return {"ca": certificates.ca, "cert": server["cert_file"], "key": server["key_file"],
            "client_cert": client.cert, "client_key": client.key}  # fmt: skip


def caller_flags(address, pair):
    """Of the Go clients."""
    return ["-address", address, "-ca-file", pair["ca"], "-cert-file", pair["client_cert"],
            "-key-file", pair["client_key"]]  # fmt: skip


def broker_config(folder, sandbox, pair, name, mutual=True, credentials=None, **server):
    """A configuration with policy, limits and audit on, as production has it."""
    tls = {"cert_file": pair["cert"], "key_file": pair["key"]}
    if mutual:
        tls["client_ca_file"] = pair["ca"]
    principals = PRINCIPALS if mutual else ["anonymous"]
    return write_config(
        folder,
        credentials or [credential(folder, sandbox, principals=principals)],
        server={"tls": tls, **ROOMY, **server},
        log={"level": "info"},
        name=f"{name}.yaml",
    )


def start_broker(folder, sandbox, pair, name, **options):
    """A broker that has its first token."""
    broker = Broker(broker_config(folder, sandbox, pair, name, **options))
    broker.wait_event("token_obtained")
    return broker


def start_yardsticks(bench, mutual=True):
    pair = bench.pair
    options = [str(bench.token_bytes()), pair["cert"], pair["key"], *([pair["ca"]] if mutual else [])]
    return {
        "grpc++ callback": Yardstick(bench.folder, GRPCPP, *options),
        "grpc-go": Yardstick(bench.folder, GRPC_GO, *options),
    }
