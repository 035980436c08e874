"""The outage that README promises nobody sees, at its true length."""

from support.outages import live_through_outages


def test_an_outage_of_100_s_from_the_refresh_on_costs_no_caller_an_error(tmp_path):
    live_through_outages(tmp_path, lifetime=300, seconds=100)
