"""The callers in tests/go, built for the tests that run them."""

import subprocess

from support.broker import ROOT


def build_go_program(name, folder):
    """Builds tests/go/NAME in `folder`; returns its path."""
    binary = folder / name
    subprocess.run([ROOT / "tests/go/build.sh", name, binary], check=True)
    return binary
