"""Two brokers, restarted in turn while callers with gRPC's own retries call both: no call is lost."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import grpc
import pytest

from support.broker import ROOT, SERVICE, Broker, credential, pb, pb_grpc, write_config
from support.certificates import Certificates
from support.processes import TIMEOUT

ROUNDS = 3
LIMIT = 10  # seconds in which a broker ends
BUILD = pathlib.Path(os.environ.get("CREDENTIAL_BROKER_BUILD_DIR", ROOT / "build/release"))


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


class Program:
    """A client program that calls until its standard input ends, then says what it saw."""

    def __init__(self, command):
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "calling\n", self._process.communicate()

    def end(self):
        output, errors = self._process.communicate(timeout=TIMEOUT)
        seen = json.loads(output)
        seen["errors"] = errors
        return seen


class Grpcio:
    """The same in Python, in this process."""

    def __init__(self, client, policy, addresses):
        options = [
            ("grpc.service_config", service_config(policy)),
            ("grpc.ssl_target_name_override", "localhost"),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self._channel = grpc.secure_channel(f"ipv4:{','.join(addresses)}", client.credentials(), options)
        self._stop = threading.Event()
        self._calls = 0
        self._errors = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        stub = pb_grpc.CredentialBrokerServiceStub(self._channel)
        while not self._stop.wait(0.002):
            try:
                stub.GetToken(pb.GetTokenRequest(), timeout=20)
            except grpc.RpcError as error:
                self._errors.append(error)
            self._calls += 1

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._channel.close()
        return {"calls": self._calls, "failed": len(self._errors), "errors": str(self._errors)}


@pytest.fixture(scope="session")
def go_client(tmp_path_factory):
    binary = tmp_path_factory.mktemp("go") / "rolling_client"
    subprocess.run([ROOT / "tests/go/build.sh", "rolling_client", binary], check=True)
    return binary


@pytest.mark.parametrize("policy", ["round_robin", "pick_first"])
def test_a_rolling_restart_loses_no_call(tmp_path, sandbox, go_client, policy):
    certificates = Certificates(tmp_path)
    # Each has a name of its own, so that the audit log tells which of them has called.
    go, cpp, python = (certificates.client(f"spiffe://prod/ns/orders/sa/{name}") for name in ("go", "cpp", "python"))
    tls = certificates.server_files(mutual=True)
    rules = credential(tmp_path, sandbox, principals=["spiffe://prod/ns/*/sa/*"])

    def config(number, listen):
        return write_config(tmp_path, [rules], server={"listen": listen, "tls": tls}, name=f"broker-{number}.yaml")

    with contextlib.ExitStack() as stack:
        brokers = [stack.enter_context(Broker(config(i, "127.0.0.1:0"))) for i in range(2)]
        addresses = [broker.address for broker in brokers]
        for i, broker in enumerate(brokers):
            broker.wait_event("token_obtained")
            config(i, addresses[i])  # where it comes back

        def command(program, client, *listed):
            return [program, certificates.ca, client.cert, client.key, service_config(policy), *listed]

        clients = {
            "grpc-go": Program(command(go_client, go, *addresses)),
            "grpc++": Program(command(BUILD / "tests/grpcpp_client", cpp, ",".join(addresses))),
            "grpcio": Grpcio(python, policy, addresses),
        }
        for _ in range(ROUNDS):
            for i in range(2):
                began = time.monotonic()
                brokers[i].signal(signal.SIGTERM)
                assert brokers[i].wait() == 0
                assert time.monotonic() - began < LIMIT
                brokers[i] = stack.enter_context(Broker(tmp_path / f"broker-{i}.yaml"))
                brokers[i].wait_event("token_obtained")
                if policy == "round_robin":
                    # As a deployment waits: the next one goes only when this one has all its callers back.
                    brokers[i].wait_event("token_issued", count=len(clients))
        seen = {name: program.end() for name, program in clients.items()}
        assert {name: (s["failed"], s["errors"]) for name, s in seen.items() if s["failed"]} == {}
        assert all(s["calls"] > 100 for s in seen.values()), seen
