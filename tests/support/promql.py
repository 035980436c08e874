"""What the queries of alerts and dashboard name, taken from their text."""

import json
import re

import yaml

from support.promtool import ROOT, RULES

DASHBOARD = ROOT / "helm/credential-broker/files/dashboard.json"
TARGET_LABELS = {"namespace", "job", "service", "instance"}  # given by Prometheus and its scrape configuration
SELECTOR = re.compile(r"\b((?:credential_broker|grpc_server|process)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


def rules():
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]


def dashboard():
    return json.loads(DASHBOARD.read_text())


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard_queries():
    """As Grafana sends them with all values of the variables and the smallest interval."""
    queries = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [re.sub(r"\$(instance|credential)\b", ".*", q).replace("$__rate_interval", "10s") for q in queries]


def without_comparison(expr):
    """The same with 0 or 1 for each comparison in place of a filter."""
    return re.sub(r"\s(==|!=|>=|<=|>|<)\s", r" \1 bool ", expr)


def selectors(expr):
    """[(metric, {label: values that are asked for})]; no values: anything."""
    found = []
    for metric, inside in SELECTOR.findall(expr):
        labels = {}
        for label, operator, value in MATCHER.findall(inside):
            exact = [] if re.search(r"[.*+]|\$", value) else value.split("|") if "~" in operator else [value]
            labels[label] = exact
        found.append((metric, labels))
    return found


def grouping_labels(expr):
    return {label.strip() for inside in GROUPING.findall(expr) for label in inside.split(",") if label.strip()}
