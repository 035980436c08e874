"""A broker under attack: somebody who calls it all the while, and what the attack costs it."""

import contextlib
import json
import os
import pathlib
import resource
import threading
import time

from support.broker import Broker, credential, pb, write_config
from support.certificates import Certificates
from support.processes import TIMEOUT
from support.raw_h2 import RawConnection, tls_context
from support.steady_caller import SteadyCaller

PRINCIPAL = "spiffe://prod/ns/orders/sa/api"
# Attackers have an address of their own, so that what is counted by address is theirs alone.
ATTACKER = "127.0.0.2"

MEGABYTE = 1024 * 1024
RECOVERY_SECONDS = 5
P99_MS = 100


def crowding():
    """1; more where other programs keep the machine so busy that everybody waits, which is no doing of the broker."""
    return max(1.0, os.getloadavg()[0] / (4 * os.cpu_count()))


class Usage:
    """What a process has used by now."""

    def __init__(self, pid, port):
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(stat[11]) + int(stat[12])
        self.cpu_seconds = ticks / 100
        status = pathlib.Path(f"/proc/{pid}/status").read_text().split("\n")
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in status if line.endswith("kB")}
        self.resident, self.peak = sizes["VmRSS"], sizes["VmHWM"]
        self.connections = connections_at(port)


def prefer(pid):
    """Lets a process go before the other programs of the machine, which are no doing of the attack; where we may."""
    with contextlib.suppress(PermissionError):
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), -10)


def connections_at(port):
    """How many connections a process has open at its port; its descriptors are not for every user to see."""
    if port is None:
        return 0
    lines = pathlib.Path("/proc/net/tcp").read_text().split("\n")[1:-1]
    fields = [line.split() for line in lines]
    # With an inode: one that a process holds. Not LISTEN.
    return sum(int(f[1].split(":")[1], 16) == port and f[9] != "0" and f[3] != "0A" for f in fields)


def wait_for(condition, timeout):
    """True as soon as `condition()` is; what /proc tells cannot be waited for by anything but looking."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True


class Target:
    """A broker under attack."""

    def __init__(self, broker, certificates):
        self.broker = broker
        prefer(broker.pid)
        self.certificates = certificates
        self.client = certificates.client(PRINCIPAL) if certificates else None
        self.context = tls_context(certificates.ca, self.client) if certificates else None
        tcp = not broker.address.startswith("unix:")
        self._port = int(broker.address.rpartition(":")[2]) if tcp else None
        self._attacker = ATTACKER if tcp else None
        self._attackers_connections = 0

    @property
    def connections(self):
        return connections_at(self._port)

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
    def under_attack(self, name, cpu_seconds, cpu_ms_per_connection=0.0):
        """The block is the attack. During it one caller calls steadily, and all its calls succeed in time; the broker
        spends at most so much more than that caller costs, grows by less than 64 MB, and has recovered 5 s later.

        What goes on for a time has a limit for each connection: how many there are depends on the attacker's machine."""
        before = Usage(self.broker.pid, self._port)
        connections_before = self._attackers_connections
        with SteadyCaller(self.broker.address, self.client, self.certificates and self.certificates.ca) as caller:
            prefer(caller.pid)
            started = time.monotonic()
            yield
            seconds = time.monotonic() - started
            steady = caller.finish()
        recovered = wait_for(lambda: self.connections <= before.connections, RECOVERY_SECONDS)
        after = Usage(self.broker.pid, self._port)
        connections = self._attackers_connections - connections_before
        spent = after.cpu_seconds - before.cpu_seconds
        figures = {
            "attack": name,
            "seconds": round(seconds, 2),
            "connections": connections,
            "cpu_seconds": round(spent, 2),
            "grown_mb": round((after.peak - before.resident) / MEGABYTE, 1),
            "kept_mb": round((after.resident - before.resident) / MEGABYTE, 1),
            "steady": steady,
        }
        print(json.dumps(figures))
        assert recovered, f"{after.connections} connections after {RECOVERY_SECONDS} s, {before.connections} before"
        assert steady["failures"] == [] and steady["calls"] > 0, steady
        assert steady["p99_ms"] < P99_MS * crowding(), steady
        # A call of the steady caller costs the broker less than this, its TLS included.
        assert spent < cpu_seconds + connections * cpu_ms_per_connection / 1e3 + steady["calls"] * 0.0005, figures
        assert after.peak - before.resident < 64 * MEGABYTE, figures
        assert self.new_caller_succeeds()


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
    with Broker(config) as broker:
        target = Target(broker, certificates)
        assert target.new_caller_succeeds()
        yield target
        assert broker.terminate() == 0


@contextlib.contextmanager
def running_plain_target(folder, sandbox):
    """The same over plaintext on a unix socket."""
    config = write_config(
        folder,
        [credential(folder, sandbox, principals=["unix:uid:*"])],
        server={"listen": f"unix:{folder}/broker.sock"},
        log={"level": "info"},
    )
    with Broker(config) as broker:
        target = Target(broker, None)
        assert target.new_caller_succeeds()
        yield target
        assert broker.terminate() == 0
