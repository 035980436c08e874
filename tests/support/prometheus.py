"""A real Prometheus on loopback that scrapes brokers every second and evaluates our alerts as often."""

import http.client
import json
import os
import re
import subprocess
import threading
import urllib.parse

import yaml

from support.processes import TIMEOUT, wait_for
from support.promtool import RULES

PROMETHEUS = os.environ.get("PROMETHEUS", "prometheus")


class Prometheus:
    def __init__(self, folder, *targets):
        rules = yaml.safe_load(RULES.read_text())
        for group in rules["groups"]:
            group["interval"] = "1s"
        (folder / "alerts.yaml").write_text(yaml.safe_dump(rules))
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(folder / "alerts.yaml")],
            "scrape_configs": [{"job_name": "credential-broker", "static_configs": [{"targets": list(targets)}]}],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        self._process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
             "--web.listen-address=127.0.0.1:0"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._log = []
        self._reader = threading.Thread(target=lambda: self._log.extend(self._process.stderr), daemon=True)
        self._reader.start()
        assert wait_for(lambda: self._address() and "is ready to receive" in "".join(self._log), TIMEOUT), self._log

    def _address(self):
        found = re.search(r'msg="Listening on" address=(\S+)', "".join(self._log))
        return found and found.group(1)

    def _get(self, path, **parameters):
        connection = http.client.HTTPConnection(self._address(), timeout=TIMEOUT)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def query(self, expr):
        """[(labels, value)] as of now, without NaN."""
        result = self._get("query", query=expr)["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result if sample["value"][1] != "NaN"]

    def alerts(self, state="firing"):
        """{name without prefix: its alerts, as the API has them}."""
        found = {}
        for alert in self._get("alerts")["alerts"]:
            if alert["state"] == state:
                found.setdefault(alert["labels"]["alertname"].removeprefix("CredentialBroker"), []).append(alert)
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(TIMEOUT)
        self._reader.join()
        self._process.stderr.close()
