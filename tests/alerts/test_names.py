"""Alerts, dashboard and the series of the rule tests name what a real broker exports."""

import re

import pytest
import yaml

from support.broker import credential
from support.broker_model import TARGET, Credential, Exported
from support.certificates import Certificates
from support.pages import BrokerWithPages, fetch, write_config_with_http
from support.promql import TARGET_LABELS, dashboard, dashboard_queries, grouping_labels, panels, rules, selectors
from support.promtool import EVALUATION, PREFIX, ROOT, RULES, promtool
from support.sandbox import Sandbox

SEVERITIES = {"critical", "warning"}
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """{metric: [labels]} of a broker with mutual TLS."""
    folder = tmp_path_factory.mktemp("names")
    certificates = Certificates(folder)
    with Sandbox(folder) as sandbox:
        tls = {"tls": certificates.server_files(mutual=True)}
        with BrokerWithPages(write_config_with_http(folder, [credential(folder, sandbox)], server=tls)) as broker:
            broker.wait_event("token_obtained")
            text = fetch(broker.http, "/metrics")[1]
    found = {}
    for name, labels in SAMPLE.findall(text):
        found.setdefault(name, []).append(dict(LABEL.findall(labels)))
    return found


def queries():
    return [rule["expr"] for rule in rules()] + dashboard_queries()


class TestNames:
    @pytest.mark.parametrize("expr", queries())
    def test_a_query_names_metrics_labels_and_values_that_exist(self, scraped, expr):
        found = selectors(expr)
        assert found or "ALERTS" in expr
        for metric, asked in found:
            assert metric in scraped
            for label, values in asked.items():
                known = {labels.get(label) for labels in scraped[metric]}
                assert label in TARGET_LABELS or known != {None}, f"{metric} has no label {label}"
                assert set(values) <= known, f"{metric} has no {set(values) - known}"
        exported = {label for metric, _ in found for labels in scraped[metric] for label in labels}
        assert grouping_labels(expr) <= exported | TARGET_LABELS | {"alertname"}

    def test_the_series_of_the_rule_tests_are_those_of_a_broker(self, scraped):
        exported = Exported()
        Credential(exported, lambda *_: ("ok", 0.1), 300, 600)
        modelled = {}
        for series in exported.changes:
            name, labels = series.removesuffix("}").split("{")
            labels = {key: value for key, value in LABEL.findall(labels) if key not in TARGET}
            modelled.setdefault(name, []).append(labels)

        def comparable(all_labels):
            return sorted(sorted(labels.items()) for labels in all_labels)

        for name, all_labels in modelled.items():
            assert comparable(all_labels) == comparable(scraped[name]), name
        used = {metric for rule in rules() for metric, _ in selectors(rule["expr"])}
        assert used <= set(modelled)


class TestRules:
    def test_they_are_evaluated_as_often_as_their_tests_do(self):
        """promtool takes no notice of a group's own interval."""
        [group] = yaml.safe_load(RULES.read_text())["groups"]
        assert group["interval"] == f"{EVALUATION}s"

    def test_promtool_accepts_the_file_as_it_stands(self):
        checked = promtool("check", "rules", RULES)
        assert checked.returncode == 0, checked.stdout + checked.stderr

    @pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
    def test_each_alert_says_what_it_means_and_where_to_read_on(self, rule):
        assert rule["alert"].startswith(PREFIX)
        assert rule["labels"]["severity"] in SEVERITIES
        annotations = rule["annotations"]
        assert set(annotations) == {"summary", "description", "runbook_url"}
        assert annotations["summary"].endswith(".") and len(annotations["description"]) > len(annotations["summary"])
        file, _, anchor = annotations["runbook_url"].partition("#")
        assert f"\n## {rule['alert']}\n" in (ROOT / file).read_text()
        assert anchor == rule["alert"].lower()

    def test_the_runbook_is_about_alerts_that_exist(self):
        sections = re.findall(rf"^## ({PREFIX}\w+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
        assert sorted(sections) == sorted(rule["alert"] for rule in rules())


class TestDashboard:
    def test_panels_have_a_place_of_their_own(self):
        places = set()
        for panel in dashboard()["panels"]:
            grid = panel["gridPos"]
            cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
                     for y in range(grid["y"], grid["y"] + grid["h"])}  # fmt: skip
            assert grid["x"] + grid["w"] <= 24 and not cells & places, panel["title"]
            places |= cells
        ids = [panel["id"] for panel in dashboard()["panels"]]
        assert len(ids) == len(set(ids))

    def test_every_query_goes_to_the_chosen_data_source_instances_and_credentials(self):
        variables = {variable["name"] for variable in dashboard()["templating"]["list"]}
        assert variables == {"datasource", "instance", "credential"}
        for panel in panels():
            for target in panel["targets"]:
                assert panel["datasource"]["uid"] == target["datasource"]["uid"] == "${datasource}"
                if "ALERTS" not in target["expr"]:
                    assert 'instance=~"$instance"' in target["expr"], panel["title"]
                for metric, labels in selectors(target["expr"]):
                    if metric.startswith("credential_broker_token"):
                        assert "credential" in labels, panel["title"]

    def test_it_has_the_rows_that_the_documents_name(self):
        rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
        assert rows == ["Tokens", "Upstream", "Callers", "Front", "Process"]
