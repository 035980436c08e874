"""WatchToken: what a new token costs when it goes to many streams, and what memory they and their connections take."""

import contextlib
import datetime
import signal
import statistics
import time

from measure import cpu_seconds, resident_kib
from report import Section, Table, at_most, side_by_side
from servers import Yardstick, start_broker, start_yardsticks
from support.sandbox import Sandbox
from svg import Line, line_chart
from watchers import Refused, Watchers

STREAMS = [1, 10, 100, 1000, 10000]
STREAMS_A_CONNECTION = 100
IDLE_CONNECTIONS = 1000
PUSHES = 3
BROKER, GRPCPP = "credential-broker", "grpc++ callback"
NOT_THERE = "This broker has no WatchToken: only the yardsticks were measured."


def _new_token(server):
    """A push at a yardstick: when it was begun, in nanoseconds since 1970."""
    began = time.time_ns()
    server.signal(signal.SIGUSR1)
    return began


def _obtained(broker, nth):
    """As _new_token; the broker refreshes by itself, every 3 s."""
    text = broker.wait_event("token_obtained", count=nth)["time"]
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1e9)


def _pushes(server, watchers, streams):
    """CPU a push, and the time from a new token to the last stream."""
    before = cpu_seconds(server.pid)
    lasts = []
    seen = len(server.events("token_obtained")) if not isinstance(server, Yardstick) else 0
    for n in range(PUSHES):
        if isinstance(server, Yardstick):
            began = _new_token(server)
            line = watchers.next()
        else:
            line = watchers.next()
            began = min(_obtained(server, seen + n + 1), line["first_ns"])
        assert line["messages"] == streams, line
        lasts.append((line["last_ns"] - began) / 1e6)
    spent = cpu_seconds(server.pid) - before
    return {"CPU ms/push": spent / PUSHES * 1e3, "CPU µs/message": spent / PUSHES / streams * 1e6,
            "last stream ms": statistics.median(lasts), "resident MiB": resident_kib(server.pid) / 1024}  # fmt: skip


def _measure(server, pair, streams):
    connections = max(1, streams // STREAMS_A_CONNECTION)
    with Watchers(server, pair, connections, streams) as watchers:
        return _pushes(server, watchers, streams)


@contextlib.contextmanager
def _broker_with_short_tokens(bench, name):
    folder = bench.folder / name
    folder.mkdir()
    with Sandbox(folder, lifetime="6s") as sandbox:
        with start_broker(folder, sandbox, bench.pair, name) as broker:
            yield broker


def watch(bench):
    section = Section("watch", "WatchToken",
                      f"A push is a new token of {bench.token_bytes()} bytes to all streams, {STREAMS_A_CONNECTION} a "
                      "connection. The broker refreshes by itself every 3 s, and what that costs is counted in; the "
                      "yardsticks make a token up when they get a signal. Last stream: from then until the last stream has "
                      "it. The yardsticks serialize for each stream, as gRPC's own servers do.")  # fmt: skip
    found = {}
    for streams in STREAMS:
        rows = {}
        with contextlib.suppress(Refused), _broker_with_short_tokens(bench, f"watch-{streams}") as broker:
            rows[BROKER] = _measure(broker, bench.pair, streams)
        for name, server in start_yardsticks(bench).items():
            with server:
                rows[name] = _measure(server, bench.pair, streams)
        section.tables.append(side_by_side(f"{streams:,} streams" if streams > 1 else "1 stream", rows, GRPCPP))
        found[streams] = rows
    section.plots = {
        f"bench-watch-{file}.svg": _plot(found, key, title)
        for file, key, title in (
            ("cpu", "CPU ms/push", "CPU of the server for one new token, ms"),
            ("last", "last stream ms", "until the last stream has it, ms"),
        )
    }
    most = found[STREAMS[-1]]
    if BROKER not in most:
        section.text += f"\n\n{NOT_THERE}"
    else:
        ours, theirs = most[BROKER], most[GRPCPP]
        section.targets = [
            at_most("WatchToken, 10,000 streams: CPU a message, against grpc++",
                    ours["CPU µs/message"] / theirs["CPU µs/message"], 0.12),
            at_most("WatchToken, 10,000 streams: last stream, against grpc++",
                    ours["last stream ms"] / theirs["last stream ms"], 0.5),
            at_most("WatchToken, 10,000 streams on 100 connections: resident memory", ours["resident MiB"], 50, " MiB"),
        ]  # fmt: skip
    return section


def _plot(found, key, title):
    names = list(found[STREAMS[0]])
    lines = [Line(name, [(s, rows[name][key]) for s, rows in found.items() if name in rows]) for name in names]
    return line_chart(title, "streams", lines, log=True)


def connections(bench):
    """Resident memory of a connection on which one stream is open and nothing happens."""
    section = Section("connections", "Memory of an idle connection",
                      f"{IDLE_CONNECTIONS:,} mutual-TLS connections, one stream of WatchToken on each, after its first "
                      "message.")  # fmt: skip
    rows = []
    with contextlib.ExitStack() as stack:
        broker = start_broker(bench.folder, bench.sandbox, bench.pair, "connections")
        servers = {BROKER: broker, **start_yardsticks(bench)}
        for name, server in servers.items():
            stack.callback(server.close)
            try:
                each = _kib_a_connection(server, bench.pair)
            except Refused:
                section.text += f"\n\n{NOT_THERE}"
                continue
            rows.append([name, f"{each:.1f}"])
            if server is broker:
                section.targets.append(
                    at_most("resident memory per idle mutual-TLS connection with one stream", each, 50, " KiB"))
    section.tables.append(Table("", ["server", "KiB a connection"], rows))
    return section


def _kib_a_connection(server, pair):
    # What the first connections alone make a server take is no part of what one costs.
    with Watchers(server, pair, 20, 20):
        pass
    before = resident_kib(server.pid)
    with Watchers(server, pair, IDLE_CONNECTIONS, IDLE_CONNECTIONS):
        return (resident_kib(server.pid) - before) / IDLE_CONNECTIONS
