"""Two brokers, restarted in turn while callers with gRPC's own retries call both: no call is lost."""

import contextlib
import os
import pathlib
import signal
import threading
import time

import grpc
import pytest

from support.broker import ROOT, Broker, credential, pb, pb_grpc, write_config
from support.certificates import Certificates
from support.go_programs import build_go_program
from support.processes import sanitized
from support.retrying_callers import RetryingCaller, service_config
from support.threads import CheckedThread

ROUNDS = 3
LIMIT = 10  # seconds in which a broker ends
BUILD = pathlib.Path(os.environ.get("CREDENTIAL_BROKER_BUILD_DIR", ROOT / "build/release"))


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
        self._threads = [CheckedThread(self._run) for _ in range(4)]
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
    return build_go_program("rolling_client", tmp_path_factory.mktemp("go"))


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

        retries = service_config(policy)
        flags = ("-ca", certificates.ca, "-cert", go.cert, "-key", go.key, "-server-name", "localhost")
        grpcpp = BUILD / "tests/grpcpp_client"
        clients: dict[str, RetryingCaller | Grpcio] = {
            "grpc-go": RetryingCaller([go_client, *flags, "-service-config", retries, *addresses]),
            "grpc++": RetryingCaller([grpcpp, certificates.ca, cpp.cert, cpp.key, retries, ",".join(addresses)]),
            "grpcio": Grpcio(python, policy, addresses),
        }
        for _ in range(ROUNDS):
            for i in range(2):
                began = time.monotonic()
                brokers[i].signal(signal.SIGTERM)
                assert brokers[i].wait() == 0
                assert sanitized() or time.monotonic() - began < LIMIT
                brokers[i] = stack.enter_context(Broker(tmp_path / f"broker-{i}.yaml"))
                brokers[i].wait_event("token_obtained")
                if policy == "round_robin":
                    # As a deployment waits: the next one goes only when this one has all its callers back.
                    brokers[i].wait_event("token_issued", count=len(clients))
        seen = {name: program.end() for name, program in clients.items()}
        assert {name: (s["failed"], s["errors"]) for name, s in seen.items() if s["failed"]} == {}
        assert all(s["calls"] > 100 for s in seen.values()), seen
