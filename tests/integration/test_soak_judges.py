"""The soak is worth what its judges are: each has to find what it is there for."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "bench"))

import soak
from soak_callers import Seen

ORDER = {"old": 0, "new": 1}


def seen(began, ended, version="new", remaining=3.0, claimed=4.0):
    return Seen("caller", began, ended, version, remaining, claimed)


def test_a_call_that_begins_after_a_newer_token_was_there_went_back():
    assert soak.went_back([seen(1, 2, "new"), seen(3, 4, "old")], ORDER)


def test_calls_at_the_same_time_may_differ():
    assert not soak.went_back([seen(1, 3, "new"), seen(2, 4, "old"), seen(5, 6, "new")], ORDER)


@pytest.mark.parametrize("token", [seen(1, 2, remaining=0.3), seen(1, 2, claimed=0.3)], ids=["broker", "exp"])
def test_a_token_with_too_little_to_live_is_dying(token):
    assert soak.dying([token])


def test_an_exp_by_a_clock_that_is_off_says_nothing():
    assert not soak.dying([seen(1, 2, claimed=-3590.0), seen(1, 2, claimed=3606.0), seen(1, 2)])


def test_a_stream_that_keeps_a_token_past_its_end_is_stale():
    class Watcher:
        name = "watcher"
        seen = (seen(0, 1, remaining=3), seen(1, 3.5), seen(3.5, 20))

    assert len(soak.stale(Watcher())) == 1


@pytest.mark.parametrize(("leak", "grows"), [(0, False), (1, True)])
def test_memory_that_grows_is_seen(leak, grows):
    footprint = soak.Footprint.__new__(soak.Footprint)
    footprint.samples = [(second, 20 + leak * second / 10, 25) for second in range(120)]
    memory, descriptors, _ = footprint.growth()
    assert (memory > soak.GROWTH_MIB) is grows
    assert descriptors == 0
