"""The real binary as tests run it: its log is read line by line, and tests wait for events in it."""

import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

BINARY = os.environ.get("CREDENTIAL_BROKER_BINARY", "build/release/bin/credential-broker")

# For the commands that call a broker by gRPC's own library. Under ThreadSanitizer it is another build: Debian's gRPC is not
# instrumented, and all that it does would look like a race.
CLIENT_BINARY = os.environ.get("CREDENTIAL_BROKER_CLIENT_BINARY", BINARY)
CLIENT_COMMANDS = ("token", "exec", "credentials", "health")

# Generous: a sanitizer build on a busy machine must not fail for slowness. Nothing waits this long when it works.
TIMEOUT = float(os.environ.get("CREDENTIAL_BROKER_TEST_TIMEOUT", "60"))

# How a sanitizer ends the process that it finds a fault in: with a report, and the exit status that environment_of in
# tools/test.sh sets, which no command has. No test may take that for an end that it expects.
SANITIZER_REPORT = re.compile(r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|: runtime error: )")
SANITIZER_EXIT_STATUS = 99


def assert_no_sanitizer_report(exit_status, stderr):
    assert exit_status != SANITIZER_EXIT_STATUS and not SANITIZER_REPORT.search(stderr), stderr


@functools.cache
def sanitized():
    """Whether the binary under test was built with a sanitizer: its runtime is part of the binary then."""
    binary = pathlib.Path(BINARY).read_bytes()
    return any(f"__{name}_init".encode() in binary for name in ("asan", "tsan", "msan"))


def wait_for(condition, timeout, pause=0.02):
    """True as soon as `condition()` is; for what /proc and /metrics show, which can only be polled."""
    deadline = time.monotonic() + timeout
    pauses = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pauses.wait(pause)
    return True


class Process:
    """A running subcommand whose stderr is JSON lines. Thread-safe to wait on. `wrapper`: a command that sets something and
    becomes the binary."""

    def __init__(self, *args, env=None, cwd=None, wrapper=(), binary=None):
        self.args = [*wrapper, binary or BINARY, *map(str, args)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CREDENTIAL_BROKER_")}
        self._process = subprocess.Popen(
            self.args,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={**clean, **(env or {})},
            cwd=cwd,
        )
        self._changed = threading.Condition()
        self._lines = []
        self._ended = False
        self._end_is_known = False
        self._stdout = b""
        self._readers = [
            threading.Thread(target=self._read_log, daemon=True),
            threading.Thread(target=self._read_stdout, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_log(self):
        for raw in self._process.stderr:
            with self._changed:
                self._lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_stdout(self):
        self._stdout = self._process.stdout.read()

    @property
    def pid(self):
        return self._process.pid

    @property
    def exit_status(self):
        """None while the process runs."""
        return self._process.poll()

    @property
    def log(self):
        """All of stderr so far."""
        with self._changed:
            return "\n".join(self._lines)

    @property
    def stdout(self):
        return self._stdout.decode()

    def events(self, name=None):
        """The log's JSON lines so far, those of one event where it is named."""
        with self._changed:
            lines = list(self._lines)
        found = []
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if name is None or entry.get("event") == name:
                found.append(entry)
        return found

    def wait_event(self, name, count=1, timeout=TIMEOUT, **fields):
        """Waits until `count` events of this name with these fields are in the log; returns the last of them."""
        deadline = time.monotonic() + timeout
        while True:
            with self._changed:
                seen = len(self._lines)
                ended = self._ended
            found = [e for e in self.events(name) if all(e.get(k) == v for k, v in fields.items())]
            if len(found) >= count:
                return found[count - 1]
            left = deadline - time.monotonic()
            if ended or left <= 0:
                why = "the process ended" if ended else f"{timeout} s passed"
                raise AssertionError(f"{why} before {count} × {name} {fields}; the log:\n{self.log}")
            with self._changed:
                self._changed.wait_for(lambda: len(self._lines) != seen or self._ended, left)  # noqa: B023

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, timeout=TIMEOUT):
        """The exit status; fails where the process goes on."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.args} did not end in {timeout} s; the log:\n{self.log}") from error
        for reader in self._readers:
            reader.join()
        self._end_is_known = True
        assert_no_sanitizer_report(status, self.log)
        return status

    def terminate(self, timeout=TIMEOUT):
        """SIGTERM and the exit status."""
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL, for a process that cannot end in order, or whose test is about just that. Nothing looks for leaks."""
        self._process.kill()
        self.wait()

    def close(self):
        """Ends the process in order and fails unless its exit status is 0, so that leaks and a crash after the last assertion
        are seen. A test that has called `wait`, `terminate` or `kill` has the exit status, and has asserted it."""
        try:
            if not self._end_is_known:
                status = self.terminate()
                assert status == 0, f"{self.args} ended with exit status {status}; the log:\n{self.log}"
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run(*args, env=None, input=None, timeout=TIMEOUT):
    """Runs one command of the binary to its end."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CREDENTIAL_BROKER_")}
    binary = CLIENT_BINARY if args and args[0] in CLIENT_COMMANDS else BINARY
    done = subprocess.run(
        [binary, *map(str, args)],
        capture_output=True,
        text=True,
        env={**clean, **(env or {})},
        input=input,
        timeout=timeout,
        check=False,
    )
    assert_no_sanitizer_report(done.returncode, done.stderr)
    return done
