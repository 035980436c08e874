"""Canaries: no secret is found anywhere but where it was asked for."""

import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import sys

import grpc
import pytest

from support import memory
from support.broker import Broker, credential, pb, write_config
from support.inspection import inspecting_prefix
from support.pages import BrokerWithPages, fetch, write_config_with_http
from support.processes import TIMEOUT, sanitized, wait_for
from support.recording_relay import RecordingRelay
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox

GARBAGE = ["not_json", "truncated_json", "html", "wrong_types", "bad_token", "control_token", "other_token_type"]
FAULTS = [
    *({"login_body": body, "refresh_body": body} for body in GARBAGE),
    {"login_status": 500, "refresh_status": 500},
    {"lose_login": "always", "lose_refresh": "always"},
]
NO_FAULT = {
    "login_body": "normal", "refresh_body": "normal", "login_status": 0, "refresh_status": 0, "lose_login": 0,
    "lose_refresh": 0,
}  # fmt: skip


@pytest.fixture
def relay(tmp_path, sandbox):
    folder = tmp_path / "relay"
    folder.mkdir()
    with RecordingRelay(folder, sandbox) as recorder:
        yield recorder


def parts_of(secrets):
    """The secrets, and their ends: a part is a leak too."""
    return {part for secret in secrets for part in (secret, secret[-16:])}


def failure_of(call, *args, **kwargs):
    """What a client sees of a call that fails."""
    with pytest.raises(grpc.RpcError) as failure:
        call(*args, **kwargs)
    return f"{failure.value.code()} {failure.value.details()} {failure.value.trailing_metadata()}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(next(iter(fault.values()))))
def test_the_log_and_the_errors_hold_none(tmp_path, sandbox, relay, fault):
    """Nor does the list of credentials, /metrics or a page. A login and a refresh meet the fault."""
    sandbox.set_faults(**fault)
    config = write_config_with_http(
        tmp_path, [credential(tmp_path, relay)], http={"statusz": True}, server={"max_wait": "1s"}
    )
    with BrokerWithPages(config) as broker, broker.stub() as stub:
        broker.wait_event("upstream_failed", operation="login")
        seen = [failure_of(broker.get_token)]
        sandbox.set_faults(**NO_FAULT)
        broker.wait_event("token_obtained", operation="login")
        token = broker.get_token()
        sandbox.set_faults(**fault)
        seen.append(failure_of(broker.get_token, rejected_version=token.version))
        broker.wait_event("upstream_failed", operation="refresh")
        wrong = ({"credential": "x"}, {"credential": "BAD"}, {"rejected_version": "v" * 200})
        seen += [failure_of(broker.get_token, **request) for request in wrong]
        seen.append(str(stub.ListCredentials(pb.ListCredentialsRequest(), timeout=TIMEOUT)))
        for page in ("/metrics", "/statusz", "/healthz", "/readyz"):
            status, body, headers = fetch(broker.http, page)
            assert status == 200, page
            seen.append(f"{body} {headers}")
        assert broker.terminate() == 0
        text = "\n".join([broker.log, broker.stdout, *seen])
    assert token.value in relay.secrets("access_token")
    assert relay.secrets("refresh_token")
    for part in parts_of(relay.canaries()):
        assert part not in text


@pytest.mark.parametrize("body", GARBAGE)
def test_an_answer_that_cannot_be_read_is_not_quoted(tmp_path, body):
    with Sandbox(tmp_path, login_body=body) as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
            broker.wait_event("upstream_failed")
            assert broker.terminate() == 0
            for secret in (ACCESS_KEY_ID, SECRET_ACCESS_KEY, "<html", "eyJ"):
                assert secret not in broker.log


def files_of_process(pid):
    """What /proc shows of a process, its memory apart: {name: content}."""
    found = {}
    folder = pathlib.Path(f"/proc/{pid}")
    for path in [*folder.iterdir(), *folder.glob("task/*/comm"), *folder.glob("fd/*")]:
        # Some are only for writing or of kernels with other options; another user than root may read none of some.
        with contextlib.suppress(OSError):
            if path.parent.name == "fd":
                found[str(path)] = os.readlink(path).encode()
            elif path.is_file() and path.name not in ("mem", "pagemap", "kpageflags"):
                found[path.name] = path.read_bytes()
    return found


def test_the_command_line_and_the_environment_hold_none(tmp_path, relay):
    with Broker(write_config(tmp_path, [credential(tmp_path, relay)]), wrapper=inspecting_prefix() or ()) as broker:
        broker.get_token()
        files = files_of_process(broker.pid)
        assert {"cmdline", "status", "stat"} <= set(files)
        if inspecting_prefix() is not None:
            assert {"environ", "maps", "smaps", "limits", "auxv"} <= set(files)
        assert relay.secrets("access_token") and relay.secrets("refresh_token")
        for part in parts_of(relay.canaries()):
            assert [name for name, content in files.items() if part.encode() in content] == []


def end_of(process):
    """How a process ended, by the kernel: os.CLD_KILLED, or os.CLD_DUMPED where it left a core."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT).si_code


def test_an_aborted_process_leaves_no_core(tmp_path, sandbox):
    folder = tmp_path / "run"
    folder.mkdir()
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)]), cwd=folder) as broker:
        broker.get_token()
        # Not dumpable: its /proc files belong to root, and a piped core_pattern gets nothing either.
        assert os.stat(f"/proc/{broker.pid}/mem").st_uid == 0
        if os.geteuid() == 0:
            assert os.readlink(f"/proc/{broker.pid}/cwd") == str(folder)
            limits = pathlib.Path(f"/proc/{broker.pid}/limits").read_text()
            [core] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
            assert core.split()[4:6] == ["0", "0"]
        broker.signal(signal.SIGABRT)
        assert end_of(broker) == os.CLD_KILLED
        assert broker.wait() == -signal.SIGABRT
    assert list(folder.iterdir()) == []
    # Where another process is allowed a core, the kernel says that it left one.
    if hard != 0:
        other = subprocess.Popen(
            [sys.executable, "-c", "import os, resource as r; r.setrlimit(r.RLIMIT_CORE, (-1, -1)); os.abort()"],
            cwd=folder,
        )
        assert end_of(other) == os.CLD_DUMPED
        other.wait()


def memory_of(broker):
    """What a debugger finds in the broker; None where no process here may read it."""
    if inspecting_prefix() is not None:
        return memory.areas(broker.pid)
    with pytest.raises(PermissionError):
        memory.areas(broker.pid)
    return None


def guarded(found, secret):
    """The areas that hold it, are locked, and are left out of core files."""
    flags = {"dd"} if sanitized() else {"dd", "lo"}  # sanitizers turn mlock off
    return [area for area in memory.holding(found, secret) if flags <= area.flags]


def unguarded(found, secret):
    """The other areas that hold it."""
    good = guarded(found, secret)
    return [area for area in memory.holding(found, secret) if area not in good]


def test_memory_that_is_locked_is_what_holds_them(tmp_path, relay):
    """And after a login nothing else: the tokens are in no other memory, and the key is nowhere any more."""
    with Broker(write_config(tmp_path, [credential(tmp_path, relay)]), wrapper=inspecting_prefix() or ()) as broker:
        broker.wait_event("token_obtained")
        found = memory_of(broker)
        if found is None:
            return
        tokens = set()
        for field in ("access_token", "refresh_token"):
            [secret] = relay.secrets(field)
            assert guarded(found, secret), f"{field}: {[str(area) for area in memory.holding(found, secret)]}"
            tokens.add(secret)
        # The thread that has logged in wipes its buffers after it has told of the token.
        for part in parts_of([ACCESS_KEY_ID, SECRET_ACCESS_KEY]):
            assert wait_for(lambda part=part: not memory.holding(memory_of(broker), part), TIMEOUT)
        for part in parts_of(tokens):
            assert wait_for(lambda part=part: not unguarded(memory_of(broker), part), TIMEOUT)


def test_tokens_that_are_replaced_leave_the_locked_memory(tmp_path, sandbox, relay):
    sandbox.set_faults(lifetime="6s")
    with Broker(write_config(tmp_path, [credential(tmp_path, relay)]), wrapper=inspecting_prefix() or ()) as broker:
        broker.wait_event("token_obtained")
        old = relay.secrets("access_token", "refresh_token")
        assert len(old) == 2
        # The next ones live long, so that they are still there when the memory is read.
        sandbox.set_faults(lifetime="300s")
        broker.wait_event("token_obtained", operation="refresh")
        found = memory_of(broker)
        if found is None:
            return
        new = relay.secrets("access_token", "refresh_token") - old
        assert len(new) == 2
        for secret in new:
            assert guarded(found, secret)
        for secret in old:
            assert guarded(found, secret) == []
