"""A broker under attack: somebody who calls it all the while, and what the attack costs it."""

import contextlib
import json
import pathlib
import resource
import threading
import time

from support.broker import Broker, credential, pb, write_config
from support.certificates import Certificates
from support.processes import TIMEOUT, sanitized, wait_for
from support.raw_h2 import RawConnection, tls_context
from support.steady_caller import SteadyCaller
from support.threads import CheckedThread

PRINCIPAL = "spiffe://prod/ns/orders/sa/api"
# Attackers have addresses of their own, so that what is counted by address is theirs alone.
ATTACKERS = [f"127.0.0.{number}" for number in range(2, 6)]
ATTACKER = ATTACKERS[0]

MEGABYTE = 1024 * 1024
RECOVERY_SECONDS = 5
# Resident memory that may remain after attacks, for what the allocator cannot give back between the blocks that stay: three
# times what was measured (7 MB).
KEPT_MB = 24
# After attacks on fewer connections. The broker gives memory back once 32 connections of an event loop have gone; until then
# their output stays, 32 MiB at most.
FEW_CONNECTIONS_KEPT_MB = 32 + KEPT_MB
# Of an attack that lasts for some tenths of a second, in which the p99 is the slowest of a few dozen calls.
P99_MS = 100

# An attack that goes on and on is judged by tighter figures. A sanitizer looks for faults, not for speed.
SUSTAINED_SECONDS = 5 if sanitized() else 30
SUSTAINED_P99_MS = 50
# Of a flood of handshakes.
FLOODED_P99_MS = 20

# A new connection from another address during an attack: handshake and first call.
NEW_CALLER_SECONDS = 2
NEW_CALLER_INTERVAL = 0.5  # seconds between one and the next


def keep_attacking(seconds=SUSTAINED_SECONDS):
    """Yields the number of each round of an attack, 0, 1, 2, …, until `seconds` have passed."""
    deadline = time.monotonic() + seconds
    number = 0
    while time.monotonic() < deadline:
        yield number
        number += 1


class Usage:
    """What a process has used by now."""

    def __init__(self, pid):
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(stat[11]) + int(stat[12])
        self.cpu_seconds = ticks / 100
        status = pathlib.Path(f"/proc/{pid}/status").read_text().split("\n")
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in status if line.endswith("kB")}
        self.resident, self.peak = sizes["VmRSS"], sizes["VmHWM"]


def reset_peak(pid):
    """Lets Usage.peak begin anew. Where that is not permitted, it remains the peak since the start of the process."""
    with contextlib.suppress(PermissionError):
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def connections_at(address):
    """How many connections a process has open at its listener; its descriptors are not for every user to see."""
    kind = "unix" if address.startswith("unix:") else "tcp"
    lines = pathlib.Path(f"/proc/net/{kind}").read_text().split("\n")[1:-1]
    fields = [line.split() for line in lines]
    if kind == "unix":
        # Without the flag of a listener.
        return sum(f[-1] == address.removeprefix("unix:") and f[3] == "00000000" for f in fields)
    port = int(address.rpartition(":")[2])
    # With an inode: one that a process holds. Not LISTEN.
    return sum(int(f[1].split(":")[1], 16) == port and f[9] != "0" and f[3] != "0A" for f in fields)


class Target:
    """A broker under attack, which has its token and has served a call, and one that is like it and that nobody attacks."""

    def __init__(self, broker, idle, certificates):
        self.broker = broker
        self.idle = idle
        self.certificates = certificates
        self.client = certificates.client(PRINCIPAL) if certificates else None
        self.context = tls_context(certificates.ca, self.client) if certificates else None
        self._attacker = None if broker.address.startswith("unix:") else ATTACKER
        self._attackers_connections = 0
        assert self.new_caller_succeeds()
        # What memory is compared with, however many attacks there were since.
        self._resident_before = self._usage().resident

    def _usage(self):
        return Usage(self.broker.pid)

    def _kept(self):
        return self._usage().resident - self._resident_before

    @property
    def connections(self):
        return connections_at(self.broker.address)

    def context_of(self, *names):
        """A TLS context with another client certificate of the same CA, for these names."""
        return tls_context(self.certificates.ca, self.certificates.client(*names))

    def connect(self, context=None, **options):
        """A connection of the attacker, with a client certificate that is valid unless `context` says otherwise."""
        self._attackers_connections += 1
        return RawConnection(self.broker.address, context or self.context, source=self._attacker, **options)

    def new_caller_succeeds(self):
        credentials = self.client.credentials() if self.client else None
        with self.broker.stub(credentials) as stub:
            return bool(stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).token.value)

    def limit_descriptors(self, count):
        resource.prlimit(self.broker.pid, resource.RLIMIT_NOFILE, (count, count))

    @contextlib.contextmanager
    def under_attack(self, name, cpu_seconds=None, cpu_ms_per_connection=0.0, p99_ms=P99_MS, grown_mb=64, kept_mb=KEPT_MB):
        """The block is the attack. Fails unless all calls of a steady caller succeed meanwhile, with a p99 less than `p99_ms`
        above that of the broker that nobody attacks, resident memory grows by less than `grown_mb`, and within 5 s of the end
        all of the attack's connections are gone, a new caller is served and resident memory has grown by less than `kept_mb`.
        It is compared with that before the first attack on this broker.

        `cpu_seconds`, `cpu_ms_per_connection`: what the broker may spend beside the steady caller's calls, in all and for
        each connection of the attack; no bound where `cpu_seconds` is None. An attack that lasts a given time needs the
        second: how many connections it opens depends on the attacker's machine.

        Yields a dict that holds the figures once the block has ended. Bounds on time and memory do not hold for a sanitizer
        build; that calls succeed, connections go and a new caller is served does."""
        before = self._usage()
        open_before = self.connections
        reset_peak(self.broker.pid)
        connections_before = self._attackers_connections
        figures = {"attack": name}
        ca = self.certificates and self.certificates.ca
        with SteadyCaller(self.broker.address, self.idle.address, self.client, ca) as caller:
            started = time.monotonic()
            yield figures
            seconds = time.monotonic() - started
            steady = caller.finish()
        status = self.broker.exit_status
        assert status is None, f"the broker ended during the attack, exit status {status}: {self.broker.log[-2000:]}"
        ended = time.monotonic()
        gone = wait_for(lambda: self.connections <= open_before, RECOVERY_SECONDS * (4 if sanitized() else 1))
        after, open_after = self._usage(), self.connections
        served = self.new_caller_succeeds()
        recovery = time.monotonic() - ended
        given_back = wait_for(lambda: sanitized() or self._kept() < kept_mb * MEGABYTE, RECOVERY_SECONDS - recovery)
        connections = self._attackers_connections - connections_before
        spent = after.cpu_seconds - before.cpu_seconds
        figures |= {
            "seconds": round(seconds, 2),
            "connections": connections,
            "cpu_seconds": round(spent, 2),
            "grown_mb": round((after.peak - self._resident_before) / MEGABYTE, 1),
            "kept_mb": round(self._kept() / MEGABYTE, 1),
            "recovery_seconds": round(recovery, 2),
            "memory_recovery_seconds": round(time.monotonic() - ended, 2),
            "steady": steady,
        }
        print(json.dumps(figures))
        assert gone, f"{open_after} connections {RECOVERY_SECONDS} s later, {open_before} before: {figures}"
        assert served, figures
        assert steady["failures"] == [] and steady["calls"] > 0, figures
        if sanitized():
            return
        assert recovery < RECOVERY_SECONDS, figures
        assert steady["p99_ms"] < p99_ms + steady["idle_p99_ms"], figures
        if cpu_seconds is not None:
            # A call of the steady caller costs the broker less than this, its TLS included.
            bound = cpu_seconds + connections * cpu_ms_per_connection / 1e3 + steady["calls"] * 0.0005
            assert spent < bound, figures
        assert after.peak - self._resident_before < grown_mb * MEGABYTE, figures
        assert given_back, figures


@contextlib.contextmanager
def new_callers(target):
    """A client that connects and calls every half second while the block runs. Fails unless all of its calls succeed, each
    within NEW_CALLER_SECONDS (no bound for a sanitizer build)."""
    took = []
    ended = threading.Event()

    def call():
        while not ended.wait(NEW_CALLER_INTERVAL):
            start = time.monotonic()
            assert target.new_caller_succeeds()
            took.append(time.monotonic() - start)

    thread = CheckedThread(call)
    thread.start()
    started = time.monotonic()
    try:
        yield
    finally:
        seconds = time.monotonic() - started
        ended.set()
        thread.join()
    at_least = 1 if sanitized() else int(seconds / (NEW_CALLER_INTERVAL + NEW_CALLER_SECONDS))
    assert len(took) >= at_least > 0, f"{len(took)} new callers in {seconds:.1f} s"
    took.sort()
    print(f"{len(took)} new callers, slowest {took[-1]:.3f} s, median {took[len(took) // 2]:.3f} s")
    assert sanitized() or took[-1] < NEW_CALLER_SECONDS, took


@contextlib.contextmanager
def running_target(folder, sandbox):
    """A broker over mutual TLS, which has its token and has served a call."""
    certificates = Certificates(folder)
    config = write_config(
        folder,
        [credential(folder, sandbox, principals=[PRINCIPAL])],
        server={"tls": certificates.server_files(mutual=True)},
        log={"level": "info"},
    )
    with Broker(config) as broker, Broker(config) as idle:
        yield Target(broker, idle, certificates)
        assert broker.terminate() == 0


@contextlib.contextmanager
def running_plain_target(folder, sandbox, listen=None, principal="unix:uid:*"):
    """The same over plaintext, on a unix socket unless `listen` says otherwise."""
    attacked, idle = (
        write_config(
            folder,
            [credential(folder, sandbox, principals=[principal])],
            server={"listen": listen or f"unix:{folder}/{name}.sock"},
            log={"level": "info"},
            name=f"{name}.yaml",
        )
        for name in ("attacked", "idle")
    )
    with Broker(attacked) as broker, Broker(idle) as nobodys_target:
        yield Target(broker, nobodys_target, None)
        assert broker.terminate() == 0
