"""`./dev cluster up` and `down`: the same node as the tests run on, for a developer."""

import argparse
import os
import pathlib
import sys

import yaml

from support.cluster import workloads
from support.cluster.node import Node, NodeError
from support.cluster.settings import NODE_ADDRESS

NAMESPACE = "broker"


def up(node, binary, broker_archive):
    node.up()
    say(f"Kubernetes is ready on {NODE_ADDRESS}: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet,"
        f" containerd, kube-proxy, CoreDNS; logs in {node.folder}/log")  # fmt: skip
    image = workloads.load_images(node, binary, broker_archive)
    say(f"Images: {image}, {workloads.SANDBOX_IMAGE}, {workloads.TOOLS_IMAGE} (shell, grpcurl, credential-broker)")
    kubectl = workloads.make_namespace(node, NAMESPACE)
    sandbox = workloads.Sandbox(kubectl)
    kubectl.apply(*workloads.broker_files(kubectl, sandbox))
    say(f"Namespace {NAMESPACE}: enforces the Pod Security Standard restricted. Pod and Service sandbox: a stand-in for"
        f" InvestSuite's API at {sandbox.base_url}. Secrets: its key, a certificate for the broker.")  # fmt: skip
    values = node.folder / "values.yaml"
    values.write_text(yaml.safe_dump(workloads.broker_values(image, workloads.credential(sandbox)), sort_keys=False))
    print(f"""
export KUBECONFIG={node.kubeconfig}
helm install credential-broker helm/credential-broker --namespace {NAMESPACE} --values {values} --wait""")


def say(text):
    print(text, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(prog="./dev cluster")
    parser.add_argument("command", choices=["up", "down"])
    parser.add_argument("--folder", required=True, type=pathlib.Path, help="where the node keeps its state")
    parser.add_argument("--binary", type=pathlib.Path, help="the program that the images are made of")
    arguments = parser.parse_args()
    node = Node(arguments.folder)
    try:
        if arguments.command == "up":
            up(node, arguments.binary, os.environ.get("CREDENTIAL_BROKER_IMAGE_TAR"))
        else:
            node.down()
    except NodeError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
