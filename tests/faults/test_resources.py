"""Resources that the kernel gives out no more: threads, locked memory, a reader of the log."""

import os
import signal
import socket
import subprocess

import grpc
import pytest

from support.broker import Broker, credential, pb, pb_grpc, write_config
from support.callers import Callers
from support.limits import limited_user
from support.pages import metrics, write_config_with_http
from support.processes import BINARY, TIMEOUT, Process, wait_for
from support.sandbox import Sandbox

NO_THREAD = "raise the limit of processes"
MOST_TASKS = 40  # more than a broker with one credential needs


@pytest.fixture
def user(tmp_path):
    with limited_user(tmp_path) as limited:
        yield limited


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def outcome_of_start(process):
    """Whether the process has ended, serves without a token, or has one."""
    try:
        process.wait_event("serving")
    except AssertionError:
        assert process.wait() == 1, process.log
        assert NO_THREAD in process.log
        return "ended"
    assert wait_for(lambda: process.events("token_obtained") or process.events("upstream_failed"), TIMEOUT)
    if process.events("token_obtained"):
        return "token"
    assert NO_THREAD in process.events("upstream_failed")[0]["reason"]
    return "no token"


def test_a_start_without_enough_threads_says_so_and_ends(user):
    """With one thread more at each start, until there are enough."""
    with Sandbox(user.folder) as sandbox:
        config = write_config(user.folder, [credential(user.folder, sandbox)])
        # Leaks are looked for by another thread.
        env = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        outcomes = []
        while "token" not in outcomes and len(outcomes) < MOST_TASKS:
            limit = user.tasks() + 1 + len(outcomes)
            limits = user.options(nproc=f"{limit}:{limit}")
            with Process("serve", "--config", config, env=env, **limits) as process:
                outcomes.append(outcome_of_start(process))
                if outcomes[-1] != "ended":
                    assert process.terminate() == 0
    assert outcomes[0] == "ended" and outcomes[-1] == "token", outcomes


def test_a_broker_that_gets_no_thread_any_more_serves_on_and_loses_no_session(user):
    with Sandbox(user.folder, lifetime="60s") as sandbox:
        # The refresh is due after 6 s; the token lives on for long enough.
        config = write_config(user.folder, [credential(user.folder, sandbox, refresh_at=0.1)])
        with Broker(config, **user.options(nproc="4096:4096")) as broker:
            broker.wait_event("token_obtained")
            with Callers(broker.channel, pause=0.01) as callers:
                callers.wait_for_each()
                user.limit(broker.pid, nproc="0:4096")
                # It may need no thread for a refresh, or say that it lacks one.
                assert wait_for(
                    lambda: broker.events("upstream_failed") or len(broker.events("token_obtained")) > 1, TIMEOUT
                )
                callers.wait_for_each()
                user.limit(broker.pid, nproc="4096:4096")
                broker.wait_event("token_obtained", operation="refresh")
                callers.wait_for_each()
            assert callers.errors == []
            assert all(NO_THREAD in event["reason"] for event in broker.events("upstream_failed"))
            assert broker.terminate() == 0
        # Nothing was sent, so that the session goes on.
        assert sandbox.stats()["login_requests"] == 1


def test_a_broker_that_may_lock_no_memory_serves(user):
    with Sandbox(user.folder) as sandbox:
        config = write_config(user.folder, [credential(user.folder, sandbox)])
        with Broker(config, **user.options(memlock="0:0")) as broker:
            first = broker.get_token()
            assert broker.get_token(rejected_version=first.version).version != first.version
            assert broker.terminate() == 0


def test_a_log_whose_reader_has_gone_is_counted_and_costs_nothing_else(tmp_path, sandbox):
    reader, writer = os.pipe()
    address = f"unix:{tmp_path}/broker.sock"
    http = f"127.0.0.1:{free_port()}"
    rules = credential(tmp_path, sandbox, principals=["unix:uid:*"])
    config = write_config_with_http(tmp_path, [rules], http={"listen": http}, server={"listen": address})
    broker = subprocess.Popen([BINARY, "serve", "--config", config], stdin=subprocess.DEVNULL, stderr=writer)
    os.close(writer)
    try:
        os.close(reader)
        with grpc.insecure_channel(address) as channel:
            stub = pb_grpc.CredentialBrokerServiceStub(channel)
            first = stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT, wait_for_ready=True).token
            second = stub.GetToken(pb.GetTokenRequest(rejected_version=first.version), timeout=TIMEOUT).token
        assert second.version != first.version
        assert wait_for(lambda: metrics(http)["credential_broker_log_lines_dropped_total"] > 0, TIMEOUT)
        broker.send_signal(signal.SIGTERM)
        assert broker.wait(TIMEOUT) == 0
    finally:
        broker.kill()
        broker.wait()
