"""Fixtures for tests/integration, tests/faults and tests/endurance."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support.broker import Broker, credential, write_config
from support.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path):
    with Sandbox(tmp_path) as process:
        yield process


@pytest.fixture
def broker(tmp_path, sandbox):
    """A broker with one credential for everybody, over plaintext on loopback."""
    with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as process:
        yield process
