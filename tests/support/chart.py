"""The Helm chart as tests see it: the objects that helm renders for given values."""

import functools
import os
import pathlib
import subprocess

import yaml

from support.processes import TIMEOUT

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/credential-broker"
CI_FILES = sorted(CHART.glob("ci/*-values.yaml"))
# ./dev builds it; see tools/setup.sh.
HELM = os.environ.get("HELM", "helm")

RELEASE = "broker"
NAMESPACE = "brokers"


def helm(*args):
    return subprocess.run([HELM, *map(str, args)], capture_output=True, text=True, check=False, timeout=TIMEOUT)


def ci_file(name):
    return CHART / f"ci/{name}-values.yaml"


class Manifests(list):
    """Objects in the order in which helm renders them."""

    def of(self, kind):
        return [each for each in self if each["kind"] == kind]

    def one(self, kind, name=None):
        [found] = [each for each in self.of(kind) if name in (None, each["metadata"]["name"])]
        return found

    @property
    def pod_template(self):
        return self.one("Deployment")["spec"]["template"]

    @property
    def config_text(self):
        """The broker's configuration."""
        config_map = self.one("ConfigMap", self.one("Deployment")["metadata"]["name"])
        return config_map["data"]["config.yaml"]


@functools.cache
def _template(values, flags):
    command = ["template", RELEASE, CHART, "--namespace", NAMESPACE, "--values", values, *flags]
    done = helm(*command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(values, *flags):
    """The objects for a file of values, such as ci_file("default"), and flags such as --set=replicaCount=0."""
    return Manifests(each for each in yaml.safe_load_all(_template(values, flags)) if each)


def refusal(values, *flags):
    """What helm says about values that the chart does not take."""
    done = helm("template", RELEASE, CHART, "--namespace", NAMESPACE, "--values", values, *flags)
    assert done.returncode != 0, f"helm accepts {flags}"
    return done.stderr


def pod_specs(manifests):
    """(name, pod spec) of everything that runs: the broker and the test."""
    found = [("Deployment", manifests.pod_template["spec"])]
    return found + [("Pod", each["spec"]) for each in manifests.of("Pod")]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]
