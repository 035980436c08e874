"""When the alerts about tokens and keys fire, at scrape intervals of 15, 30 and 60 s and token lives of 60, 300 and 3,600 s.

A change is in Prometheus after a scrape, and rules see it at their next evaluation. Each case runs with scrapes at several
offsets to that, and with the broker's random numbers at both ends.
"""

import itertools
import math

import pytest

from support.broker_model import GRID, RETRY_AFTER_SECONDS, Credential, Exported
from support.promtool import EVALUATION, RuleTest, seen

REFRESH_FAILING, NO_TOKEN, KEY_REJECTED = "TokenRefreshFailing", "NoToken", "KeyRejected"

# How an attempt fails while InvestSuite is away, and after how many seconds.
OUTAGES = {"server_error": 0.2, "not_sent": 0.001, "ambiguous": 5, "client_error": 0.1}


def always_well(_time, _operation):
    return "ok", 0.1


def failing(begins, ends, **failures):
    """Between these times attempts fail: operation=(result, seconds); other operations succeed."""

    def upstream(time, operation):
        return failures[operation] if begins <= time < ends and operation in failures else ("ok", 0.1)

    return upstream


def failing_once(begins, *failure):
    failures = iter([failure])
    return lambda time, _operation: next(failures, ("ok", failure[1])) if time >= begins else ("ok", 0.1)


class Cases(RuleTest):
    """Cases of one credential, at that scrape interval and life of a token."""

    def __init__(self, scrape, life):
        super().__init__()
        self.scrape, self.life = scrape, life
        # Nothing happens before: several refreshes of a short life, none of a long one.
        self.first_minutes = max(500, 4 * life // 10)

    def variants(self):
        """Offsets of scrapes to multiples of the interval, at which rules are evaluated; and draws."""
        return itertools.product((0, GRID, self.scrape - GRID), (0.0, 0.999))

    def simulate(self, upstream, until, draw, name, start=0):
        exported = Exported(job=f"{name}, draw {draw}")
        return exported, Credential(exported, upstream, self.life, until, draw=draw, start=start)

    def run(self, upstream, until, offset, draw, name=""):
        exported, credential = self.simulate(upstream, until, draw, f"{name} offset {offset}")
        return self.case(exported, self.scrape, until, offset=offset), credential


@pytest.fixture
def cases(scrape, life):
    return Cases(scrape, life)


class TestHealthy:
    def test_the_rhythm_of_refreshes_fires_nothing(self, tmp_path, cases, life):
        for offset, draw in cases.variants():
            case, credential = cases.run(always_well, 2 * life + 600, offset, draw)
            assert len(credential.grants) >= 4
            case.fired()
        assert cases.report(tmp_path) == ""

    def test_one_failed_attempt_fires_nothing_even_if_it_is_scraped(self, tmp_path, cases, scrape, life):
        begins = cases.first_minutes
        until = begins + life + 600
        for result, draw in itertools.product([*OUTAGES, "unauthorized"], (0.0, 0.999)):
            [failure] = cases.simulate(failing_once(begins, result, 2.0), until, draw, "")[1].failures
            shift = -(failure + 1) % GRID  # so that a scrape is a second after the failure
            upstream = failing_once(begins + shift, result, 2.0)
            exported, credential = cases.simulate(upstream, until, draw, result, start=shift)
            scraped_at = round(credential.failures[0] + 1)
            degraded = next(name for name in exported.changes if 'state="degraded"' in name)
            assert exported.value(degraded, scraped_at) == 1
            cases.case(exported, scrape, until, offset=scraped_at % scrape).fired()
        assert cases.report(tmp_path) == ""

    @pytest.mark.parametrize("login_seconds", [0.3, 4])
    def test_a_restart_fires_nothing(self, tmp_path, cases, scrape, life, login_seconds):
        """One scrape meets no broker, or one that has not logged in yet."""
        scraped_at = cases.first_minutes + 100
        until = scraped_at + life + 600
        for stops in (scraped_at - 1, scraped_at - 3):
            starts = stops + 2
            exported, _ = cases.simulate(always_well, stops, 0.5, f"stops at {stops}")
            Credential(exported, lambda *_: ("ok", login_seconds), life, until, start=starts)
            down = lambda time, stops=stops, starts=starts: stops <= time < starts  # noqa: E731
            cases.case(exported, scrape, until, offset=scraped_at % scrape, down=down).fired()
        assert cases.report(tmp_path) == ""


class TestOutage:
    @pytest.mark.parametrize("result", OUTAGES)
    def test_it_fires_long_before_the_token_ends_and_until_the_recovery(self, tmp_path, cases, scrape, life, result):
        begins = cases.first_minutes
        ends = begins + 1.2 * life + 400
        fails = (result, OUTAGES[result])
        for offset, draw in cases.variants():
            upstream = failing(begins, ends, login=fails, refresh=fails)
            case, credential = cases.run(upstream, ends + 300, offset, draw)
            first, token_ends = credential.failures[0], credential.ends[0]
            recovers = next(grant for grant in credential.grants if grant > ends)
            # The second failure follows within 6 s, as a connection that hangs does.
            fires_by = first + (60 if scrape <= 30 else 90)
            case.firing(first - 0.1)
            if life >= 300:
                assert fires_by <= token_ends - (60 if scrape <= 30 else 30)
                case.firing(token_ends - 1, REFRESH_FAILING)
            case.fires_throughout(fires_by, recovers, REFRESH_FAILING)
            case.fires(token_ends + 59, NO_TOKEN, yes=False)
            case.fires(token_ends + seen(scrape) + 60 + EVALUATION, NO_TOKEN)
            case.firing(recovers - 1, NO_TOKEN, REFRESH_FAILING)
            case.firing(recovers + seen(scrape))
            case.fired(NO_TOKEN, REFRESH_FAILING)
        assert cases.report(tmp_path) == ""

    def test_a_rate_limit_fires_at_the_first_failure(self, tmp_path, cases, scrape, life):
        """The next attempt is as late as Retry-After says."""
        begins = cases.first_minutes
        for offset, draw in cases.variants():
            upstream = failing_once(begins, "rate_limited", 0.1)
            case, credential = cases.run(upstream, begins + life + 600, offset, draw)
            [failure] = credential.failures
            recovers = next(grant for grant in credential.grants if grant > failure)
            assert recovers >= failure + RETRY_AFTER_SECONDS
            case.firing(failure - 0.1)
            case.fires(failure + seen(scrape), REFRESH_FAILING)
            case.firing(recovers + seen(scrape))
        assert cases.report(tmp_path) == ""

    def test_a_broker_that_starts_in_an_outage_has_no_token(self, tmp_path, cases, scrape):
        fixed = 900
        for result, fails in OUTAGES.items():
            for offset, draw in cases.variants():
                upstream = failing(0, fixed, login=(result, fails))
                case, credential = cases.run(upstream, fixed + 300, offset, draw, result)
                case.fires(offset + EVALUATION + 60 + EVALUATION, NO_TOKEN)
                # What failed before the first scrape shows no increase; later attempts are 15 s apart.
                case.fires(offset + 3 * scrape + 30 + EVALUATION, REFRESH_FAILING)
                case.firing(credential.grants[0] - 1, NO_TOKEN, REFRESH_FAILING)
                case.firing(credential.grants[0] + seen(scrape))
        assert cases.report(tmp_path) == ""


class TestKey:
    @pytest.mark.parametrize("result", ["unauthorized", "no_key"])
    def test_a_key_that_stops_working_fires_before_the_token_ends(self, tmp_path, cases, scrape, life, result):
        """The session ends at InvestSuite, and the login that follows fails for the key."""
        begins = cases.first_minutes
        fixed = begins + 1.2 * life + 700
        for offset, draw in cases.variants():
            upstream = failing(begins, fixed, refresh=("unauthorized", 0.1), login=(result, 0.1))
            case, credential = cases.run(upstream, fixed + 700, offset, draw)
            rejected = credential.failures[1]
            recovers = next(grant for grant in credential.grants if grant > fixed)
            case.firing(rejected - 0.1)
            if life >= 300:
                case.firing(credential.ends[0] - 1, KEY_REJECTED)
            case.fires_throughout(rejected + seen(scrape), recovers, KEY_REJECTED)
            case.firing(recovers - 1, KEY_REJECTED, NO_TOKEN)
            case.firing(recovers + seen(scrape))
            case.fired(KEY_REJECTED, NO_TOKEN)
        assert cases.report(tmp_path) == ""

    def test_a_session_that_ends_during_an_outage_says_nothing_about_the_key(self, tmp_path, cases, life):
        begins = cases.first_minutes
        until = begins + 2 * life
        for offset, draw in cases.variants():
            upstream = failing(begins, until, refresh=("unauthorized", 0.1), login=("server_error", 0.1))
            case, _ = cases.run(upstream, until, offset, draw)
            case.fires(until - 1, REFRESH_FAILING)
            case.fires(until - 1, KEY_REJECTED, yes=False)
        assert cases.report(tmp_path) == ""

    def test_an_outage_soon_after_a_key_was_replaced_says_nothing_about_the_key(self, tmp_path, cases, scrape, life):
        begins = cases.first_minutes
        for offset, draw in ((0, 0.0), (GRID, 0.999)):

            def rejected(time, operation, begins=begins):
                return ("unauthorized", 0.1) if begins <= time < begins + life else ("ok", 0.1)

            replaced = next(g for g in cases.simulate(rejected, begins + 3 * life, draw, "")[1].grants if g > begins + life)
            outage = replaced + 90

            def upstream(time, operation, outage=outage, rejected=rejected):
                return ("server_error", 0.1) if time >= outage else rejected(time, operation)

            until = outage + 1.2 * life + 900
            case, credential = cases.run(upstream, until, offset, draw)
            case.fires(replaced - 1, KEY_REJECTED)
            first = next(failure for failure in credential.failures if failure > outage)
            for time in range(math.ceil(first), math.ceil(first) + 600, 60):
                case.fires(time, KEY_REJECTED, yes=False)
            case.fires(until - 1, REFRESH_FAILING)
        assert cases.report(tmp_path) == ""

    def test_a_key_that_is_wrong_from_the_start_fires_at_once(self, tmp_path, cases, scrape):
        for offset, draw in cases.variants():
            case, _ = cases.run(failing(0, 1200, login=("unauthorized", 0.1)), 1200, offset, draw)
            case.fires(seen(scrape), KEY_REJECTED)
            case.firing(1199, KEY_REJECTED, NO_TOKEN)
            case.fired(KEY_REJECTED, NO_TOKEN)
        assert cases.report(tmp_path) == ""

    def test_only_the_credential_with_the_wrong_key_fires(self, tmp_path, cases, scrape, life):
        until = life + 600
        exported, _ = cases.simulate(always_well, until, 0.5, "two credentials")
        Credential(exported, failing(0, until, login=("unauthorized", 0.1)), life, until, name="batch")
        case = cases.case(exported, scrape, until)
        case.firing(until - 1, KEY_REJECTED, NO_TOKEN)
        case.names(until - 1, "credential", "batch")
        assert cases.report(tmp_path) == ""
