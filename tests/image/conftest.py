"""The images as docker/Dockerfile builds them, over a base that debootstrap made: no registry of images is needed."""

import os
import pathlib

import pytest

from support.docker import Docker

ROOT = pathlib.Path(__file__).resolve().parents[2]
# ./dev test --full sets both.
BASE_TAR = os.environ.get("CREDENTIAL_BROKER_DEBIAN13_TAR")
DATA = os.environ.get("CREDENTIAL_BROKER_DOCKER_DATA")


@pytest.fixture(scope="session")
def docker(tmp_path_factory):
    """A daemon that has the images credential-broker and credential-broker-sandbox, built from this checkout."""
    assert os.geteuid() == 0, "these tests need root, for dockerd"
    assert BASE_TAR, "CREDENTIAL_BROKER_DEBIAN13_TAR is to name a tar file of a minimal Debian 13: ./dev test --full sets it"
    with Docker(tmp_path_factory.mktemp("docker"), DATA or tmp_path_factory.mktemp("docker-data")) as daemon:
        daemon.import_base("debian:13-slim", BASE_TAR)
        daemon.build(ROOT, "broker", "credential-broker")
        daemon.build(ROOT, "sandbox", "credential-broker-sandbox")
        yield daemon


@pytest.fixture(scope="session")
def build_stage(docker):
    """The image of the stage that collects the broker's files: Debian with dpkg, and the finished build."""
    docker.build(ROOT, "broker-files", "credential-broker-files")
    return "credential-broker-files"
