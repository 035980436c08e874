"""The harness that runs the binary (tests/support/processes.py): what it must not let pass."""

import signal
import sys

import pytest

from support import processes
from support.processes import Process, run

SERVE = """
print('{"event": "serving"}', file=sys.stderr, flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def binary(tmp_path, monkeypatch):
    """Makes a script the binary under test."""

    def written(text):
        path = tmp_path / "binary"
        path.write_text(f"#!{sys.executable}\nimport os, signal, sys\n{text}\n{SERVE}")
        path.chmod(0o700)
        monkeypatch.setattr(processes, "BINARY", path)
        monkeypatch.setattr(processes, "CLIENT_BINARY", path)

    return written


def ends_with(status):
    return f"signal.signal(signal.SIGTERM, lambda *_: os._exit({status}))"


def test_a_process_that_ends_with_0_is_closed(binary):
    binary(ends_with(0))
    with Process() as process:
        process.wait_event("serving")
    assert process.exit_status == 0


@pytest.mark.parametrize("status", [1, 99])
def test_an_end_with_another_status_fails(binary, status):
    binary(ends_with(status))
    with pytest.raises(AssertionError), Process() as process:
        process.wait_event("serving")


def test_a_crash_that_no_assertion_sees_fails(binary):
    binary(ends_with(0))
    process = Process()
    process.wait_event("serving")
    process.signal(signal.SIGSEGV)
    with pytest.raises(AssertionError, match="exit status -11"):
        process.close()


def test_a_process_that_ignores_sigterm_fails_and_is_killed(binary, monkeypatch):
    binary("signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    monkeypatch.setattr(Process.terminate, "__defaults__", (0.1,))
    with pytest.raises(AssertionError, match="did not end"), Process() as process:
        process.wait_event("serving")
    assert process.exit_status == -signal.SIGKILL


def test_a_process_that_was_killed_on_purpose_is_closed(binary):
    binary(ends_with(1))
    with Process() as process:
        process.wait_event("serving")
        process.kill()


@pytest.mark.parametrize("end", ["sys.exit(99)", "sys.exit('ERROR: AddressSanitizer: heap-use-after-free')"])
def test_a_command_that_a_sanitizer_ended_fails(binary, end):
    binary(end)
    with pytest.raises(AssertionError):
        run()


def test_a_command_that_fails_returns_its_status(binary):
    binary("sys.exit(1)")
    assert run().returncode == 1
