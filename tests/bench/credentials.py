"""One broker with many credentials, and what a refusal costs."""

import datetime
import json
import time

from get_token import load
from measure import cpu_seconds, resident_kib, threads
from report import Section, Table
from servers import PRINCIPALS, broker_config, start_broker
from support.broker import Broker, credential
from support.processes import run
from support.sandbox import Sandbox
from svg import Line, histogram, line_chart

COUNTS = [1, 100, 1000]
IDLE_SECONDS = 5
LIFETIME = 30  # of the tokens whose refreshes are watched: a refresh each 15 s
GENERATIONS = 2
BUCKET = 0.5


def _start(bench, sandbox, count, name):
    several = [
        credential(bench.folder, sandbox, name=f"c{i}", principals=PRINCIPALS) for i in range(count)
    ]  # fmt: skip
    return Broker(broker_config(bench.folder, sandbox, bench.pair, name, credentials=several))


def _obtained(broker):
    """Instants of all tokens so far, in seconds since 1970."""
    times = []
    for line in broker.log.splitlines():
        if '"event":"token_obtained"' in line:
            text = json.loads(line)["time"].replace("Z", "+00:00")
            times.append(datetime.datetime.fromisoformat(text).timestamp())
    return times


def _wait_obtained(broker, count, timeout):
    deadline = time.monotonic() + timeout
    while len(_obtained(broker)) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(_obtained(broker))} of {count} tokens after {timeout} s")
        time.sleep(0.2)
    return _obtained(broker)


def credentials(bench):
    section = Section("credentials", "Many credentials on one broker",
                      "Each has its own session and thread. Idle: tokens that live an hour. Refreshes: tokens that live "
                      f"{LIFETIME} s, so that each is refreshed after {LIFETIME / 2:g} s ± 10%.")  # fmt: skip
    rows, memory = [], []
    for count in COUNTS:
        began = time.time()
        with _start(bench, bench.sandbox, count, f"credentials-{count}") as broker:
            ready = max(_wait_obtained(broker, count, 120)) - began
            before = cpu_seconds(broker.pid)
            time.sleep(IDLE_SECONDS)
            idle = (cpu_seconds(broker.pid) - before) / IDLE_SECONDS
            resident = resident_kib(broker.pid) / 1024
            failed = broker.log.count('"event":"upstream_failed"')
            rows.append([f"{count:,}", f"{ready:.2f}", f"{failed}", f"{resident:.1f}", f"{threads(broker.pid)}",
                         f"{idle * 1e3:.2f}"])  # fmt: skip
            memory.append((count, resident))
    section.tables.append(Table("", ["credentials", "all have a token after, s", "failed attempts", "resident MiB",
                                     "threads", "idle CPU, ms a second"], rows))  # fmt: skip
    section.plots["bench-credentials-memory.svg"] = line_chart(
        "resident memory, MiB", "credentials", [Line("credential-broker", memory)], log=True)
    _spread(bench, section)
    return section


def _spread(bench, section):
    count = COUNTS[-1]
    folder = bench.folder / "spread"
    folder.mkdir()
    with Sandbox(folder, lifetime=f"{LIFETIME}s") as sandbox:
        with _start(bench, sandbox, count, "spread") as broker:
            times = _wait_obtained(broker, count * (GENERATIONS + 1), 180)
            failed = broker.log.count('"event":"upstream_failed"')
    buckets = [0] * (int((max(times) - min(times)) / BUCKET) + 1)
    for at in times:
        buckets[int((at - min(times)) / BUCKET)] += 1
    section.plots["bench-credentials-spread.svg"] = histogram(
        f"logins and refreshes of {count:,} credentials, each {BUCKET:g} s", "seconds", buckets, BUCKET)
    late = buckets[int(LIFETIME / 4 / BUCKET):]  # logins are over by then
    section.tables.append(Table(f"{count:,} credentials, {GENERATIONS} refreshes of each", ["what", ""], [
        [f"most upstream calls in {BUCKET:g} s, of logins at the start", f"{max(buckets[: int(LIFETIME / 4 / BUCKET)])}"],
        [f"most upstream calls in {BUCKET:g} s, of refreshes", f"{max(late)}"],
        ["failed attempts", f"{failed}"],
    ]))  # fmt: skip


def rate_limit(bench):
    """What a call costs that is refused, beside one that is answered."""
    section = Section("rate-limit", "A refusal by rate limit",
                      "A principal that may call once a second, 64 calls in flight on 8 connections over mutual TLS.")
    limited = broker_config(bench.folder, bench.sandbox, bench.pair, "limited",
                            rate_limit={"per_second": 1, "burst": 1})  # fmt: skip
    if run("check-config", limited).returncode != 0:
        section.text += "\n\nSkipped: this broker does not know `server.rate_limit`."
        return section
    figures = {}
    with start_broker(bench.folder, bench.sandbox, bench.pair, "unlimited",
                      rate_limit={"per_second": 1000000, "burst": 1000000}) as broker:  # fmt: skip
        figures["answered"], _ = load(broker, bench.pair, 8, 64, bench.seconds)
    with Broker(limited) as broker:
        broker.wait_event("token_obtained")
        figures["refused"], seen = load(broker, bench.pair, 8, 64, bench.seconds)
    assert seen["refused"] > 0.9 * seen["calls"], seen
    section.tables.append(Table("", ["call", *figures["answered"]],
                                [[name, *(f"{v:,.1f}" for v in row.values())] for name, row in figures.items()]))
    return section
