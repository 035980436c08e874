"""promtool of Debian's package prometheus, and unit tests of our alerts for it."""

import json
import math
import os
import pathlib
import subprocess

from support.broker_model import GRID, series

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "helm/credential-broker/files/alerts.yaml"
PROMTOOL = os.environ.get("PROMTOOL", "promtool")
PREFIX = "CredentialBroker"
EVALUATION = 15  # seconds, as alerts.yaml says


def seen(scrape):
    """The longest until rules see a change, at that scrape interval."""
    return scrape + EVALUATION


def promtool(*args):
    return subprocess.run([PROMTOOL, *map(str, args)], capture_output=True, text=True, check=False, timeout=300)


class RuleTest:
    """One unit test. Each of its cases is a job of its own, so that one run of the rules serves them all."""

    def __init__(self):
        self._series, self._expected = {}, []

    def case(self, exported, scrape, until, **scraped):
        """What `exported` shows to scrapes until then. Returns where to say what must fire."""
        self._series |= exported.scraped(scrape, until, **scraped)
        return Case(self._expected, until, exported.target["job"])

    def case_without_broker(self, until):
        self._series['up{job="other"}'] = f"1x{until // GRID}"
        return Case(self._expected, until, "")

    def report(self, folder, rules=RULES):
        """Runs promtool. Returns what it finds wrong, empty if nothing."""
        assert self._expected
        test = {
            "interval": f"{GRID}s",
            "input_series": [{"series": series, "values": values} for series, values in self._series.items()],
            "promql_expr_test": self._expected,
        }
        whole = {"rule_files": [str(rules)], "evaluation_interval": f"{EVALUATION}s", "tests": [test]}
        file = folder / "rules_test.yaml"
        file.write_text(json.dumps(whole))  # JSON is YAML
        done = promtool("test", "rules", file)
        return "" if done.returncode == 0 else done.stdout + done.stderr


class Case:
    def __init__(self, expected, until, job):
        self._expected, self._until, self._job = expected, until, job

    def firing(self, time, *alerts):
        """Exactly these fire at `time`."""
        self._expect(f"group by (alertname) ({self._alerts()})", time, alerts)

    def fires(self, time, alert, yes=True):
        """Whether this one does, whatever others do."""
        self._expect(f"group by (alertname) ({self._alerts(alertname=PREFIX + alert)})", time, [alert] if yes else [])

    def fires_throughout(self, begin, end, alert):
        """It does at every evaluation from `begin` to `end`."""
        firing = f"group by (alertname) ({self._alerts(alertname=PREFIX + alert)})"
        begin, end = math.ceil(begin), math.floor(end)
        evaluations = end // EVALUATION - math.ceil(begin / EVALUATION) + 1
        assert evaluations > 0
        expr = f"count_over_time({firing}[{end - begin}s:{EVALUATION}s])"
        self._expect(expr, end, [alert], sample=evaluations)

    def fired(self, *alerts):
        """Exactly these fired at any time."""
        expr = f"group by (alertname) (count_over_time({self._alerts()}[{int(self._until) + 1}s]))"
        self._expect(expr, self._until, alerts)

    def names(self, time, label, *values):
        """Exactly these are the values of a label of what fires at `time`."""
        self._expect(f"group by ({label}) ({self._alerts()})", time, values, label, prefix="")

    def _alerts(self, **labels):
        return series("ALERTS", alertstate="firing", job=self._job, **labels)

    def _expect(self, expr, time, values, label="alertname", prefix=PREFIX, sample=1):
        assert 0 <= time <= self._until, (time, self._until)
        samples = [{"labels": f'{{{label}="{prefix}{value}"}}', "value": sample} for value in values]
        self._expected.append({"expr": expr, "eval_time": f"{round(time * 1000)}ms", "exp_samples": samples})
