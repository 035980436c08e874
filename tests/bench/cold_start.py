"""From exec to the first token."""

import http.client
import json
import ssl
import statistics
import subprocess
import time
import urllib.parse

from measure import cpu_seconds
from report import Section, Table, at_most
from servers import credential, write_config
from support.processes import BINARY
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY

STARTS = 11


def _round_trip(sandbox, context):
    """One login over a connection of its own, in ms: what the broker cannot do without."""
    url = urllib.parse.urlparse(sandbox.base_url)
    body = json.dumps({"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY})
    began = time.perf_counter()
    connection = http.client.HTTPSConnection(url.hostname, url.port, context=context)
    connection.request("POST", "/auth/login/", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - began) * 1e3
    connection.close()
    assert answer.status == 200, answer.status
    return took


def _start(config):
    """From exec until the log says that the token is there, in ms; and the CPU that it took, likewise."""
    began = time.perf_counter()
    with subprocess.Popen([BINARY, "serve", "--config", config], stderr=subprocess.PIPE) as process:
        for line in process.stderr:
            if b'"token_obtained"' in line:
                break
        took = (time.perf_counter() - began) * 1e3
        cpu = cpu_seconds(process.pid) * 1e3
        process.kill()
    return took, cpu


def _version():
    began = time.perf_counter()
    subprocess.run([BINARY, "version"], stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1e3


def cold_start(bench):
    section = Section("cold-start", "Cold start",
                      "From exec until the first token is there, beside a bare login at the same sandbox over a connection "
                      f"of its own. Medians of {STARTS}.")  # fmt: skip
    config = write_config(bench.folder, [credential(bench.folder, bench.sandbox)], name="cold.yaml",
                          log={"level": "info"})  # fmt: skip
    context = ssl.create_default_context(cafile=str(bench.sandbox.ca_file))
    figures = {"start to first token": [], "CPU of it": [], "one login": [], "`credential-broker version`": []}
    for _ in range(STARTS):
        took, cpu = _start(config)
        figures["start to first token"].append(took)
        figures["CPU of it"].append(cpu)
        figures["one login"].append(_round_trip(bench.sandbox, context))
        figures["`credential-broker version`"].append(_version())
    medians = {name: statistics.median(times) for name, times in figures.items()}
    libraries = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout.count("\n")
    section.tables.append(Table("", ["what", "ms"], [[name, f"{ms:.1f}"] for name, ms in medians.items()]))
    section.text += f" The binary loads {libraries} shared libraries."
    section.targets.append(at_most("cold start to first token, beyond one upstream round trip",
                                   medians["start to first token"] - medians["one login"], 20, " ms"))  # fmt: skip
    return section
