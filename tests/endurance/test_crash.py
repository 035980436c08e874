"""A broker that is killed or frozen at each step of login and refresh, 200 times, while callers with gRPC's own retries go
on calling."""

import contextlib
import signal
import time

import grpc
import pytest

from support.broker import Broker, credential, pb, pb_grpc, write_config
from support.callers import Callers
from support.processes import TIMEOUT, wait_for
from support.retrying_callers import service_config
from support.sandbox import Sandbox, expiry_of

LIFETIME = 15
# Of each step; with ten steps 200 in all.
KILLS = 18
# Seconds: one that its token outlives, so that what was begun goes on, and one that it does not.
FREEZES = (LIFETIME / 3, LIFETIME + 1.5)

NO_FAULTS: dict[str, object] = {"refuse_connections": 0}
NO_FAULTS |= {f"{fault}_{operation}": 0 for fault in ("hang", "lose") for operation in ("login", "refresh")}
NO_FAULTS |= {f"{operation}_delay": "0s" for operation in ("login", "refresh")}

OPERATIONS = ("login", "refresh")
STEPS = ("not sent", "sent", "answered", "lost", "published")


class Victim:
    """Starts brokers on one address, one after another, and ends them at a step of an operation."""

    def __init__(self, folder, sandbox, operation, step):
        self._sandbox = sandbox
        self._operation = operation
        self._step = step
        rules = [credential(folder, sandbox, refresh_at=0.15, connect_timeout="20s", request_timeout="30s")]
        with Broker(write_config(folder, rules)) as first:
            self.address = first.address
        self._config = write_config(folder, rules, server={"listen": self.address})
        self.broker = None
        self.versions = []  # of each token that any of them has obtained
        self.thawed = 0.0  # when the last freeze ended

    def start(self):
        self.broker = Broker(self._config)

    def start_and_log_in(self):
        self.start()
        self.broker.wait_event("token_obtained")

    def start_and_reach_step(self):
        if self._operation == "refresh":
            self.start_and_log_in()
        counter = {"login": "logins", "refresh": "refreshes"}[self._operation]
        granted = self._sandbox.stats()[counter]
        faults: dict[str, dict[str, object]] = {
            "not sent": {"refuse_connections": "always"},
            "sent": {f"hang_{self._operation}": 1},
            "answered": {f"{self._operation}_delay": "1s"},
            "lost": {f"lose_{self._operation}": 1},
            "published": {},
        }
        self._sandbox.set_faults(**faults[self._step])
        if self._operation == "login":
            self.start()
        if self._step == "sent":
            self._sandbox.wait_for(hanging=1)
        elif self._step == "answered":
            self._sandbox.wait_for(**{counter: granted + 1})
        elif self._step == "published":
            self.broker.wait_event("token_obtained", operation=self._operation)
        else:
            self.broker.wait_event("upstream_failed", operation=self._operation)

    def kill(self):
        self.broker.signal(signal.SIGKILL)
        assert self.broker.wait() == -signal.SIGKILL
        self.versions += [event["version"] for event in self.broker.events("token_obtained")]
        self._sandbox.set_faults(**NO_FAULTS)

    def freeze(self, seconds):
        """Stops it for so long, while InvestSuite goes on."""
        self.broker.signal(signal.SIGSTOP)
        self._sandbox.set_faults(**NO_FAULTS)
        end = time.monotonic() + seconds
        assert wait_for(lambda: time.monotonic() > end, TIMEOUT)
        self.thawed = time.time()
        self.broker.signal(signal.SIGCONT)

    @contextlib.contextmanager
    def channel(self):
        """Of a caller that retries as docs/configuration.md says, and waits while no broker listens."""
        options = [
            ("grpc.service_config", service_config("pick_first")),
            ("grpc.initial_reconnect_backoff_ms", 20),
            ("grpc.min_reconnect_backoff_ms", 20),
            ("grpc.max_reconnect_backoff_ms", 200),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        with grpc.insecure_channel(self.address, options) as channel:
            yield channel

    def token(self):
        with self.channel() as channel:
            stub = pb_grpc.CredentialBrokerServiceStub(channel)
            return stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).token

    def check_token(self, token, began):
        """No token is served that was dead when it left: after the call began, and not while the broker was frozen."""
        served = max(began, self.thawed) if time.time() >= self.thawed else began
        assert expiry_of(token.value) + 1 > served


@pytest.fixture
def sandbox(tmp_path):
    # Old tokens stay valid to their end, so that one that was just served can be tried.
    with Sandbox(tmp_path, lifetime=f"{LIFETIME}s", revoke_old_access_token=False) as process:
        yield process


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_broker_that_dies_or_freezes_at_any_step_loses_no_call_and_reuses_no_token(tmp_path, sandbox, operation, step):
    victim = Victim(tmp_path, sandbox, operation, step)
    callers = Callers(
        victim.channel, lasting=2, reconnecting=1, pause=0.01, wait_for_ready=True, on_token=victim.check_token
    )
    try:
        victim.start_and_log_in()
        with callers:
            for _ in range(KILLS):
                callers.wait_for_each()
                victim.kill()
                victim.start_and_reach_step()
                victim.kill()
                logins = sandbox.stats()["login_requests"]
                victim.start_and_log_in()
                assert sandbox.stats()["login_requests"] == logins + 1
            for seconds in FREEZES:
                callers.wait_for_each()
                victim.kill()
                victim.start_and_reach_step()
                victim.freeze(seconds)
                assert sandbox.accepts(victim.token().value)
            callers.wait_for_each()
        victim.kill()
    finally:
        victim.broker.close()
    assert callers.errors == []
    assert callers.went_back() == []
    assert len(set(victim.versions)) == len(victim.versions) > KILLS
    assert sandbox.stats()["refresh_reuses"] == 0
