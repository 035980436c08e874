"""The chart, installed in a namespace, and what became of it."""

import json
import pathlib
import urllib.error
import urllib.request

import yaml

from support.chart import CHART
from support.cluster import workloads
from support.processes import wait_for

LIMIT = 60  # seconds, for what takes five on an idle machine


class Release:
    """A release named credential-broker. `image` is the broker's image on the node."""

    name = "credential-broker"

    def __init__(self, kubectl, image):
        self.kubectl = kubectl
        self.image = image
        self.host = f"{self.name}.{kubectl.namespace}.svc"
        self.address = f"{self.host}:8443"

    def values(self, *credentials, values=None, **config):
        return {**workloads.broker_values(self.image, *credentials, **config), **(values or {})}

    def install(self, values):
        self._helm("install", values)
        self.wait_until_serving()

    def wait_until_serving(self):
        """Waits until the only pod is ready and the Service leads there."""
        eventually(self.is_ready)
        self.service_address = self.kubectl.service_address(self.name, 8443)

    def upgrade(self, values, limit=LIMIT):
        self._helm("upgrade", values, limit)

    def _helm(self, verb, values, limit=LIMIT):
        self.kubectl.helm(
            verb, self.name, CHART, "--values", "-", "--wait", "--timeout", f"{limit}s",
            input=yaml.safe_dump(values), limit=2 * limit,
        )  # fmt: skip

    def uninstall(self):
        self.kubectl.helm("uninstall", self.name, "--wait", "--timeout", f"{LIMIT}s")

    # ---- its pods ----------------------------------------------------------------------------------------

    def pods(self):
        """Those that are not being deleted."""
        selector = f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component=broker"
        listed = self.kubectl.list("pods", selector)
        return [each for each in listed if "deletionTimestamp" not in each["metadata"]]

    def pod(self):
        [only] = self.pods()
        return only

    def uid(self):
        return self.pod()["metadata"]["uid"]

    def process(self):
        """/proc/PID/status of the broker as this machine sees it, a dict."""
        uid = self.uid()
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if uid in (path / "cgroup").read_text() and "serve" in (path / "cmdline").read_text().split("\0"):
                    lines = (path / "status").read_text().splitlines()
                    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
            except (FileNotFoundError, ProcessLookupError):
                continue
        raise AssertionError(f"no process of pod {uid}")

    def is_ready(self):
        return [condition(each, "Ready") for each in self.pods()] == ["True"]

    def endpoints(self):
        """Addresses that the Service sends calls to."""
        slices = self.kubectl.list("endpointslices", f"kubernetes.io/service-name={self.name}")
        endpoints = [endpoint for each in slices for endpoint in each.get("endpoints") or []]
        return [each["addresses"][0] for each in endpoints if each["conditions"]["ready"]]

    def get(self, path):
        """(status, text) of a page of the pod's HTTP listener."""
        try:
            with urllib.request.urlopen(f"http://{self.pod()['status']['podIP']}:9090{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def events(self, name, pod=None, **fields):
        """Entries of the log of a pod, the only one where none is named."""
        pod = pod or self.pod()["metadata"]["name"]
        lines = self.kubectl("logs", pod, "--container", self.name).splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [e for e in entries if e.get("event") == name and all(e.get(k) == v for k, v in fields.items())]


def condition(thing, kind):
    """The status of a condition of an object."""
    conditions = thing.get("status", {}).get("conditions", [])
    return next((each["status"] for each in conditions if each["type"] == kind), None)


def eventually(what, limit=LIMIT):
    """Waits until `what()` is true, and fails with its name where it does not become so."""
    assert wait_for(what, limit, pause=0.2), f"not within {limit} s: {what.__name__}"


def objects_of(kubectl):
    """The names of all objects in the namespace and of those that are in none, without events and leases."""
    kinds = kubectl("api-resources", "--verbs=list", "--output=name").split()
    kinds = [kind for kind in kinds if kind.partition(".")[0] not in ("events", "leases", "componentstatuses")]
    return set(kubectl("get", ",".join(kinds), "--output=name", "--ignore-not-found").split())
