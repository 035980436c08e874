"""WatchToken on the real binary: by grpcio, and by `token watch`."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import threading
import time

import grpc
import pytest

from support.broker import Broker, credential, details_of, pb, write_config
from support.processes import CLIENT_BINARY, TIMEOUT
from support.sandbox import Sandbox
from support.streams import TokenStream


def test_the_whole_state_at_once_then_every_new_token(broker, sandbox):
    first = broker.get_token()
    with broker.stub() as stub:
        stream = TokenStream(stub)
        message = stream.wait_token()
        assert message.token.value == first.value
        assert message.credential.state == pb.Credential.STATE_READY
        assert message.credential.version == first.version
        assert 0 < message.token.remaining_validity.seconds <= 300
        second = broker.get_token(rejected_version=first.version)
        assert stream.wait_token(first.version).token.value == second.value
        broker.wait_event("token_issued", version=second.version)


def test_a_stream_that_opens_before_the_first_login(tmp_path):
    with Sandbox(tmp_path, hang_login="always") as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox, request_timeout="60s")])) as broker:
            sandbox.wait_for(hanging=1)
            with broker.stub() as stub:
                stream = TokenStream(stub)
                message = stream.wait(lambda m: True)
                assert message.credential.state == pb.Credential.STATE_PENDING
                assert not message.HasField("token")
                sandbox.set_faults(hang_login=0)
                assert stream.wait_token().credential.state == pb.Credential.STATE_READY


def test_a_token_is_withdrawn_when_it_ends_in_an_outage(tmp_path):
    with Sandbox(tmp_path, lifetime="6s") as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker, broker.stub() as stub:
            stream = TokenStream(stub)
            stream.wait_token()
            sandbox.set_faults(login_status=503, refresh_status=503)
            degraded = stream.wait(lambda m: m.credential.state == pb.Credential.STATE_DEGRADED)
            assert degraded.HasField("token")
            assert degraded.credential.last_error_reason == "UPSTREAM_UNAVAILABLE"
            gone = stream.wait(lambda m: not m.HasField("token"))
            assert gone.credential.state == pb.Credential.STATE_UNAVAILABLE
            assert gone.credential.version == ""
            sandbox.set_faults(login_status=0, refresh_status=0)
            assert stream.wait_token().credential.state == pb.Credential.STATE_READY


def test_no_message_tells_of_less_life_than_is_promised(tmp_path):
    lifetime = 6.0
    # Opaque: a JWT's exp is in whole seconds, and may shorten the lifetime that the broker works with.
    with Sandbox(tmp_path, lifetime="6s", token_format="opaque") as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker, broker.stub() as stub:
            stream = TokenStream(stub)
            seen = [stream.wait_token()]
            sandbox.set_faults(login_status=503, refresh_status=503)
            while seen[-1].HasField("token"):
                seen.append(stream.wait(lambda m: True))
            lives = [m.token.remaining_validity.ToTimedelta().total_seconds() for m in seen if m.HasField("token")]
            assert len(lives) > 1, "each attempt that fails is told, with the token"
            # What is sent was evaluated at most a millisecond before.
            assert min(lives) >= lifetime / 10 - 0.002


def test_a_reader_that_stops_gets_the_latest_and_no_queue(tmp_path):
    """Its window takes the first bytes only; when it reads on, what comes after them is the latest state."""
    with Sandbox(tmp_path, lifetime="6s") as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
            # grpcio reads a message ahead and no more, and HTTP/2's window holds the rest of few.
            with broker.stub() as stub:
                call = stub.WatchToken(pb.WatchTokenRequest())
                first = next(call)
                broker.wait_event("token_obtained", operation="refresh", count=4)
                latest = broker.get_token().version
                versions = [first.token.version]
                while versions[-1] != latest and len(versions) < 10:
                    versions.append(next(call).token.version)
                assert latest in versions
                call.cancel()


def test_a_key_that_is_refused_is_a_state(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)])
    (tmp_path / "secret_access_key").write_text("wrong\n")
    with Broker(config) as broker, broker.stub() as stub:
        stream = TokenStream(stub)
        rejected = stream.wait(lambda m: m.credential.state == pb.Credential.STATE_REJECTED)
        assert rejected.credential.last_error_reason == "CREDENTIAL_REJECTED"


def test_errors_at_the_start_are_those_of_get_token(broker):
    with broker.stub() as stub:
        for name, code, reason in (
            ("elsewhere", grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED"),
            ("No Such", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        ):
            error = TokenStream(stub, name).wait_error()
            assert error.code() == code
            assert details_of(error)[0] == reason


def test_a_drain_ends_streams_with_the_time_to_come_back(broker):
    with broker.stub() as stub:
        streams = [TokenStream(stub) for _ in range(50)]
        for stream in streams:
            stream.wait_token()
        began = time.monotonic()
        broker.signal(signal.SIGTERM)
        for stream in streams:
            error = stream.wait_error()
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            reason, delay, _ = details_of(error)
            assert reason == "SHUTTING_DOWN"
            assert delay is not None
        assert broker.wait() == 0
        assert time.monotonic() - began < 10


@contextlib.contextmanager
def token_watch(address, *args):
    """`token watch` as a process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CREDENTIAL_BROKER_")}
    process = subprocess.Popen(
        [CLIENT_BINARY, "token", "watch", "--plaintext", "--address", address, *map(str, args)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def wait_until(holds, timeout=TIMEOUT):
    """Waits, by looking again and again, for what no event tells."""
    deadline = time.monotonic() + timeout
    turn = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        turn.wait(0.02)


class TestTokenWatch:
    def test_a_line_for_each_state(self, broker):
        first = broker.get_token()
        with token_watch(broker.address) as watch:
            line = json.loads(watch.stdout.readline())
            assert line["token"]["value"] == first.value
            assert line["credential"]["state"] == "STATE_READY"
            second = broker.get_token(rejected_version=first.version)
            while line["token"]["version"] != second.version:
                line = json.loads(watch.stdout.readline())
            assert line["token"]["value"] == second.value
            watch.send_signal(signal.SIGTERM)
            assert watch.wait(TIMEOUT) == 0
            assert watch.stderr.read() == ""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_also_while_it_waits_for_a_broker(self, number):
        with token_watch("127.0.0.1:1") as watch:
            assert "no word from the broker" in watch.stderr.readline()
            watch.send_signal(number)
            assert watch.wait(TIMEOUT) == 0

    def test_the_file_is_private_and_follows_the_token(self, broker, tmp_path):
        file = tmp_path / "token"
        first = broker.get_token()
        with token_watch(broker.address, "--output-file", file) as watch:
            wait_until(file.exists)
            assert file.read_text() == first.value
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            second = broker.get_token(rejected_version=first.version)
            wait_until(lambda: file.read_text() == second.value)
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            watch.send_signal(signal.SIGTERM)
            assert watch.wait(TIMEOUT) == 0
            said = watch.stdout.read() + watch.stderr.read()
        assert said == ""
        assert file.read_text() == second.value
        for value in (first.value, second.value):
            assert value not in broker.log
            assert value not in "".join(path.name for path in tmp_path.iterdir())
        assert not list(tmp_path.glob("token.*"))

    def test_a_reader_never_sees_a_part(self, tmp_path):
        with Sandbox(tmp_path, lifetime="3s") as sandbox:
            with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
                file = tmp_path / "token"
                whole = len(broker.get_token().value)
                with token_watch(broker.address, "--output-file", file):
                    wait_until(file.exists)
                    values = set()

                    def read():
                        # On a slow machine a life this short may end before its refresh: then there is no file.
                        with contextlib.suppress(FileNotFoundError):
                            values.add(file.read_text())
                        return len(values) >= 4

                    wait_until(read)
                    assert {len(value) for value in values} == {whole}

    def test_the_file_goes_with_the_token_and_comes_back(self, tmp_path):
        with Sandbox(tmp_path, lifetime="6s") as sandbox:
            with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
                file = tmp_path / "token"
                with token_watch(broker.address, "--output-file", file):
                    wait_until(file.exists)
                    sandbox.set_faults(login_status=503, refresh_status=503)
                    wait_until(lambda: not file.exists())
                    sandbox.set_faults(login_status=0, refresh_status=0)
                    wait_until(file.exists)

    def test_without_a_broker_it_keeps_the_token_to_its_end_and_finds_the_next_broker(self, tmp_path):
        with Sandbox(tmp_path, lifetime="6s") as sandbox:
            entry = credential(tmp_path, sandbox)
            server = {"listen": f"unix:{tmp_path}/broker.sock"}
            config = write_config(
                tmp_path, [{**entry, "allow": [{"principals": ["unix:uid:*"]}]}], server=server
            )
            file = tmp_path / "token"
            address = server["listen"]
            with Broker(config) as broker, token_watch(address, "--output-file", file):
                wait_until(file.exists)
                broker.terminate()
                value = file.read_text()
                assert value
                wait_until(lambda: not file.exists())
                with Broker(config):
                    wait_until(file.exists)
                    assert file.read_text() != value

    def test_an_answer_that_no_retry_mends_ends_it(self, broker, tmp_path):
        for name, code in (("elsewhere", 4), ("No Such", 2)):
            with token_watch(broker.address, "--credential", name, "--output-file", tmp_path / "t") as watch:
                assert watch.wait(TIMEOUT) == code
                assert watch.stderr.read().startswith("error: ")

    def test_a_file_that_cannot_be_written_is_a_local_error(self, broker, tmp_path):
        with token_watch(broker.address, "--output-file", tmp_path / "nowhere" / "token") as watch:
            assert watch.wait(TIMEOUT) == 1
            assert "nowhere/token" in watch.stderr.read()
        with token_watch(broker.address, "-o", "jsonl", "--output-file", tmp_path / "token") as watch:
            assert watch.wait(TIMEOUT) == 1
