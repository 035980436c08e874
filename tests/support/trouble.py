"""A broker with something wrong in every part that alerts are about."""

import contextlib
import dataclasses
import datetime
import pathlib
import socket

import grpc
import pytest
import yaml

from support.broker import credential, pb, pb_grpc, write_key_files
from support.certificates import Certificates
from support.pages import BrokerWithPages, write_config_with_http
from support.processes import TIMEOUT
from support.sandbox import Sandbox


@dataclasses.dataclass
class Trouble:
    broker: BrokerWithPages
    stub: pb_grpc.CredentialBrokerServiceStub  # of a caller that may use "default"
    config: pathlib.Path
    admin: str
    client_ca: str


@contextlib.contextmanager
def broker_in_trouble(folder):
    """Of its three credentials "default" is well, InvestSuite fails for "failing", and the key of "rejected" is wrong. Its
    certificate ends soon, and its configuration file has been spoilt."""
    certificates = Certificates(folder)
    caller = certificates.client("spiffe://prod/ns/orders/sa/api")
    for name in ("failing", "rejected"):
        (folder / name).mkdir()
    with Sandbox(folder, lifetime="10s") as sandbox, Sandbox(folder / "failing", lifetime="120s") as failing:
        credentials = [
            credential(folder, sandbox, principals=["spiffe://prod/ns/orders/sa/*"]),
            credential(folder / "failing", failing, name="failing", refresh_at=0.1),
            credential(folder / "rejected", sandbox, name="rejected"),
        ]
        write_key_files(folder / "rejected", secret="wrong")
        tls = certificates.server_files(mutual=True, valid_for=datetime.timedelta(hours=6))
        path = write_config_with_http(folder, credentials, server={"tls": tls})
        config = yaml.safe_load(path.read_text())
        config["admin"] = {"listen": f"unix:{folder}/admin.sock"}
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        with BrokerWithPages(path) as broker, broker.stub(caller.credentials()) as stub:
            broker.wait_event("token_obtained", credential="failing")
            failing.set_faults(login_status=503, refresh_status=503)
            path.write_text(path.read_text() + "nonsense: 1\n")
            yield Trouble(broker, stub, path, config["admin"]["listen"], certificates.ca)


def knock(trouble):
    """One call that succeeds, one that is denied, and one handshake that fails."""
    trouble.stub.GetToken(pb.GetTokenRequest(credential="default"), timeout=TIMEOUT)
    with pytest.raises(grpc.RpcError):
        trouble.stub.GetToken(pb.GetTokenRequest(credential="rejected"), timeout=TIMEOUT)
    host, _, port = trouble.broker.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=TIMEOUT) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        stranger.recv(1024)
