"""The broker's http listener, as probes and scrapers use it."""

import http.client
import re
import threading
import time

import yaml

from support.broker import Broker, write_config
from support.processes import TIMEOUT

METRICS_SECONDS = 0.1  # for so long scrapes share the text of /metrics
_scraped = {}  # when, by address


def write_config_with_http(folder, credentials, http=None, **more):
    path = write_config(folder, credentials, **more)
    config = yaml.safe_load(path.read_text())
    config["http"] = {"listen": "127.0.0.1:0", **(http or {})}
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


class BrokerWithPages(Broker):
    @property
    def http(self):
        return self.events("serving")[0]["http"]


def fetch(address, path, method="GET", timeout=TIMEOUT, headers=None):
    """(status, body, headers) of one request."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.getheaders()}
    finally:
        connection.close()


def metrics(address):
    """/metrics as {"name{labels}": value}, as of now: the text of the last scrape here is not shared any more."""
    age = time.monotonic() - _scraped.get(address, 0)
    threading.Event().wait(max(0, METRICS_SECONDS - age))
    status, body, _ = fetch(address, "/metrics")
    _scraped[address] = time.monotonic()
    assert status == 200
    return {name: float(value) for name, value in re.findall(r"^([^#\s].*) (\S+)$", body, re.MULTILINE)}
