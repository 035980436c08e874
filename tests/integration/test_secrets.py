"""Canaries: no secret is found anywhere but where it was asked for."""

import os
import pathlib
import signal

import grpc
import pytest

from support.broker import Broker, credential, pb, write_config
from support.processes import TIMEOUT
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox

GARBAGE = ["not_json", "truncated_json", "html", "wrong_types", "bad_token", "control_token", "other_token_type"]


def canaries(broker):
    return [ACCESS_KEY_ID, SECRET_ACCESS_KEY, broker.get_token().value]


def test_the_log_and_the_errors_hold_none(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
            secrets = canaries(broker)
            for body in GARBAGE:
                sandbox.set_faults(login_body=body, refresh_body=body)
            errors = []
            for request in ({"credential": "x"}, {"credential": "BAD"}, {"rejected_version": "v" * 200}):
                with pytest.raises(grpc.RpcError) as failure:
                    broker.get_token(**request)
                errors.append(f"{failure.value.details()} {failure.value.trailing_metadata()}")
            with broker.stub() as stub:
                listing = str(stub.ListCredentials(pb.ListCredentialsRequest(), timeout=TIMEOUT))
            assert broker.terminate() == 0
            text = "\n".join([broker.log, broker.stdout, listing, *errors])
            for secret in secrets:
                assert secret not in text
                # A part is a leak too.
                assert secret[-16:] not in text


@pytest.mark.parametrize("body", GARBAGE)
def test_an_answer_that_cannot_be_read_is_not_quoted(tmp_path, body):
    with Sandbox(tmp_path, login_body=body) as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
            broker.wait_event("upstream_failed")
            assert broker.terminate() == 0
            for secret in (ACCESS_KEY_ID, SECRET_ACCESS_KEY, "<html", "eyJ"):
                assert secret not in broker.log


def test_the_command_line_and_the_environment_hold_none(broker):
    secrets = [secret.encode() for secret in canaries(broker)]
    for name in ("cmdline", "environ", "comm", "status", "maps"):
        content = pathlib.Path(f"/proc/{broker.pid}/{name}").read_bytes()
        assert not any(secret in content for secret in secrets), name


def test_an_aborted_process_leaves_no_core(tmp_path, sandbox):
    folder = tmp_path / "run"
    folder.mkdir()
    limits_before = pathlib.Path("/proc/self/limits").read_text()
    with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
        broker.get_token()
        limits = pathlib.Path(f"/proc/{broker.pid}/limits").read_text()
        [core] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core.split()[4:6] == ["0", "0"], limits_before
        # Not dumpable: its /proc files belong to root, and a piped core_pattern gets nothing either.
        assert os.stat(f"/proc/{broker.pid}/mem").st_uid == 0
        broker.signal(signal.SIGABRT)
        status = broker.wait()
        assert status == -signal.SIGABRT
    assert not list(tmp_path.rglob("core*"))
    assert "core dumped" not in broker.log


def test_memory_that_is_locked_is_what_holds_them(broker):
    """The guarded pages are left out of core files: VmFlags has `dd` on at least one writable or readable area."""
    broker.get_token()
    flags = pathlib.Path(f"/proc/{broker.pid}/smaps").read_text()
    assert any(line.startswith("VmFlags:") and " dd" in line for line in flags.splitlines())
