"""A wall clock that jumps by an hour while the broker runs; CLOCK_BOOTTIME is left alone."""

import datetime

import pytest

from support.broker import Broker, credential, write_config
from support.callers import Callers
from support.sandbox import Sandbox
from support.shifted_clocks import ShiftedClocks

LIFETIME = 6


def off_by(entry):
    """Hours between an entry of the log and now, as it is for the rest of the machine."""
    then = datetime.datetime.fromisoformat(entry["time"])
    return round((then - datetime.datetime.now(datetime.UTC)).total_seconds() / 3600)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_of_an_hour_costs_neither_token_nor_call(tmp_path, hours):
    clocks = ShiftedClocks(tmp_path)
    with Sandbox(tmp_path, lifetime=f"{LIFETIME}s") as sandbox:
        config = write_config(tmp_path, [credential(tmp_path, sandbox)])
        with Broker(config, env=clocks.environment) as broker:
            obtained = broker.wait_event("token_obtained")
            assert off_by(obtained) == 0
            with Callers(broker.channel, lasting=1, reconnecting=1) as callers:
                before = broker.get_token()
                clocks.set_wall(hours)
                after = broker.get_token()
                # The same token; its end is told by the clock of this moment.
                assert after.version == before.version
                moved = after.expire_time.ToDatetime() - before.expire_time.ToDatetime()
                assert abs(moved - datetime.timedelta(hours=hours)) < datetime.timedelta(seconds=1)
                assert 0 < after.remaining_validity.ToTimedelta().total_seconds() <= LIFETIME
                # Refreshes come when they are due, now and when the clock is put right again.
                assert off_by(broker.wait_event("token_obtained", operation="refresh", count=2)) == hours
                clocks.set_wall(0)
                broker.wait_event("token_obtained", operation="refresh", count=4)
            assert callers.errors == []
        stats = sandbox.stats()
        assert (stats["login_requests"], stats["refresh_reuses"]) == (1, 0)
