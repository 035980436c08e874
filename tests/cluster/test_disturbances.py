"""What the node does to the pod: out of memory, and drained."""

import concurrent.futures
import contextlib
import socket
import ssl
import threading

import pytest

from support.cluster import settings, workloads
from support.cluster.caller import Caller, accepts
from support.cluster.kubectl import CommandError
from support.cluster.release import eventually

NODE = settings.NODE_NAME


def crowd(release, count):
    """Opens TLS connections, and HTTP/2 on them, until there are `count` or the broker is gone. Returns their sockets. Many are
    opened at once: the broker closes the first, which are idle, after a minute."""
    context = ssl.create_default_context(cafile=workloads.tls_folder(release.kubectl) / "callers-ca.pem")
    context.set_alpn_protocols(["h2"])
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    gone = threading.Event()

    def connect(_):
        if gone.is_set():
            return None
        try:
            plain = socket.create_connection((release.service_address, 8443), timeout=10)
            connection = context.wrap_socket(plain, server_hostname=release.host)
            connection.sendall(preface)
            return connection
        except OSError:
            gone.set()
            return None

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        return [connection for connection in pool.map(connect, range(count)) if connection]


def test_a_broker_that_runs_out_of_memory_is_killed_and_comes_back(place):
    """Its limit holds what one broker needs, and not the connections that its configuration allows."""
    release = place.release
    small = {"requests": {"cpu": "10m", "memory": "48Mi"}, "limits": {"memory": "48Mi"}}
    values = release.values(
        workloads.credential(place.sandbox),
        values={"resources": small},
        server={"max_connections_per_address": 10000, "max_connections_per_principal": 10000},
    )
    release.install(values)
    caller = Caller(release, "caller")
    before = release.uid()

    def killed():
        [status] = release.pod()["status"]["containerStatuses"]
        return status["lastState"].get("terminated", {}).get("reason") == "OOMKilled"

    with contextlib.ExitStack() as stack:
        for connection in crowd(release, 4000):
            stack.enter_context(connection)
        eventually(killed)
    release.wait_until_serving()
    assert release.uid() == before
    assert accepts(place.sandbox, caller.token())


@pytest.fixture
def drain(place):
    """Drains the node of one release's pods. Afterwards the node takes pods again."""
    labels = {"drained": place.kubectl.namespace}

    def drain(limit):
        selector = f"drained={labels['drained']}"
        place.kubectl("drain", NODE, "--pod-selector", selector, "--delete-emptydir-data", "--timeout", f"{limit}s")

    drain.values = {"podLabels": labels}  # type: ignore[attr-defined]
    yield drain
    place.kubectl("uncordon", NODE)


def test_a_drain_keeps_to_the_budget(place, drain):
    release = place.release
    credential = workloads.credential(place.sandbox)
    none = {"podDisruptionBudget": {"maxUnavailable": 0}}
    release.install(release.values(credential, values={**drain.values, **none}))
    caller = Caller(release, "caller")
    before = release.uid()
    with pytest.raises(CommandError, match="violate the pod's disruption budget"):
        drain(limit=3)
    assert release.uid() == before
    assert accepts(place.sandbox, caller.token())

    # The chart's default lets one pod go.
    release.upgrade(release.values(credential, values=drain.values))
    assert release.uid() == before
    drain(limit=60)
    place.kubectl("uncordon", NODE)
    release.wait_until_serving()
    assert release.uid() != before
    assert accepts(place.sandbox, caller.token())
