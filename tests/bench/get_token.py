"""GetToken beside grpc++, grpc-go and nghttpd."""

import contextlib
import json
import pathlib
import re

import grpc

from measure import median_of, resident_kib, with_cpu
from report import Section, at_least, at_most, side_by_side
from servers import LOAD_CLIENT, SERVICE, Nghttpd, caller_flags, start_broker, start_yardsticks
from support.broker import pb
from support.processes import TIMEOUT

FRAME_PREFIX = 5
MUTUAL_TLS = [(8, 64), (1, 1)]  # connections, calls in flight
H2LOAD = [(8, 8), (64, 1), (1, 1)]  # connections, streams on each
BUSY = [1000, 5000]  # calls in flight on 50 connections


def load(server, pair, connections, in_flight, seconds):
    """Calls from grpc-go; the client's figures and `CPU µs/call`."""
    output, cpu = with_cpu(server.pid, [
        LOAD_CLIENT, *caller_flags(server.address, pair), "-connections", str(connections),
        "-in-flight", str(in_flight), "-duration", f"{seconds}s",
    ])  # fmt: skip
    seen = json.loads(output)
    assert seen["failed"] == 0, seen
    return {"calls/s": seen["calls_per_second"], "p50 µs": seen["p50_us"], "p99 µs": seen["p99_us"],
            "CPU µs/call": cpu / seen["calls"] * 1e6}, seen  # fmt: skip


def in_turns(servers, rounds, measure):
    """Every server in every round, so that a busy machine is busy for all of them; the medians."""
    found = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            found[name].append(measure(server))
    return {name: median_of(figures) for name, figures in found.items()}


def ratio(rows, key, base):
    return rows["credential-broker"][key] / rows[base][key]


def _servers(stack, bench, name, mutual):
    broker = start_broker(bench.folder, bench.sandbox, bench.pair, name, mutual=mutual)
    servers = {"credential-broker": broker, **start_yardsticks(bench, mutual)}
    for server in servers.values():
        stack.callback(server.close)
    return servers


def mutual_tls(bench):
    section = Section("get-token", "GetToken over mutual TLS",
                      "Policy, limits and audit on; the yardsticks check nothing. The client is grpc-go.")  # fmt: skip
    with contextlib.ExitStack() as stack:
        servers = _servers(stack, bench, "get-token", mutual=True)
        idle = resident_kib(servers["credential-broker"].pid) / 1024
        for connections, in_flight in MUTUAL_TLS:
            rows = in_turns(servers, bench.rounds, lambda server, c=connections, f=in_flight: load(
                server, bench.pair, c, f, bench.seconds)[0])  # fmt: skip
            section.tables.append(side_by_side(f"{connections} connections, {in_flight} in flight", rows,
                                               "grpc++ callback"))  # fmt: skip
            if in_flight == 64:
                for base in ("grpc++ callback", "grpc-go"):
                    section.targets += [
                        at_most(f"GetToken, 64 in flight: CPU a call, against {base}",
                                ratio(rows, "CPU µs/call", base), 0.5),
                        at_least(f"GetToken, 64 in flight: throughput, against {base}",
                                 ratio(rows, "calls/s", base), 1.2),
                        at_most(f"GetToken, 64 in flight: p99, against {base}", ratio(rows, "p99 µs", base), 1),
                    ]  # fmt: skip
        section.targets.append(at_most("resident memory, idle, one credential", idle, 30, " MiB"))
    return section


def _h2load(server, request, connections, streams, seconds):
    # No warm-up phase: it would spend CPU on calls that h2load does not count.
    output, cpu = with_cpu(server.pid, [
        "h2load", "-t", "1", "-c", str(connections), "-m", str(streams), "-D", str(seconds), *request,
    ])  # fmt: skip
    calls = int(re.search(r"(\d+) succeeded", output).group(1))
    assert calls > 0 and int(re.search(r"(\d+) failed", output).group(1)) == 0, output
    return {"calls/s": calls / seconds, "CPU µs/call": cpu / calls * 1e6}


def _answer_bytes(broker, pair):
    """Of a GetToken answer with its frame."""
    with broker.stub(grpc.ssl_channel_credentials(pathlib.Path(pair["ca"]).read_bytes())) as stub:
        return FRAME_PREFIX + stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).ByteSize()


def floor(bench):
    section = Section("floor", "GetToken over TLS, beside nghttpd",
                      "nghttpd serves a file as long as the answer on the same libraries: the floor of this stack. "
                      "The client is h2load.")  # fmt: skip
    message = bench.folder / "empty-message"
    message.write_bytes(b"\0" * 5)
    with contextlib.ExitStack() as stack:
        servers = _servers(stack, bench, "floor", mutual=False)
        size = _answer_bytes(servers["credential-broker"], bench.pair)
        nghttpd = stack.enter_context(Nghttpd(bench.folder, bench.pair, size))
        servers = {"nghttpd": nghttpd, **servers}
        call = ["-d", str(message), "-H", "content-type: application/grpc", "-H", "te: trailers"]

        def measure(server):
            request = [f"https://{server.address}/token"]
            if server is not nghttpd:
                request = [*call, f"https://{server.address}{SERVICE}/GetToken"]
            return _h2load(server, request, connections, streams, bench.seconds)

        for connections, streams in H2LOAD:
            rows = in_turns(servers, bench.rounds, measure)
            section.tables.append(side_by_side(f"{connections} connections × {streams} streams", rows, "nghttpd"))
            section.targets.append(at_most(f"GetToken, h2load {connections} × {streams}: CPU a call, against nghttpd",
                                           ratio(rows, "CPU µs/call", "nghttpd"), 1.3))  # fmt: skip
    return section


def busy(bench):
    section = Section("in-flight", "Thousands of calls in flight",
                      "On 50 connections, mutual TLS, from grpc-go. Every call that was begun was answered: one that "
                      "fails, or has no answer 30 s after the end, ends the benchmark.")  # fmt: skip
    with contextlib.ExitStack() as stack:
        servers = _servers(stack, bench, "in-flight", mutual=True)
        del servers["grpc++ callback"]
        for in_flight in BUSY:

            def measure(server, in_flight=in_flight):
                figures, _ = load(server, bench.pair, 50, in_flight, bench.seconds)
                return {**figures, "resident MiB": resident_kib(server.pid) / 1024}

            rows = in_turns(servers, bench.rounds, measure)
            section.tables.append(side_by_side(f"{in_flight:,} in flight", rows, "grpc-go"))
    return section
