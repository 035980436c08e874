"""What runs on the node beside the chart: a namespace, the sandbox that stands in for InvestSuite, callers."""

import pathlib
import shutil

from support.certificates import Certificates
from support.cluster import images
from support.cluster.kubectl import Kubectl
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY, SandboxControl, fault_flags

SANDBOX_IMAGE = "credential-broker.test/sandbox:1"
BROKER_IMAGE = "credential-broker.test/broker:1"
TOOLS_IMAGE = "credential-broker.test/tools:1"
SANDBOX_PORT = 9443
KEY_SECRET = "investsuite-key"
TLS_SECRET = "broker-tls"
UPSTREAM_CA = "investsuite-ca"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def load_images(node, binary, broker_archive=None, tools=()):
    """Loads the images of the sandbox, of callers, and of the broker: the one in `broker_archive`, which `docker save` wrote,
    else one made of `binary`. Returns the name of the last."""
    folder = node.folder
    node.load_image(images.write_broker_image(folder / "broker.tar", [SANDBOX_IMAGE, BROKER_IMAGE], binary))
    programs = [binary, shutil.which("grpcurl"), *tools]
    node.load_image(images.write_tools_image(folder / "tools.tar", TOOLS_IMAGE, shutil.which("busybox"), programs))
    if not broker_archive:
        return BROKER_IMAGE
    node.load_image(broker_archive)
    return images.name_of(broker_archive)


def make_namespace(node, name):
    """A namespace that enforces the `restricted` standard."""
    Kubectl(node).apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}})
    return Kubectl(node, name)


def container(name, image, *arguments, **more):
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "Never",
        "args": list(arguments),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **more,
    }


def pod(name, *containers, labels=None, **more):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {
            "containers": list(containers),
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            # What is thrown away at the end of a test need not end in order.
            "terminationGracePeriodSeconds": 0,
            "enableServiceLinks": False,
            **more,
        },
    }


class Sandbox(SandboxControl):
    """The sandbox as a pod behind a Service, controlled from outside the node.

    `base_url` is its URL within the cluster, `ca_pem` the CA of its certificate."""

    def __init__(self, kubectl, name="sandbox", **faults):
        self._kubectl = kubectl
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"port": 443, "targetPort": SANDBOX_PORT}]},
        }
        kubectl.apply(service)
        address = kubectl.get("service", name)["spec"]["clusterIP"]
        host = f"{name}.{kubectl.namespace}.svc"
        ca_volume = {"name": "ca", "mountPath": "/ca"}
        ready = {"tcpSocket": {"port": SANDBOX_PORT}, "periodSeconds": 1}
        serve = container(
            "sandbox", SANDBOX_IMAGE,
            "sandbox", "--listen", f"0.0.0.0:{SANDBOX_PORT}", "--ca-out", "/ca/ca.pem", "--names", f"{host},{address}",
            "--access-key-id", ACCESS_KEY_ID, "--secret-access-key", SECRET_ACCESS_KEY, *fault_flags(faults),
            volumeMounts=[ca_volume], readinessProbe=ready,
        )  # fmt: skip
        # The image of the sandbox has no program that prints a file.
        read = container("tools", TOOLS_IMAGE, "-c", "tail -f /dev/null", volumeMounts=[ca_volume])
        kubectl.apply(pod(name, serve, read, labels={"app": name}, volumes=[{"name": "ca", "emptyDir": {}}]))
        kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
        self.ca_pem = kubectl.exec(name, "cat", "/ca/ca.pem", container="tools")
        self.base_url = f"https://{host}"
        ca_file = kubectl.node.folder / f"{kubectl.namespace}-{name}-ca.pem"
        ca_file.write_text(self.ca_pem)
        kubectl.service_address(name, 443)
        super().__init__(f"https://{address}", ca_file)


def secret(name, entries):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": entries}


def key_secret(name=KEY_SECRET, key_id=ACCESS_KEY_ID, key=SECRET_ACCESS_KEY):
    return secret(name, {"access_key_id": key_id, "secret_access_key": key})


def tls_folder(kubectl):
    """Where the broker's certificate is, and its CA in callers-ca.pem."""
    return kubectl.node.folder / f"tls-{kubectl.namespace}"


def broker_files(kubectl, *sandboxes, release="credential-broker"):
    """What the chart expects to be there: the key, the serving certificate, and the CAs of the sandboxes."""
    folder = tls_folder(kubectl)
    folder.mkdir(exist_ok=True)
    certificates = Certificates(folder)
    host = f"{release}.{kubectl.namespace}.svc"
    address = f"{release}-headless.{kubectl.namespace}.svc"
    tls = certificates.server_files(mutual=False, names=[host, address, "localhost"])
    return (
        key_secret(),
        secret(
            TLS_SECRET,
            {
                "tls.crt": pathlib.Path(tls["cert_file"]).read_text(),
                "tls.key": pathlib.Path(tls["key_file"]).read_text(),
                "ca.crt": certificates.ca_pem.decode(),
            },
        ),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": UPSTREAM_CA},
            "data": {"ca.crt": "".join(each.ca_pem for each in sandboxes)},
        },
    )


def credential(sandbox, name="default", principals=("anonymous",), key="", **more):
    """An entry of `config.credentials`. `key`: prefix of the keys of its Secret."""
    return {
        "name": name,
        "base_url": sandbox.base_url,
        "ca_file": "/investsuite-ca/ca.crt",
        "access_key_id_file": f"/secrets/{key}access_key_id",
        "secret_access_key_file": f"/secrets/{key}secret_access_key",
        "allow": [{"principals": list(principals)}],
        **more,
    }


def broker_values(image, *credentials, **config):
    """Values of the chart."""
    repository, _, tag = image.rpartition(":")
    return {
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "existingSecret": KEY_SECRET,
        "tls": {"existingSecret": TLS_SECRET},
        "extraVolumes": [{"name": "investsuite-ca", "configMap": {"name": UPSTREAM_CA}}],
        "extraVolumeMounts": [{"name": "investsuite-ca", "mountPath": "/investsuite-ca", "readOnly": True}],
        "config": {"credentials": list(credentials), **config},
    }
