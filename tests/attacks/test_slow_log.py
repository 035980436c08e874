"""A log reader that is slow, and one that hangs."""

import fcntl
import functools
import json
import os
import signal
import subprocess
import threading

import pytest

from support.broker import SERVICE, credential, write_config
from support.processes import BINARY, TIMEOUT, sanitized
from support.raw_h2 import ACK, SETTINGS, RawConnection, call, frame, hello
from support.steady_caller import SteadyCaller
from support.threads import CheckedThread

GET_TOKEN = f"/{SERVICE}/GetToken"
F_SETPIPE_SZ = 1031
CHUNK = 4096
INTERVAL = 1.5  # seconds
# A call that waited for the reader would take three times that.
MAX_MS = 500
END_SECONDS = 10


class SlowlyReadBroker:
    """A broker whose log is read at the pace that the test sets: at once, a chunk per interval, or not at all."""

    def __init__(self, config):
        self._pipe, write = os.pipe()
        fcntl.fcntl(write, F_SETPIPE_SZ, 2 * CHUNK)
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=write
        )
        os.close(write)
        self._log = b""
        self._changed = threading.Condition()
        self._pause = 0.0  # None: until it is changed
        self._reader = CheckedThread(self._read)
        self._reader.start()

    def read_every(self, seconds):
        """0: at once. None: never."""
        with self._changed:
            self._pause = seconds
            self._changed.notify_all()

    def _read(self):
        while chunk := os.read(self._pipe, CHUNK):
            with self._changed:
                self._log += chunk
                self._changed.notify_all()
                pause = self._pause
                if pause != 0:
                    self._changed.wait_for(functools.partial(self._is_no_longer, pause), pause)

    def _is_no_longer(self, pause):
        return self._pause != pause

    def lines(self):
        with self._changed:
            log = self._log
        return [json.loads(line) for line in log.decode().split("\n")[:-1]]

    def wait_event(self, name):
        with self._changed:
            assert self._changed.wait_for(lambda: f'"event":"{name}"'.encode() in self._log, TIMEOUT), self._log.decode()
        return next(line for line in self.lines() if line["event"] == name)

    def wait(self, timeout=TIMEOUT):
        status = self.process.wait(timeout)
        self.read_every(0)
        self._reader.join(TIMEOUT)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.read_every(0)
        self._reader.join(TIMEOUT)
        os.close(self._pipe)


def new_caller(address, number):
    """A call from an address of its own: one audit line."""
    with RawConnection(address, source=f"127.1.{number // 250}.{number % 250 + 1}") as connection:
        connection.send(hello() + frame(SETTINGS, ACK) + call(1, GET_TOKEN))
        assert connection.read_until(lambda: connection.answers() == {1})


@pytest.fixture
def broker(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)], log={"level": "info"})
    with SlowlyReadBroker(config) as running:
        running.wait_event("token_obtained")
        yield running


def test_a_slow_reader_of_the_log_delays_no_call_and_loses_no_line(broker):
    address = broker.wait_event("serving")["grpc"]
    callers = 1000
    with SteadyCaller(address) as steady_caller:
        broker.read_every(INTERVAL)
        pause = threading.Event()
        for number in range(callers):
            new_caller(address, number)
            pause.wait(3 * INTERVAL / callers)  # the attack lasts for several turns of the reader
        steady = steady_caller.finish()
    print(json.dumps(steady))
    assert steady["failures"] == [], steady
    assert sanitized() or steady["max_ms"] < MAX_MS, steady
    broker.read_every(0)
    broker.process.send_signal(signal.SIGTERM)
    assert broker.wait() == 0
    lines = broker.lines()
    peers = [line["peer"] for line in lines if line["event"] == "token_issued"]
    assert [peer for peer in peers if peer.startswith("127.1.")] == [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(callers)]
    assert not any(line["event"] == "log_lines_dropped" for line in lines)
    assert lines[-1]["event"] == "stopped"


def test_a_reader_of_the_log_that_hangs_delays_no_call_and_not_the_end(broker):
    address = broker.wait_event("serving")["grpc"]
    with SteadyCaller(address) as steady_caller:
        broker.read_every(None)
        for number in range(300):
            new_caller(address, number)
        steady = steady_caller.finish()
    assert steady["failures"] == [], steady
    assert sanitized() or steady["max_ms"] < MAX_MS, steady
    broker.process.send_signal(signal.SIGTERM)
    assert broker.process.wait(END_SECONDS) == 0
