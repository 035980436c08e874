"""Pods that call the broker through its Service."""

import json
import subprocess

from support.broker import SERVICE
from support.cluster import workloads
from support.retrying_callers import RetryingCaller, service_config

AUDIENCE = "credential-broker"
LIMIT = 60  # seconds, for what takes two on an idle machine


class Caller:
    """A pod with a shell, grpcurl, our command line and a caller in Go; with a ServiceAccount's token where one is named."""

    def __init__(self, release, name, account=None):
        self._release = release
        self._kubectl = release.kubectl
        self.name = name
        self.account = account
        mounts = [{"name": "ca", "mountPath": "/ca", "readOnly": True}]
        ca = {"secretName": workloads.TLS_SECRET, "items": [{"key": "ca.crt", "path": "ca.crt"}]}
        volumes = [{"name": "ca", "secret": ca}]
        more = {"automountServiceAccountToken": False}
        if account:
            self._kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}})
            token = {"serviceAccountToken": {"audience": AUDIENCE, "path": "token", "expirationSeconds": 3600}}
            volumes.append({"name": "token", "projected": {"sources": [token]}})
            mounts.append({"name": "token", "mountPath": "/token", "readOnly": True})
            more["serviceAccountName"] = account
        shell = workloads.container("tools", workloads.TOOLS_IMAGE, "-c", "tail -f /dev/null", volumeMounts=mounts)
        self._kubectl.apply(workloads.pod(name, shell, volumes=volumes, **more))
        self._kubectl("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={LIMIT}s")

    def run(self, *command, limit=LIMIT):
        """Runs a command in the pod: its exit status, standard output and standard error."""
        return subprocess.run(
            ["kubectl", "--namespace", self._kubectl.namespace, "exec", self.name, "--", *command],
            env=self._kubectl.environment, timeout=limit, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def broker(self, *command):
        """Runs our own command line against the Service."""
        flags = ["--address", self._release.address, "--ca-file", "/ca/ca.crt"]
        if self.account:
            flags += ["--bearer-token-file", "/token/token"]
        return self.run("credential-broker", *command, *flags)

    def token(self, credential="default"):
        """The access token; fails where the broker gives none."""
        done = self.broker("token", "print", "--credential", credential)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def grpcurl(self, method, request=None):
        """The answer of one call through the Service."""
        data = ["-d", json.dumps(request)] if request else []
        done = self.run("grpcurl", "-cacert", "/ca/ca.crt", *data, self._release.address, f"{SERVICE}/{method}")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def calls(self, target, policy):
        """Calls GetToken from grpc-go, with the retries of docs/configuration.md, until `end`."""
        token = ["-token-file", "/token/token"] if self.account else []
        return RetryingCaller(
            ["kubectl", "--namespace", self._kubectl.namespace, "exec", "--stdin", self.name, "--",
             "rolling_client", "-ca", "/ca/ca.crt", *token, "-service-config", service_config(policy), target],
            env=self._kubectl.environment,
        )  # fmt: skip


def accepts(sandbox, token):
    """Whether the sandbox's API lets in a call with this access token."""
    return sandbox.request("GET", "/users/", headers={"Authorization": f"Bearer {token}"})[0] == 200
