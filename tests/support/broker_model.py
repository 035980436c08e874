"""What a broker exports while something happens to it, as series for `promtool test rules`.

It has the rules of src/core/refresh_machine.cc as far as metrics show them; tests/alerts/test_real_broker.py compares it
with a real broker.
"""

import bisect

STATES = ("pending", "ready", "degraded", "unavailable", "rejected")
OPERATIONS = ("login", "refresh")
RESULTS = (
    "ok", "not_sent", "ambiguous", "server_error", "rate_limited", "unauthorized", "client_error", "no_key",
)  # fmt: skip
DENIALS = (
    "CALLER_NOT_ALLOWED", "CALLER_UNAUTHENTICATED", "CALLER_RATE_LIMITED", "UPSTREAM_UNAVAILABLE",
    "UPSTREAM_RATE_LIMITED",
)  # fmt: skip
TARGET = {
    "namespace": "brokers", "job": "credential-broker", "service": "broker-metrics", "instance": "10.1.2.3:9090",
}  # fmt: skip
HELD_SECONDS = (60, 120, 240, 300)
RETRY_SECONDS = (1, 2, 4, 8, 15)
RETRY_FLOOR = 0.25
RETRY_AFTER_SECONDS = 100  # what InvestSuite says with a 429
SPREAD_SECONDS = 15  # of logins after the third
DAY = 86400
GRID = 5  # seconds: scrapes are at multiples of it


def series(name, **labels):
    pairs = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{pairs}}}"


class Exported:
    """Series, each a list of (time, value) that holds until the next; None: it is not exported."""

    def __init__(self, **target):
        self.target = {**TARGET, **target}
        self.changes = {}
        self.set(0, "credential_broker_build_info", 1, version="0.1.0")
        self.set(0, "credential_broker_config_last_reload_successful", 1)
        self.set(0, "credential_broker_log_lines_dropped_total", 0)
        for reason in DENIALS:
            self.set(0, "credential_broker_callers_denied_total", 0, reason=reason)
        self.set_certificate("server", -30 * DAY, 60 * DAY)
        self.set_certificate("client_ca", -365 * DAY, 3650 * DAY)

    def set(self, time, name, value, **labels):
        self.changes.setdefault(series(name, **self.target, **labels), []).append((time, value))

    def set_certificate(self, certificate, not_before, expires, time=0):
        labels = {"listener": "grpc", "certificate": certificate}
        self.set(time, "credential_broker_tls_certificate_not_before_timestamp_seconds", not_before, **labels)
        self.set(time, "credential_broker_tls_certificate_expiration_timestamp_seconds", expires, **labels)

    def value(self, name, time):
        """The value as of `time`, or None."""
        at = bisect.bisect_right(self.changes[name], time, key=lambda change: change[0])
        return self.changes[name][at - 1][1] if at else None

    def scraped(self, every, until, offset=0, down=lambda time: False):
        """{series: values in promtool's notation, one per GRID}. Scrapes are `offset` seconds after each multiple of
        `every`; one at a time that is `down` fails."""
        assert every % GRID == 0 and offset % GRID == 0
        times = range(offset, int(until), every)
        failed = {time for time in times if down(time)}
        return {name: _notation(changes, times, failed) for name, changes in self.changes.items()}


def _notation(changes, times, failed):
    words, position, present, following, current = [], 0, False, 0, None
    for time in times:
        while following < len(changes) and changes[following][0] <= time:
            current = changes[following][1]
            following += 1
        value = None if time in failed else current
        if value is None and not present:
            continue
        if time > position:
            words.append(f"_x{(time - position) // GRID}")
        # A series that is gone from a scrape ends with a marker, as does every series of a scrape that fails.
        words.append("stale" if value is None else repr(value))
        present = value is not None
        position = time + GRID
    return " ".join(words) or "_"


class Credential:
    """Runs one credential from `start` to `until` and writes what a broker exports of it.

    `upstream(time, operation)` returns the result of an attempt and how long it takes. `draw` stands for all random
    numbers of [0, 1). Afterwards it has the ends of failed attempts, the grants, the instants at which tokens stopped
    being usable without a successor, the states that it went through, and what failed.
    """

    def __init__(self, exported, upstream, life, until, start=0.0, draw=0.5, name="default"):
        self.exported, self.upstream, self.life, self.draw, self.name = exported, upstream, life, draw, name
        self.failures, self.grants, self.ends, self.states, self.failed = [], [], [], [], []
        self._counts = {(operation, result): 0 for operation in OPERATIONS for result in RESULTS}
        self._expires = self._usable_until = None
        self._can_refresh = self._refreshing = self._login_ended = False
        self._in_a_row, self._refusals, self._last_failure = 0, 0, None
        self._logins = []
        self._due = start
        self._publish(start)
        while self._due < until:
            self._attempt()
        self._end_token(until)

    def _attempt(self):
        operation = self._operation()
        if operation == "login":
            if self._refreshing:
                self._in_a_row = 0
            self._due = self._within_budget(self._due)
            self._logins.append(self._due)
        self._refreshing = operation == "refresh"
        begin = self._due
        result, took = self.upstream(begin, operation)
        end = begin + took
        self._end_token(end)
        self._counts[operation, result] += 1
        self._login_ended |= operation == "login"
        if result == "ok":
            self._granted(begin, end)
        else:
            self.failures.append(end)
            self.failed.append((operation, result))
            self._last_failure = result
            self._fail(operation, result, end)
        self._publish(end)

    def _operation(self):
        least = min(max(60, self.life / 5), self.life / 4)
        fresh = self._can_refresh and self._expires - self._due >= least
        return "refresh" if fresh else "login"

    def _granted(self, begin, end):
        self._expires = begin + self.life
        self._usable_until = self._expires - min(10, self.life / 10)
        self._due = begin + self.life * 0.5 * (0.9 + 0.2 * self.draw)
        self._can_refresh = self._refreshing = True
        self._in_a_row, self._refusals, self._last_failure = 0, 0, None
        self.grants.append(end)

    def _fail(self, operation, result, end):
        if operation == "refresh" and result != "not_sent":
            self._can_refresh = False
            self._in_a_row = 0
            self._due = end + (RETRY_AFTER_SECONDS if result == "rate_limited" else 0)
            if result == "unauthorized":
                self._last_failure = "client_error"  # it says nothing about the key
            return
        if operation == "login" and result in ("unauthorized", "no_key"):
            self._due = end + HELD_SECONDS[min(self._refusals, len(HELD_SECONDS) - 1)]
            self._refusals += 1
            self._in_a_row = 0
            return
        if result == "rate_limited":
            self._due = end + RETRY_AFTER_SECONDS
            return
        limit = RETRY_SECONDS[min(self._in_a_row, len(RETRY_SECONDS) - 1)]
        self._in_a_row += 1
        self._due = end + RETRY_FLOOR + self.draw * (limit - RETRY_FLOOR)

    def _within_budget(self, due):
        earliest = [self._logins[-6] + 60] if len(self._logins) >= 6 else []
        if self._in_a_row:
            newest_first = self._logins[::-1]
            earliest += [newest_first[i] + SPREAD_SECONDS * (i - 1) for i in range(2, min(6, len(newest_first)))]
        return max([due, *earliest])

    def _end_token(self, now):
        if self._usable_until is not None and self._usable_until <= now:
            ended, self._expires, self._usable_until = self._usable_until, None, None
            self._can_refresh = False
            self.ends.append(ended)
            self._publish(ended)

    def _state(self):
        if self._usable_until is not None:
            return "degraded" if self._last_failure else "ready"
        if not self._login_ended:
            return "pending"
        return "rejected" if self._last_failure in ("unauthorized", "no_key") else "unavailable"

    def _publish(self, time):
        def put(name, value, **labels):
            self.exported.set(time, f"credential_broker_{name}", value, credential=self.name, **labels)

        if self.states[-1:] != [self._state()]:
            self.states.append(self._state())
        for state in STATES:
            put("credential_state", int(state == self._state()), state=state)
        for (operation, result), count in self._counts.items():
            put("upstream_requests_total", count, operation=operation, result=result)
        put("token_expiration_timestamp_seconds", self._expires)
        put("token_refresh_timestamp_seconds", self._due)
