"""A machine that is suspended: CLOCK_BOOTTIME counts, and with it the lives of tokens; CLOCK_MONOTONIC stands still."""

import grpc
import pytest

from support.broker import Broker, credential, details_of, pb, write_config
from support.shifted_clocks import ShiftedClocks
from support.streams import TokenStream

LIFETIME = 300  # of the sandbox's tokens: longer than any test waits


@pytest.fixture
def clocks(tmp_path):
    return ShiftedClocks(tmp_path)


@pytest.fixture
def broker(tmp_path, sandbox, clocks):
    rules = credential(tmp_path, sandbox, request_timeout="60s")
    config = write_config(tmp_path, [rules], server={"max_wait": "1s", "max_connection_age": "1h"})
    with Broker(config, env=clocks.environment) as process:
        process.wait_event("token_obtained")
        yield process


def test_after_a_suspend_past_its_end_a_token_is_served_no_more(broker, sandbox, clocks):
    sandbox.set_faults(hang_login="always", hang_refresh="always")
    with broker.stub() as stub:
        stream = TokenStream(stub)
        old = stream.wait_token().token
        clocks.suspend(LIFETIME)
        # The first call after the resume, before anything has noticed it.
        with pytest.raises(grpc.RpcError) as failure:
            broker.get_token()
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
        assert details_of(failure.value)[0] in ("UPSTREAM_UNAVAILABLE", "TOKEN_NOT_READY")
        gone = stream.wait(lambda m: not m.HasField("token"))
        assert gone.credential.state == pb.Credential.STATE_UNAVAILABLE
        sandbox.wait_for(hanging=1)
        sandbox.set_faults(hang_login=0, hang_refresh=0)
        new = stream.wait_token(old.version).token
        assert broker.get_token().version == new.version
    # A refresh token ends with its access token: the new one came by a login.
    stats = sandbox.stats()
    assert (stats["login_requests"], stats["refresh_requests"]) == (2, 0)


def test_after_a_suspend_past_its_time_a_refresh_comes_at_once(broker, sandbox, clocks):
    old = broker.get_token()
    clocks.suspend(LIFETIME * 7 // 10)
    now = broker.get_token()
    left = now.remaining_validity.ToTimedelta().total_seconds()
    assert now.version != old.version or left <= LIFETIME * 0.3 + 1
    broker.wait_event("token_obtained", operation="refresh")
    assert broker.get_token().version != old.version
    assert sandbox.stats()["login_requests"] == 1
