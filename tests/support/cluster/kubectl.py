"""kubectl and helm against the node."""

import json
import os
import socket
import subprocess

from support.processes import wait_for

LIMIT = 120  # seconds; nothing takes this long when it works


class CommandError(Exception):
    """A command that failed, with what it printed."""


class Kubectl:
    """Commands in one namespace."""

    def __init__(self, node, namespace="default"):
        self.node = node
        self.namespace = namespace
        self.environment = {**os.environ, "KUBECONFIG": str(node.kubeconfig)}

    def __call__(self, *arguments, input=None, limit=LIMIT):
        """Runs `kubectl ARGUMENTS`; returns its standard output."""
        return self._run(["kubectl", "--namespace", self.namespace, *arguments], input, limit)

    def helm(self, *arguments, input=None, limit=LIMIT):
        return self._run(["helm", "--namespace", self.namespace, *arguments], input, limit)

    def _run(self, command, input, limit):
        done = subprocess.run(
            list(map(str, command)), env=self.environment, input=input,
            capture_output=True, text=True, check=False, timeout=limit,
        )  # fmt: skip
        if done.returncode != 0:
            raise CommandError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def apply(self, *objects):
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "--filename", "-", input=json.dumps(listed))

    def get(self, *arguments):
        return json.loads(self("get", *arguments, "--output", "json"))

    def exec(self, pod, *command, container=None):
        return self("exec", pod, *(["--container", container] if container else []), "--", *command)

    def list(self, kind, selector):
        return self.get(kind, "--selector", selector)["items"]

    def service_address(self, name, port):
        """The cluster address of a Service, once kube-proxy sends what is sent there to a pod."""
        address = self.get("service", name)["spec"]["clusterIP"]

        def answers():
            try:
                socket.create_connection((address, port), timeout=5).close()
            except OSError:
                return False
            return True

        assert wait_for(answers, LIMIT, pause=0.1), f"the Service {name} does not answer on {address}:{port}"
        return address
