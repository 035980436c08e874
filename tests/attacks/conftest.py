"""Fixtures for attacks on the real binary. One broker has to stand all attacks of a file, each begins when it has recovered
from the one before."""

import pytest

from support.attack_target import running_plain_target, running_target
from support.sandbox import Sandbox


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    with Sandbox(folder) as sandbox, running_target(folder, sandbox) as running:
        yield running


@pytest.fixture(scope="module")
def plain_target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked-on-a-unix-socket")
    with Sandbox(folder) as sandbox, running_plain_target(folder, sandbox) as running:
        yield running


@pytest.fixture(scope="module")
def open_target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked-over-plaintext")
    with Sandbox(folder) as sandbox, running_plain_target(folder, sandbox, "127.0.0.1:0", "anonymous") as running:
        yield running
