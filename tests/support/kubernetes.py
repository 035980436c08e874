"""A real kube-apiserver over a real etcd, on loopback, for the tests that ask it."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

from support.certificates import Certificates
from support.kubernetes_api import ADMIN_TOKEN, Api, write_service_account_key
from support.processes import TIMEOUT

# ./dev builds it; see tools/setup.sh.
KUBE_APISERVER = os.environ.get("KUBE_APISERVER", "kube-apiserver")
ETCD = os.environ.get("ETCD", shutil.which("etcd") or "etcd")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Kubernetes(Api):
    """Started and ended by `with`. `stop_api_server` and `start_api_server` make an outage; the state stays in etcd."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)
        self._processes = []
        self._api_server = None
        certificates = Certificates(self._folder)
        super().__init__(certificates.ca)
        tls = certificates.server_files(mutual=False)
        self._cert, self._key = tls["cert_file"], tls["key_file"]
        self._signer = write_service_account_key(self._folder)
        (self._folder / "tokens.csv").write_text(f'{ADMIN_TOKEN},admin,admin,"system:masters"\n')

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in [self._api_server, *self._processes]:
            if process is not None:
                process.kill()
                process.wait()

    def _start(self):
        client, peer, port = free_ports(3)
        self._etcd = f"http://127.0.0.1:{client}"
        self._processes.append(
            self._spawn(
                "etcd", ETCD, "--data-dir", self._folder / "etcd",
                "--listen-client-urls", self._etcd, "--advertise-client-urls", self._etcd,
                "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                "--initial-cluster", f"default=http://127.0.0.1:{peer}",
            )
        )  # fmt: skip
        self.address = ("127.0.0.1", port)
        self.start_api_server()

    def start_api_server(self):
        self._api_server = self._spawn(
            "kube-apiserver", KUBE_APISERVER, "--etcd-servers", self._etcd,
            "--bind-address", "127.0.0.1", "--advertise-address", "192.0.2.1", "--secure-port", self.address[1],
            "--cert-dir", self._folder / "apiserver",
            "--tls-cert-file", self._cert, "--tls-private-key-file", self._key,
            "--token-auth-file", self._folder / "tokens.csv", "--authorization-mode", "RBAC",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", self._signer, "--service-account-signing-key-file", self._signer,
            "--service-cluster-ip-range", "10.96.0.0/24",
            "--endpoint-reconciler-type", "none",
            # As every cluster that runs its own components as pods: Pod Security alone decides.
            "--allow-privileged",
        )  # fmt: skip
        self._await_ready()

    def stop_api_server(self):
        self._api_server.kill()
        self._api_server.wait()
        self._api_server = None

    def _spawn(self, name, *command):
        log = open(self._folder / f"{name}.log", "ab")
        return subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _await_ready(self):
        # Each attempt waits for an event: that it is refused, or answered.
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if self._api_server.poll() is not None:
                break
            try:
                if self.request("GET", "/readyz", timeout=5)[0] == 200 and self._roles_are_there():
                    return
            except OSError:
                pass
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._api_server.wait(0.1)
        tail = (self._folder / "kube-apiserver.log").read_text()[-3000:]
        raise AssertionError(f"kube-apiserver is not ready:\n{tail}")

    def _roles_are_there(self):
        path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:auth-delegator"
        return self.request("GET", path)[0] == 200
