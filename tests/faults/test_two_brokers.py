"""Two brokers with one key of an account that allows one session, as docs/deployment.md describes it: each login evicts the
session of the other broker."""

import time

import grpc
import pytest

from support.broker import Broker, credential, write_config
from support.callers import Callers
from support.processes import TIMEOUT
from support.sandbox import Sandbox

LIFETIME = 60


@pytest.fixture
def sandbox(tmp_path):
    with Sandbox(tmp_path, one_session=True, lifetime=f"{LIFETIME}s") as process:
        yield process


def report_rejected(broker, version):
    """The token in place of a rejected one. On a slow machine a refresh and a login take longer than the broker lets a call
    wait: then it is asked again, as it says."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return broker.get_token(rejected_version=version)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                raise


def test_callers_of_an_evicted_broker_see_no_error_and_get_out_by_rejected_version(tmp_path, sandbox):
    # The first notices at its refresh after 6 s, the second not before 34 s.
    configs = [
        write_config(tmp_path, [credential(tmp_path, sandbox, refresh_at=part)], name=f"{part}.yaml") for part in (0.1, 0.63)
    ]
    with Broker(configs[0]) as first, Callers(first.channel, pause=0.01) as callers:
        old = first.get_token()
        assert sandbox.accepts(old.value)
        with Broker(configs[1]) as second, Callers(second.channel, pause=0.01) as others:
            evicting = second.get_token()
            # The first cannot know that its session has ended: its callers go on getting a token that is dead at InvestSuite.
            assert first.get_token().version == old.version
            assert not sandbox.accepts(old.value)
            assert sandbox.accepts(evicting.value)
            # At its refresh it learns so, and logs in.
            failed = first.wait_event("upstream_failed", operation="refresh")
            assert failed["http_status"] == 401
            new = first.wait_event("token_obtained", operation="login", count=2)
            assert first.get_token().version == new["version"]
            # Now the second is the one that is evicted; a caller that reports it need not wait for its refresh.
            assert not sandbox.accepts(evicting.value)
            assert second.get_token().version == evicting.version
            replaced = report_rejected(second, evicting.version)
            assert replaced.version != evicting.version
            assert sandbox.accepts(replaced.value)
            assert second.wait_event("upstream_failed", operation="refresh")["http_status"] == 401
        assert others.errors == []
        assert others.versions["default"] == {evicting.version, replaced.version}
    assert callers.errors == []
    stats = sandbox.stats()
    assert (stats["login_requests"], stats["rejected_refreshes"], stats["refresh_reuses"]) == (4, 2, 0)
