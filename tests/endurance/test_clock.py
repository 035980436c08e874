"""A wall clock that jumps by an hour while the broker runs, by libfaketime; CLOCK_BOOTTIME is left alone."""

import datetime
import pathlib

import pytest

from support.broker import Broker, credential, write_config
from support.callers import Callers
from support.sandbox import Sandbox

LIBFAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
LIFETIME = 6


class FakeWall:
    """The wall clock of a process that is started with `environment`."""

    def __init__(self, folder):
        self._file = folder / "faketime.rc"
        self.jump(0)
        self.environment = {
            "LD_PRELOAD": LIBFAKETIME,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, hours):
        """To so many hours from the true time."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{hours:+d}h\n")
        fresh.rename(self._file)


def off_by(entry):
    """Hours between an entry of the log and now, as it is for the rest of the machine."""
    then = datetime.datetime.fromisoformat(entry["time"])
    return round((then - datetime.datetime.now(datetime.UTC)).total_seconds() / 3600)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_of_an_hour_costs_neither_token_nor_call(tmp_path, hours):
    if not pathlib.Path(LIBFAKETIME).exists():
        pytest.fail("libfaketime is missing: ./dev setup")
    wall = FakeWall(tmp_path)
    with Sandbox(tmp_path, lifetime=f"{LIFETIME}s") as sandbox:
        config = write_config(tmp_path, [credential(tmp_path, sandbox)])
        with Broker(config, env=wall.environment) as broker:
            obtained = broker.wait_event("token_obtained")
            assert off_by(obtained) == 0
            with Callers(broker.channel, lasting=1, reconnecting=1) as callers:
                before = broker.get_token()
                wall.jump(hours)
                after = broker.get_token()
                # The same token; its end is told by the clock of this moment.
                assert after.version == before.version
                moved = after.expire_time.ToDatetime() - before.expire_time.ToDatetime()
                assert abs(moved - datetime.timedelta(hours=hours)) < datetime.timedelta(seconds=1)
                assert 0 < after.remaining_validity.ToTimedelta().total_seconds() <= LIFETIME
                # Refreshes come when they are due, now and when the clock is put right again.
                assert off_by(broker.wait_event("token_obtained", operation="refresh", count=2)) == hours
                wall.jump(0)
                broker.wait_event("token_obtained", operation="refresh", count=4)
            assert callers.errors == []
        stats = sandbox.stats()
        assert (stats["login_requests"], stats["refresh_reuses"]) == (1, 0)
