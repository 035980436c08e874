"""A real broker, InvestSuite's stand-in with faults, and a real Prometheus between the broker and our queries."""

import datetime

import pytest

from support.broker import credential
from support.broker_model import Credential, Exported
from support.pages import BrokerWithPages, write_config_with_http
from support.processes import TIMEOUT, wait_for
from support.prometheus import Prometheus
from support.promql import dashboard_queries, rules, without_comparison
from support.sandbox import Sandbox
from support.streams import TokenStream
from support.trouble import broker_in_trouble, knock

LIFE = 8  # seconds
AWAY: dict[str, dict[str, object]] = {
    "server_error": {"login_status": 503, "refresh_status": 503},
    "client_error": {"login_status": 404, "refresh_status": 404},
    "not_sent": {"refuse_connections": "always"},
    "ambiguous": {"hang_login": "always", "hang_refresh": "always"},
}


@pytest.mark.parametrize("result", AWAY)
def test_the_model_of_the_rule_tests_fails_as_a_broker_does(tmp_path, result):
    """The same states, the same first failures, and a second one within seconds, because one alone does not fire."""
    modelled = Credential(Exported(), lambda time, _: (result if time > 1 else "ok", 0.01), LIFE, LIFE)
    with Sandbox(tmp_path, lifetime=f"{LIFE}s") as sandbox:
        timeouts = {"connect_timeout": "1s", "request_timeout": "1s"}
        config = write_config_with_http(tmp_path, [credential(tmp_path, sandbox, **timeouts)])
        with BrokerWithPages(config) as broker:
            broker.wait_event("token_obtained")
            sandbox.set_faults(**AWAY[result])
            broker.wait_event("credential_state", state="unavailable")
            assert [entry["state"] for entry in broker.events("credential_state")] == modelled.states
            failures = broker.events("upstream_failed")[:2]
    assert [(entry["operation"], entry["kind"]) for entry in failures] == modelled.failed[:2]
    first, second = (datetime.datetime.fromisoformat(entry["time"]) for entry in failures)
    assert (second - first).total_seconds() < 6


def test_every_query_returns_data_and_the_alerts_fire(tmp_path):
    absent = next(rule["expr"] for rule in rules() if rule["alert"].endswith("Absent"))
    exprs = [without_comparison(rule["expr"]) for rule in rules() if rule["expr"] != absent]
    with broker_in_trouble(tmp_path) as trouble, Prometheus(tmp_path, trouble.broker.http) as prometheus:
        TokenStream(trouble.stub).wait_token()
        missing = set(dashboard_queries() + exprs)

        def all_have_returned_data():
            knock(trouble)
            missing.difference_update([query for query in missing if prometheus.query(query)])
            return not missing

        wait_for(all_have_returned_data, 2 * TIMEOUT)
        assert missing == set()

        def firing():
            return {name: {alert["labels"].get("credential") for alert in alerts}
                    for name, alerts in prometheus.alerts().items()}  # fmt: skip

        expected = {
            "TokenRefreshFailing": {"failing"},
            "KeyRejected": {"rejected"},
            "ServerCertificateExpires": {None},
        }
        assert wait_for(lambda: expected.items() <= firing().items(), TIMEOUT), firing()
        assert "ConfigurationRefused" in prometheus.alerts("pending") | prometheus.alerts()
        for alert in [alert for alerts in prometheus.alerts().values() for alert in alerts]:
            text = " ".join(alert["annotations"].values())
            assert "<no value>" not in text and "{{" not in text and "%!" not in text, text
        assert trouble.broker.terminate() == 0
        assert wait_for(lambda: prometheus.query(absent) and "Absent" in prometheus.alerts("pending"), TIMEOUT)
