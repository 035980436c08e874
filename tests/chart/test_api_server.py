"""The rendered objects in a real kube-apiserver: strict field validation, and a namespace that enforces `restricted`.

The schemas of cert-manager's and the Prometheus Operator's kinds are those projects' own."""

import copy
import json
import pathlib
import shutil
import subprocess

import pytest
import yaml

from support.chart import CI_FILES, NAMESPACE, ROOT, render
from support.kubernetes import Kubernetes
from support.processes import wait_for

TIMEOUT = 60
GO_MODULES = ROOT / "tools/packages/go-crds.txt"


def custom_resource_definitions():
    """Those of the Go modules that tools/packages/go-crds.txt lists; ./dev setup --full downloads them."""
    lines = [line for line in GO_MODULES.read_text().splitlines() if line and not line.startswith("#")]
    for module, *files in map(str.split, lines):
        command = [shutil.which("go"), "mod", "download", "-json", module]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
        folder = pathlib.Path(json.loads(done.stdout)["Dir"])
        for file in files:
            yield from yaml.safe_load_all((folder / file).read_text())


class Cluster(Kubernetes):
    def path_of(self, each):
        """Where objects of this kind are made; None where the API server does not know it."""
        version = each["apiVersion"]
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        status, answer = self.request("GET", base)
        if status != 200:
            return None
        for resource in answer["resources"]:
            if resource["kind"] == each["kind"] and "/" not in resource["name"]:
                namespace = f"/namespaces/{each['metadata']['namespace']}" if resource["namespaced"] else ""
                return f"{base}{namespace}/{resource['name']}"
        return None

    def create(self, each):
        return self.request("POST", self.path_of(each) + "?fieldValidation=Strict", each)

    def make_restricted_namespace(self, name):
        """An empty namespace that enforces `restricted`, in which what a release needs is there already."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.make("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        # The controller manager's part, which does not run here.
        self.make_service_account(name, "default")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("kubernetes")) as cluster:
        for crd in custom_resource_definitions():
            cluster.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
            for version in crd["spec"]["versions"]:
                kind = {
                    "apiVersion": f"{crd['spec']['group']}/{version['name']}",
                    "kind": crd["spec"]["names"]["kind"],
                    "metadata": {"namespace": "default"},
                }
                assert wait_for(lambda kind=kind: cluster.path_of(kind), TIMEOUT), crd["metadata"]["name"]
        yield cluster


def in_namespace(manifests, namespace):
    """The objects as for a release there."""
    return yaml.safe_load(yaml.safe_dump(list(manifests)).replace(NAMESPACE, namespace))


def pod_of(deployment, name):
    """A Pod from the Deployment's template: the standard is enforced for Pods alone."""
    template = deployment["spec"]["template"]
    metadata = {**template["metadata"], "name": name, "namespace": deployment["metadata"]["namespace"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": copy.deepcopy(template["spec"])}


def test_every_object_is_accepted_under_strict_validation(cluster, subtests):
    # One test for all files: each worker of pytest would start an API server of its own.
    for values in CI_FILES:
        with subtests.test(values.stem):
            check_objects_of(cluster, values)


def check_objects_of(cluster, values):
    namespace = values.stem
    cluster.make_restricted_namespace(namespace)
    objects = in_namespace(render(values), namespace)
    for each in objects:
        status, answer = cluster.create(each)
        assert status == 201, answer

    [deployment] = [each for each in objects if each["kind"] == "Deployment"]
    status, answer = cluster.create(pod_of(deployment, "from-the-template"))
    assert status == 201, answer
    privileged = pod_of(deployment, "privileged")
    privileged["spec"]["containers"][0]["securityContext"] |= {"privileged": True, "allowPrivilegeEscalation": True}
    status, answer = cluster.create(privileged)
    assert status == 403 and "privileged" in answer["message"], answer


def test_a_field_that_does_not_exist_is_refused(cluster):
    """That validation is strict, of Kubernetes' own kinds and of the others."""
    cluster.make_restricted_namespace("strict")
    [values] = [file for file in CI_FILES if file.name.startswith("kubernetes-callers")]
    for kind in ("Deployment", "NetworkPolicy", "Certificate", "ServiceMonitor", "PrometheusRule"):
        [each] = [each for each in in_namespace(render(values), "strict") if each["kind"] == kind]
        each["spec"]["notAField"] = 1
        status, answer = cluster.create(each)
        assert status in (400, 422) and "notAField" in answer["message"], answer
