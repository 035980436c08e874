"""Callers that go on calling while a test does something to the broker, and what they saw."""

import collections
import threading
import time

import grpc

from support.broker import pb, pb_grpc
from support.processes import TIMEOUT
from support.threads import CheckedThread


class Callers:
    """Threads that call GetToken until the block ends. `open_channel` makes a channel; each call of a thread in
    `reconnecting` has one of its own, those in `lasting` keep theirs. `pause`: seconds between the calls of a thread.
    `wait_for_ready`: calls wait while no broker listens. `on_token` is called with each token and the wall time at which
    its call began."""

    def __init__(
        self,
        open_channel,
        lasting=2,
        reconnecting=2,
        names=("default",),
        pause=0,
        wait_for_ready=False,
        on_token=lambda token, began: None,
    ):
        self._open_channel = open_channel
        self._names = names
        self._pause = pause
        self._wait_for_ready = wait_for_ready
        self._on_token = on_token
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self.calls = 0
        self.errors = []
        self.versions = {name: set() for name in names}
        self.least_validity = float("inf")  # seconds that a token had left when it came
        self._histories = {}  # (thread, name): each version that came after another
        self._calls_of = collections.Counter()  # by thread
        self._threads = [CheckedThread(self._last) for _ in range(lasting)]
        self._threads += [CheckedThread(self._reconnect) for _ in range(reconnecting)]

    def _call(self, stub):
        for name in self._names:
            began = time.time()
            try:
                request = pb.GetTokenRequest(credential=name)
                token = stub.GetToken(request, timeout=TIMEOUT, wait_for_ready=self._wait_for_ready).token
                validity = token.remaining_validity.ToTimedelta().total_seconds()
                self._on_token(token, began)
                with self._lock:
                    self.calls += 1
                    self._calls_of[threading.get_ident()] += 1
                    history = self._histories.setdefault((threading.get_ident(), name), [])
                    if history[-1:] != [token.version]:
                        history.append(token.version)
                    self.versions[name].add(token.version)
                    self.least_validity = min(self.least_validity, validity)
                    self._progress.notify_all()
            except grpc.RpcError as error:
                with self._lock:
                    self.errors.append(error)
                    self._progress.notify_all()

    def _last(self):
        with self._open_channel() as channel:
            stub = pb_grpc.CredentialBrokerServiceStub(channel)
            while not self._stop.is_set():
                self._call(stub)
                self._stop.wait(self._pause)

    def _reconnect(self):
        while not self._stop.is_set():
            with self._open_channel() as channel:
                self._call(pb_grpc.CredentialBrokerServiceStub(channel))
            self._stop.wait(self._pause)

    def wait_for_calls(self, more):
        """Waits until so many calls more have succeeded, or one has failed."""
        with self._lock:
            wanted = self.calls + more
            assert self._progress.wait_for(lambda: self.calls >= wanted or self.errors, TIMEOUT)

    def wait_for_each(self):
        """Waits until each thread has begun and ended a call, or one has failed."""
        with self._lock:
            wanted = {thread.ident: self._calls_of[thread.ident] + 2 * len(self._names) for thread in self._threads}

            def reached():
                return self.errors or all(self._calls_of[thread] >= calls for thread, calls in wanted.items())

            assert self._progress.wait_for(reached, TIMEOUT)

    def went_back(self):
        """Versions that a caller got again after another one."""
        histories = self._histories.values()
        return [v for history in histories for v, times in collections.Counter(history).items() if times > 1]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert kind is not None or self.calls > 0, "no call was made"
