"""The commands of docs/runbook.md, run as they stand against a broker in trouble."""

import os
import pathlib
import re
import subprocess

import pytest

from support.processes import BINARY, TIMEOUT
from support.promtool import ROOT
from support.trouble import broker_in_trouble, knock

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
SECTION = re.compile(r"^## CredentialBroker(\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What the commands of a section show of the trouble that it is about.
SHOWN = {
    "TokenRefreshFailing": [
        r"credential failing: (degraded|unavailable); last error UPSTREAM_UNAVAILABLE: .*503",
        r'upstream_requests_total\{credential="failing",operation="login",result="server_error"\} [1-9]',
        r'token_expiration_timestamp_seconds\{credential="failing"\} \d+',
        r'"event":"upstream_failed","credential":"failing".*"kind":"server_error"',
    ],
    "NoToken": [
        r"credential rejected: rejected",
        r'grpc_server_handled_total\{.*grpc_method="GetToken",grpc_code="PermissionDenied"\} [1-9]',
    ],
    "KeyRejected": [
        r"credential rejected: rejected; last error CREDENTIAL_REJECTED: .*access_key_id",
        r'"kind":"unauthorized"',
        r"CREDENTIAL_REJECTED",  # of the login that `credentials refresh` asked for
    ],
    "ConfigurationRefused": [
        r'"event":"config_refused".*nonsense: unknown key',
        r"broker.yaml:\d+: nonsense: unknown key",
        r"credential_broker_config_last_reload_successful 0",
    ],
    "ServerCertificateExpires": [
        r'\{listener="grpc",certificate="server"\} \w+ \w+ +\d+ \d\d:\d\d:\d\d (AM |PM )?UTC \d{4}',
        r"notAfter=",
    ],
    "ClientCaExpires": [r"Subject: ?CN ?= ?a CA for tests", r"Not After : "],
    "CallersDenied": [
        r'callers_denied_total\{reason="CALLER_NOT_ALLOWED"\} [1-9]',
        r'[1-9] "principal":"spiffe://prod/ns/orders/sa/api"',
        r'"event":"caller_denied"',
    ],
    "Absent": [r"^ok$", r'^\{"time"'],
    "LogLinesDropped": [r"credential_broker_log_lines_dropped_total 0"],
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runbook")
    with broker_in_trouble(folder) as trouble:
        knock(trouble)
        trouble.broker.wait_event("config_refused")
        trouble.broker.wait_event("caller_denied")
        trouble.broker.wait_event("upstream_failed", credential="failing", count=2)
        trouble.broker.wait_event("upstream_failed", credential="rejected")
        log = folder / "broker.log"
        log.write_text(trouble.broker.log + "\n")
        yield {
            **os.environ,
            "PATH": f"{pathlib.Path(BINARY).resolve().parent}:{os.environ['PATH']}",
            "HTTP": trouble.broker.http,
            "ADDRESS": trouble.broker.address,
            "ADMIN": trouble.admin,
            "CONFIG": str(trouble.config),
            "CLIENT_CA": trouble.client_ca,
            "LOG": str(log),
        }


def test_every_section_is_tested():
    assert sorted(alert for alert, _ in SECTION.findall(RUNBOOK)) == sorted(SHOWN)
    for _, text in SECTION.findall(RUNBOOK):
        parts = [text.index(f"**{part}") for part in ("Meaning.**", "How to look.**", "What to do")]
        assert parts == sorted(parts)


@pytest.mark.parametrize("alert", SHOWN)
def test_the_commands_show_what_is_wrong(environment, alert):
    credential = "failing" if alert == "TokenRefreshFailing" else "rejected"
    text = dict(SECTION.findall(RUNBOOK))[alert]
    shown = ""
    for commands in COMMANDS.findall(text):
        done = subprocess.run(
            ["bash", "-u", "-c", commands], env={**environment, "CREDENTIAL": credential},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        assert done.stdout, commands
        for complaint in ("bash: ", "curl: ", "grep: ", "date: ", "unbound variable", "--help"):
            assert complaint not in done.stdout, done.stdout
        shown += done.stdout
    for pattern in SHOWN[alert]:
        assert re.search(pattern, shown, re.MULTILINE), f"{pattern} is not in:\n{shown}"
