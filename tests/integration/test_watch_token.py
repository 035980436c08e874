"""WatchToken on the real binary: by grpcio, and by `token watch`."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import time

import grpc
import pytest

from support import raw_h2
from support.broker import SERVICE, Broker, credential, details_of, pb, write_config
from support.processes import CLIENT_BINARY, TIMEOUT, wait_for
from support.sandbox import Sandbox
from support.streams import TokenStream

# refresh_at of short lives: what happens before a token ends has most of its life to happen in, on a slow machine too.
EARLY = 0.1


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
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox, refresh_at=EARLY)])) as broker, broker.stub() as stub:
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
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox, refresh_at=EARLY)])) as broker, broker.stub() as stub:
            stream = TokenStream(stub)
            seen = [stream.wait_token()]
            sandbox.set_faults(login_status=503, refresh_status=503)
            while seen[-1].HasField("token"):
                seen.append(stream.wait(lambda m: True))
            lives = [m.token.remaining_validity.ToTimedelta().total_seconds() for m in seen if m.HasField("token")]
            assert len(lives) > 1, "each attempt that fails is told, with the token"
            # A message says what was left when the token was found usable, however late it is sent.
            assert min(lives) >= lifetime / 10


def messages_of(connection):
    """The messages that have come whole on stream 1."""
    body = b"".join(payload for kind, _, stream, payload in connection.frames() if (kind, stream) == (raw_h2.DATA, 1))
    found = []
    while len(body) >= 5 and len(body) >= 5 + (size := int.from_bytes(body[1:5], "big")):
        found.append(pb.WatchTokenResponse.FromString(body[5 : 5 + size]))
        body = body[5 + size :]
    return found


@pytest.mark.parametrize("window", [0, 10])
def test_a_reader_that_stops_gets_the_latest_and_no_queue(tmp_path, window):
    """Its window takes none or the first bytes of the first message. When it reads on, what comes after a message that it
    has begun to read is the latest."""
    with Sandbox(tmp_path, lifetime="6s") as sandbox:
        with (
            Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker,
            raw_h2.RawConnection(broker.address) as stopped,
        ):
            first = broker.get_token().version
            watch = raw_h2.call(1, f"/{SERVICE}/WatchToken")
            stopped.send(raw_h2.hello(initial_window_size=window) + raw_h2.frame(raw_h2.SETTINGS, raw_h2.ACK) + watch)
            broker.wait_event("token_issued", version=first)
            if window:
                assert stopped.read_until(lambda: any(frame[0] == raw_h2.DATA for frame in stopped.frames()))
            broker.wait_event("token_obtained", operation="refresh", count=2)
            # The next one stays, so that nothing changes while the messages are read.
            sandbox.set_faults(lifetime="300s")
            broker.wait_event("token_obtained", operation="refresh", count=3)
            latest = broker.get_token().version
            begun = [first] if window else []
            assert messages_of(stopped) == []
            stopped.send(raw_h2.window_update(1, raw_h2.MAX_WINDOW - window))
            assert stopped.read_until(lambda: len(messages_of(stopped)) > len(begun))
            assert [message.token.version for message in messages_of(stopped)] == [*begun, latest]
            newer = broker.get_token(rejected_version=latest).version
            assert stopped.read_until(lambda: len(messages_of(stopped)) > len(begun) + 1)
            assert [message.token.version for message in messages_of(stopped)] == [*begun, latest, newer]


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


def wait_until(holds):
    """Waits, by looking again and again, for what no event shows."""
    assert wait_for(holds, TIMEOUT), "it never came to be"


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
        with Sandbox(tmp_path, lifetime="20s") as sandbox:
            with Broker(write_config(tmp_path, [credential(tmp_path, sandbox, refresh_at=EARLY)])) as broker:
                file = tmp_path / "token"
                whole = len(broker.get_token().value)
                with token_watch(broker.address, "--output-file", file):
                    wait_until(file.exists)
                    values = set()

                    def read():
                        values.add(file.read_text())
                        return len(values) >= 4

                    wait_until(read)
                    assert {len(value) for value in values} == {whole}

    def test_the_file_goes_with_the_token_and_comes_back(self, tmp_path):
        with Sandbox(tmp_path, lifetime="6s") as sandbox:
            with Broker(write_config(tmp_path, [credential(tmp_path, sandbox, refresh_at=EARLY)])) as broker:
                file = tmp_path / "token"
                with token_watch(broker.address, "--output-file", file):
                    wait_until(file.exists)
                    sandbox.set_faults(login_status=503, refresh_status=503)
                    wait_until(lambda: not file.exists())
                    sandbox.set_faults(login_status=0, refresh_status=0)
                    wait_until(file.exists)

    def test_without_a_broker_it_keeps_the_token_to_its_end_and_finds_the_next_broker(self, tmp_path):
        with Sandbox(tmp_path, lifetime="6s") as sandbox:
            entry = credential(tmp_path, sandbox, refresh_at=EARLY)
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
