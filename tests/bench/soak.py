"""Tokens that live 6 s, callers, watchers and faults at once, for --minutes: what always holds must hold in everything that
callers saw, and neither memory nor descriptors may grow. The last line counts what passed and what failed."""

import argparse
import contextlib
import itertools
import pathlib
import random
import statistics
import sys
import tempfile
import threading
import time

from measure import descriptors, resident_kib
from servers import Broker, credential, write_config
from soak_callers import Caller, Watcher
from support.inspection import inspecting_prefix
from support.sandbox import Sandbox

LIFETIME = 6
MARGIN = (LIFETIME - 1) / 10  # I1; the JWT's exp is rounded down, and shortens the life by up to a second
CALLERS, WATCHERS = 6, 6
FAULT_SECONDS, QUIET_SECONDS = 3, 7
RECOVERY_SECONDS = 60
GROWTH_MIB = 4
LATE_SECONDS = 2  # what a busy machine may add to a message

NO_FAULT = {"login_status": 0, "refresh_status": 0, "refuse_for": 0, "lose_login": 0, "lose_refresh": 0,
            "hang_login": 0, "hang_refresh": 0, "refresh_body": "normal", "login_body": "normal",
            "clock_skew": 0, "delay": 0, "retry_after": "none"}  # fmt: skip
FAULTS: dict[str, dict[str, object]] = {
    "an outage": {"refuse_for": f"{FAULT_SECONDS}s"},
    "503": {"login_status": 503, "refresh_status": 503},
    "429": {"login_status": 429, "refresh_status": 429, "retry_after": "2s"},
    "a refused refresh": {"refresh_status": 401},
    "lost answers": {"lose_login": 1, "lose_refresh": 1},
    "garbage": {"refresh_body": "truncated_json"},
    "garbage at login too": {"refresh_body": "html", "login_body": "cut"},
    "hanging": {"hang_refresh": 1},
    "slowness": {"delay": "1s"},
    "a clock an hour ahead": {"clock_skew": "3600s"},
    "a clock an hour behind": {"clock_skew": "-3600s"},
}


class Verdict:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, wrong):
        """`wrong`: texts of what breaks it."""
        if wrong:
            self.failed += 1
            print(f"FAILED {what}: {len(wrong)}, such as")
            for line in list(wrong)[:5]:
                print(f"  {line}")
        else:
            self.passed += 1
            print(f"ok     {what}")


def make_trouble(sandbox, chance, until):
    """Faults, one after the other, until `until`; then none."""
    order = []
    while time.monotonic() < until:
        if not order:
            order = chance.sample(sorted(FAULTS), len(FAULTS))
        name = order.pop()
        print(f"  {time.strftime('%H:%M:%S')} {name}", flush=True)
        sandbox.set_faults(**FAULTS[name])
        time.sleep(min(FAULT_SECONDS, max(0, until - time.monotonic())))
        sandbox.set_faults(**NO_FAULT)
        time.sleep(min(QUIET_SECONDS, max(0, until - time.monotonic())))


class Footprint:
    """Memory and descriptors of a process, each second."""

    def __init__(self, pid):
        self._pid = pid
        self.samples = []  # (seconds, MiB, descriptors)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        began = time.monotonic()
        while not self._stop.wait(1):
            self.samples.append((time.monotonic() - began, resident_kib(self._pid) / 1024, descriptors(self._pid)))

    def stop(self):
        self._stop.set()
        self._thread.join()

    def growth(self):
        """(MiB, descriptors, MiB an hour): what the last quarter has more than the second, by their medians."""
        quarter = len(self.samples) // 4
        early, late = self.samples[quarter : 2 * quarter], self.samples[-quarter:]
        apart = late[0][0] - early[0][0]
        more = [statistics.median(s[i] for s in late) - statistics.median(s[i] for s in early) for i in (1, 2)]
        return more[0], more[1], more[0] / apart * 3600


def went_back(seen, order):
    """Calls that got an older token than a call that had ended before they began."""
    wrong = []
    ended = sorted((s.ended, order[s.version]) for s in seen)
    newest, at = -1, 0
    for call in sorted(seen, key=lambda s: s.began):
        while at < len(ended) and ended[at][0] < call.began:
            newest = max(newest, ended[at][1])
            at += 1
        if order[call.version] < newest:
            wrong.append(f"{call.who} got token {order[call.version]} after token {newest} was there")
    return wrong


def dying(seen):
    """Tokens that left with less than they must have to live, by the broker's word or by the JWT's own `exp`."""
    return [
        f"{s.who}: {s.remaining:.2f} s by the broker, at most {s.claimed:.2f} s by its exp"
        for s in seen
        # Beyond twice the lifetime the clock that wrote `exp` was off.
        if s.remaining < MARGIN or (abs(s.claimed) < 2 * LIFETIME and s.claimed < MARGIN)
    ]


def stale(watcher):
    """Messages that came later than the end of the token before them."""
    wrong = []
    for before, after in itertools.pairwise(watcher.seen):
        if before.version and after.ended > before.ended + before.remaining + LATE_SECONDS:
            wrong.append(f"{watcher.name}: {after.ended - before.ended - before.remaining:.1f} s after the token's end")
    return wrong


def judge(verdict, sandbox, broker, callers, watchers, footprint):
    order = {}
    for event in broker.events("token_obtained"):
        order.setdefault(event["version"], len(order))
    calls = [s for c in callers for s in c.seen]
    pushes = [s for w in watchers for s in w.seen if s.version]
    runners = [*callers, *watchers]
    stats = sandbox.stats()
    used = [use for caller in callers for use in caller.used]
    # A token that was refused sooner than this had less to live when it left the broker.
    refused = [f"HTTP {status} {after:.2f} s after GetToken" for after, status in used if status >= 400 and after < MARGIN]
    print(f"{len(calls):,} tokens by GetToken and {len(pushes):,} by WatchToken of {len(order)} versions, "
          f"{sum(c.failed for c in callers):,} calls UNAVAILABLE, {len(used)} used at the API; "
          f"{stats['logins']} logins, {stats['refreshes']} refreshes")  # fmt: skip
    unknown = {s.version for s in calls + pushes} - set(order)
    verdict.check("every token is one that the log names", unknown)
    verdict.check(f"I1 no token left with less than {MARGIN:g} s to live", dying(calls + pushes))
    verdict.check("I1 no token was refused by the API sooner", refused)
    verdict.check("I2 one upstream call at a time", [stats["max_auth_in_flight"]] * (stats["max_auth_in_flight"] > 1))
    verdict.check("I3 no caller got an older token", went_back([s for s in calls if s.version in order], order))
    verdict.check("I4 no refresh token was used twice", [stats["refresh_reuses"]] * (stats["refresh_reuses"] > 0))
    verdict.check("calls fail only as an outage lets them", [s for r in runners for s in r.surprises])
    verdict.check("callers got tokens", [c.name for c in callers if not c.seen])
    if watchers:
        verdict.check("I3 no stream went back", [
            text for w in watchers for text in
            _backwards(w.name, [order[s.version] for s in w.seen if s.version in order])])  # fmt: skip
        verdict.check("no stream kept a token past its end", [text for w in watchers for text in stale(w)])
    memory, files, slope = footprint.growth()
    print(f"memory {footprint.samples[-1][1]:.1f} MiB, {memory:+.2f} MiB after warm-up ({slope:+.1f} MiB an hour), "
          f"{footprint.samples[-1][2]} descriptors, {files:+.0f}")  # fmt: skip
    verdict.check(f"memory grows by less than {GROWTH_MIB} MiB", [f"{memory:.1f} MiB"] * (memory > GROWTH_MIB))
    verdict.check("descriptors do not grow", [files] * (files > 2))


def _backwards(name, numbers):
    return [f"{name}: {later} after {earlier}" for earlier, later in itertools.pairwise(numbers) if later < earlier]


def recovered(broker):
    """Whether a token is there soon after the last fault."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            broker.get_token(timeout=5)
            return []
    return [f"not within {RECOVERY_SECONDS} s"]


def main():
    parser = argparse.ArgumentParser(prog="./dev bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="of the faults' order")
    args = parser.parse_args()
    print(f"{args.minutes:g} minutes, --seed {args.seed}")
    verdict = Verdict()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # What a refresh or a login does to older tokens is not what is judged here: their end is.
        with Sandbox(folder, lifetime=f"{LIFETIME}s", revoke_old_access_token=False) as sandbox:
            config = write_config(folder, [credential(folder, sandbox, request_timeout="2s")], log={"level": "info"})
            with Broker(config, wrapper=inspecting_prefix() or ()) as broker:
                broker.wait_event("token_obtained")
                callers = [Caller(broker, sandbox, f"caller {n}") for n in range(CALLERS)]
                watchers = [Watcher(broker, f"watcher {n}") for n in range(WATCHERS)]
                footprint = Footprint(broker.pid)
                make_trouble(sandbox, random.Random(args.seed), time.monotonic() + args.minutes * 60)
                footprint.stop()
                verdict.check("a token is there after the last fault", recovered(broker))
                for runner in [*callers, *watchers]:
                    runner.stop()
                skipped = int(any(w.unimplemented for w in watchers))
                if skipped:
                    print("SKIPPED the watchers: this broker has no WatchToken")
                    watchers = []
                judge(verdict, sandbox, broker, callers, watchers, footprint)
                verdict.check("it ends as it should", [broker.log[-500:]] * (broker.terminate() != 0))
    print(f"{verdict.passed} passed, {verdict.failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if verdict.failed else 0)


if __name__ == "__main__":
    main()
