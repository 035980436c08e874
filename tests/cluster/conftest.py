"""Fixtures for tests on a real one-node Kubernetes; see tests/support/cluster.

A node that `./dev cluster up` started is used where there is one, else one that ends with these tests.
"""

import itertools
import os
import shutil

import pytest

from support.broker import ROOT
from support.cluster import workloads
from support.cluster.node import Node
from support.cluster.release import Release
from support.go_programs import build_go_program
from support.processes import BINARY

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    standing = Node(ROOT / "build" / "cluster")
    if standing.is_running():
        yield standing
        return
    started = Node(tmp_path_factory.mktemp("cluster") / "node")
    started.up(tied_to_parent=True)
    try:
        yield started
    finally:
        # Those of the components and of the pods, where ./dev keeps the logs of tests.
        if logs := os.environ.get("CREDENTIAL_BROKER_CLUSTER_LOGS"):
            for name in ("log", "pod-logs"):
                shutil.copytree(started.folder / name, f"{logs}/{name}", symlinks=True, dirs_exist_ok=True)
        started.down()


@pytest.fixture(scope="session")
def image(node, tmp_path_factory):
    """The broker's image on the node: the one in CREDENTIAL_BROKER_IMAGE_TAR, else one made of the binary under test."""
    client = build_go_program("rolling_client", tmp_path_factory.mktemp("go"))
    return workloads.load_images(node, BINARY, os.environ.get("CREDENTIAL_BROKER_IMAGE_TAR"), tools=[client])


class Place:
    """A namespace with a sandbox, the broker's files, and a release of the chart that is not installed yet."""

    def __init__(self, node, image, name):
        self.kubectl = workloads.make_namespace(node, name)
        self.sandbox = workloads.Sandbox(self.kubectl)
        self.kubectl.apply(*workloads.broker_files(self.kubectl, self.sandbox))
        self.release = Release(self.kubectl, image)


@pytest.fixture(scope="module")
def new_place(node, image):
    """Makes places. They are deleted after the module's tests."""
    made = []

    def make():
        made.append(Place(node, image, f"test-{os.getpid()}-{next(NUMBERS)}"))
        return made[-1]

    yield make
    for place in made:
        # What a release has in no namespace goes only so.
        place.kubectl.helm("uninstall", place.release.name, "--ignore-not-found", "--wait=false")
        place.kubectl("delete", "namespace", place.kubectl.namespace, "--wait=false")


@pytest.fixture
def place(new_place):
    return new_place()
