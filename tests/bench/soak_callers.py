"""Callers and watchers of the soak. Each notes what it saw; judging is for the end, when the log has the order of versions."""

import base64
import dataclasses
import json
import threading
import time

import grpc

from support.broker import details_of, pb, pb_grpc

# Codes and reasons that an outage may cause, and nothing else.
EXPECTED = {"TOKEN_NOT_READY", "UPSTREAM_UNAVAILABLE", "UPSTREAM_RATE_LIMITED"}


@dataclasses.dataclass
class Seen:
    """A token that a caller got: between `began` and `ended`, both in seconds of the monotonic clock."""

    who: str
    began: float
    ended: float
    version: str  # empty: a message that withdraws
    remaining: float = 0.0  # as the broker says
    claimed: float = 0.0  # most that the JWT's exp leaves, counted from `began`


def _jwt_expiry(value):
    """In seconds since 1970; InvestSuite rounds it down."""
    part = value.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["exp"]


def _seen(who, began, wall, token):
    remaining = token.remaining_validity.seconds + token.remaining_validity.nanos / 1e9
    return Seen(who, began, time.monotonic(), token.version, remaining, _jwt_expiry(token.value) + 1 - wall)


class _Runner:
    """A thread of its own on a channel of its own, until stop()."""

    def __init__(self, broker, name):
        self.name = name
        self.seen = []
        self.surprises = []
        self._stop = threading.Event()
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        self._channel = grpc.insecure_channel(broker.address, options=options)
        self.stub = pb_grpc.CredentialBrokerServiceStub(self._channel)
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._thread.start()

    def run(self):
        raise NotImplementedError

    def _guarded(self):
        try:
            self.run()
        except Exception as error:
            self.surprises.append(f"{self.name}: {error!r}")

    def stop(self):
        self._stop.set()
        self._channel.close()
        self._thread.join(30)


class Caller(_Runner):
    """GetToken twenty times a second; each second it calls the API with what it got."""

    def __init__(self, broker, sandbox, name):
        self._sandbox = sandbox
        self.failed = 0
        self.used = []  # (seconds from the call of GetToken to the API's answer, its status)
        super().__init__(broker, name)

    def run(self):
        n = 0
        while not self._stop.wait(0.05):
            n += 1
            began, wall = time.monotonic(), time.time()
            try:
                token = self.stub.GetToken(pb.GetTokenRequest(), timeout=10).token
            except grpc.RpcError as error:
                if self._stop.is_set():
                    return
                self._failed(error)
                continue
            self.seen.append(_seen(self.name, began, wall, token))
            if n % 20 == 0:
                self._use(token.value, began)

    def _failed(self, error):
        self.failed += 1
        try:
            reason = details_of(error)[0]
        except Exception:
            reason = None
        if error.code() != grpc.StatusCode.UNAVAILABLE or reason not in EXPECTED:
            self.surprises.append(f"{self.name}: {error.code()} {reason} {error.details()}")

    def _use(self, value, began):
        try:
            status, _, _ = self._sandbox.request("GET", "/users/", headers={"Authorization": f"Bearer {value}"}, timeout=5)
        except OSError:
            return  # the outage is the API's too
        self.used.append((time.monotonic() - began, status))


class Watcher(_Runner):
    """One stream of WatchToken, for as long as the soak lasts."""

    def __init__(self, broker, name):
        self.unimplemented = False
        super().__init__(broker, name)

    def run(self):
        began, wall = time.monotonic(), time.time()
        try:
            for message in self.stub.WatchToken(pb.WatchTokenRequest()):
                if message.HasField("token"):
                    self.seen.append(_seen(self.name, began, wall, message.token))
                else:
                    self.seen.append(Seen(self.name, began, time.monotonic(), ""))
                # A message that comes next left the broker after this one did.
                began, wall = time.monotonic(), time.time()
        except grpc.RpcError as error:
            self.unimplemented = error.code() == grpc.StatusCode.UNIMPLEMENTED
            if not self._stop.is_set() and not self.unimplemented:
                self.surprises.append(f"{self.name}: the stream ended: {error.code()} {error.details()}")
