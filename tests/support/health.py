"""The health of a broker as its clients see it: gRPC health, watches of it, and /readyz."""

import queue
import threading

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.broker import SERVICE
from support.pages import fetch
from support.processes import TIMEOUT

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def check(channel, service=SERVICE):
    return health_pb2_grpc.HealthStub(channel).Check(
        health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT
    ).status


def is_ready(broker):
    """Whether gRPC health and /readyz, which have to agree, report that the broker is ready."""
    with broker.channel() as channel:
        status = check(channel)
    page, body, _ = fetch(broker.http, "/readyz")
    assert (page, body) in ((200, "ready\n"), (503, "not ready\n"), (503, "draining\n"))
    assert (status, page) in ((SERVING, 200), (NOT_SERVING, 503))
    return status == SERVING


def credentials_in_readyz(broker):
    """What /readyz?verbose has of each credential, by name; its status must be that of /readyz."""
    status, body, _ = fetch(broker.http, "/readyz?verbose")
    verdict, *lines = body.splitlines()
    assert (status, verdict + "\n") == fetch(broker.http, "/readyz")[:2]
    return dict(line.removeprefix("credential ").split(": ", 1) for line in lines)


class HealthWatch:
    """A watch of a service's health, read as its updates come."""

    def __init__(self, channel, service=SERVICE):
        self._channel = channel
        request = health_pb2.HealthCheckRequest(service=service)
        self._call = health_pb2_grpc.HealthStub(channel).Watch(request)
        self._updates = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for update in self._call:
                self._updates.put(update.status)
        except grpc.RpcError as error:
            self._updates.put(error)

    def next(self):
        update = self._updates.get(timeout=TIMEOUT)
        if isinstance(update, Exception):
            raise update
        return update

    def has_news(self):
        """Whether an update has come that next() has not taken. A call on the connection of the watch comes
        first: the response to it follows what was sent to the watch before."""
        check(self._channel)
        return not self._updates.empty()
