"""The broker under test: a configuration, the process, and a grpcio client for it."""

import contextlib
import importlib
import pathlib
import subprocess
import sys
import tempfile

import grpc
import yaml
from google.rpc import error_details_pb2, status_pb2

from support.processes import TIMEOUT, Process
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICE = "investsuite.credentialbroker.v1.CredentialBrokerService"


def _generate_stubs():
    proto = "investsuite/credentialbroker/v1/credential_broker.proto"
    name = "investsuite.credentialbroker.v1.credential_broker_pb2"
    with tempfile.TemporaryDirectory(prefix="credential-broker-stubs-") as folder:
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT}/proto"]
        subprocess.run([*command, f"--python_out={folder}", f"--grpc_python_out={folder}", proto], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(name), importlib.import_module(name + "_grpc")
        finally:
            sys.path.remove(folder)


pb, pb_grpc = _generate_stubs()


def write_key_files(folder, key_id=ACCESS_KEY_ID, secret=SECRET_ACCESS_KEY):
    """The key pair as files, replaced atomically."""
    paths = {}
    for name, value in (("access_key_id", key_id), ("secret_access_key", secret)):
        path = folder / name
        fresh = folder / (name + ".new")
        fresh.write_text(value + "\n")
        fresh.chmod(0o600)
        fresh.rename(path)
        paths[name + "_file"] = str(path)
    return paths


def credential(folder, sandbox, name="default", principals=("anonymous",), **more):
    """A credential of the configuration that logs in to `sandbox`."""
    return {
        "name": name,
        "base_url": sandbox.base_url,
        "ca_file": str(sandbox.ca_file),
        **write_key_files(folder),
        "allow": [{"principals": list(principals)}],
        **more,
    }


def write_config(folder, credentials, server=None, log=None, name="broker.yaml"):
    """The configuration of a broker that ends at once on SIGTERM, unless `server` has a `drain_delay`."""
    config = {
        "apiVersion": "credentialbroker/v1",
        "kind": "BrokerConfig",
        "server": {"listen": "127.0.0.1:0", "drain_delay": "0s", **(server or {})},
        "credentials": credentials,
        "log": log or {"level": "debug"},
    }
    path = folder / name
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


class Broker(Process):
    """`serve` on the configuration at `config`, ready to be called (not yet to have a token)."""

    def __init__(self, config, *flags, **options):
        super().__init__("serve", "--config", config, *flags, **options)
        self.address = self.wait_event("serving")["grpc"]

    @contextlib.contextmanager
    def channel(self, credentials=None, options=()):
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0), *options]
        if credentials is None:
            channel = grpc.insecure_channel(self.address, options=options)
        else:
            channel = grpc.secure_channel(self.address, credentials, options=options)
        try:
            yield channel
        finally:
            channel.close()

    @contextlib.contextmanager
    def stub(self, credentials=None):
        with self.channel(credentials) as channel:
            yield pb_grpc.CredentialBrokerServiceStub(channel)

    def get_token(self, timeout=TIMEOUT, **request):
        """One GetToken over a connection of its own: the token message."""
        with self.stub() as stub:
            return stub.GetToken(pb.GetTokenRequest(**request), timeout=timeout).token


def details_of(error):
    """(reason, retry delay in seconds or None, metadata) of a failed call."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    delay = None
    for detail in status.details:
        if detail.Unpack(retry):
            delay = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
        detail.Unpack(info)
    assert info.domain == "credential-broker"
    return info.reason, delay, dict(info.metadata)
