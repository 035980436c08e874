"""The broker's http listener, as probes and scrapers use it."""

import http.client
import re

from support.processes import TIMEOUT


def fetch(address, path, method="GET", timeout=TIMEOUT):
    """(status, body, headers) of one request."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.getheaders()}
    finally:
        connection.close()


def metrics(address):
    """/metrics as {"name{labels}": value}."""
    status, body, _ = fetch(address, "/metrics")
    assert status == 200
    return {name: float(value) for name, value in re.findall(r"^([^#\s].*) (\S+)$", body, re.MULTILINE)}
