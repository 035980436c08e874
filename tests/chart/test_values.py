"""The chart's values: described, checked, and covered by the files in ci."""

import json
import subprocess
import sys

import pytest
import yaml

from support.chart import CHART, CI_FILES, ROOT, ci_file, helm, refusal, render

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())

ci_files = pytest.mark.parametrize("values", CI_FILES, ids=lambda path: path.stem)


def leaves(schema, path=()):
    """(path, schema) of every value that is not a section of others."""
    for name, value in schema["properties"].items():
        if "properties" in value:
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def sections(schema, path=()):
    yield path, schema
    for name, value in schema.get("properties", {}).items():
        yield from sections(value, (*path, name))


def at(values, path):
    """The value at a path; None where a file of values does not name it."""
    for name in path:
        values = values.get(name) if isinstance(values, dict) else None
    return values


def test_every_value_has_a_description():
    for path, schema in sections(SCHEMA):
        assert path == () or len(schema.get("description", "")) > 10, f"{path} has no description"


def test_no_section_takes_unknown_keys_but_those_that_belong_to_others():
    # Maps whose keys are Kubernetes' own, an operator's, or the broker's.
    free = {
        "config", "resources", "strategy", "podAnnotations", "podLabels", "podSecurityContext", "securityContext",
        "nodeSelector", "affinity", "annotations", "labels", "global",
    }  # fmt: skip
    for path, schema in sections(SCHEMA):
        if schema.get("type") == "object" and not free & set(path):
            assert schema["additionalProperties"] is False, path


def test_values_yaml_and_the_readme_are_in_step_with_the_schema():
    done = subprocess.run(
        [sys.executable, ROOT / "tools/chart_readme.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_values_yaml_holds_every_value_of_the_schema():
    for path, schema in leaves(SCHEMA):
        if path != ("global",):
            assert at(VALUES, path) == schema["default"], path


def test_the_files_in_ci_change_every_value():
    files = [yaml.safe_load(file.read_text()) for file in CI_FILES]
    for path, schema in leaves(SCHEMA):
        changed = [values for values in files if at(values, path) not in (None, schema["default"])]
        assert changed or path == ("global",), f"no file in ci changes {'.'.join(path)}"


@ci_files
def test_lint_has_no_complaint(values):
    done = helm("lint", "--strict", CHART, "--values", values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout + done.stderr, done.stdout + done.stderr


@ci_files
def test_the_file_renders(values):
    assert render(values).one("Deployment")


@pytest.mark.parametrize(
    "key", ["replicas", "image.tags", "tls.secret", "tls.certManager.issuer", "service.headless.name", "metrics.rules"]
)
def test_an_unknown_value_is_refused_by_name(key):
    message = refusal(ci_file("default"), f"--set={key}=1")
    assert "additional properties" in message and f"'{key.split('.')[-1]}'" in message


@pytest.mark.parametrize("flags", [(), ("--set=config.session_store.type=memory",)], ids=["no store", "memory"])
def test_replicas_with_a_session_each_are_refused_with_the_reason(flags):
    message = refusal(ci_file("default"), "--set=replicaCount=2", *flags)
    assert "replicas evict each other" in message and "allowSeparateSessions" in message


@pytest.mark.parametrize("flag", ["allowSeparateSessions=true", "config.session_store.type=kubernetes"])
def test_replicas_are_accepted_with_sessions_for_all_or_a_shared_one(flag):
    manifests = render(ci_file("default"), "--set=replicaCount=2", f"--set={flag}")
    assert manifests.one("Deployment")["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--set-json=config.credentials=[]"], "config.credentials is empty"),
        (["--set=existingSecret="], "access_key_id_file of the credential default is /secrets/access_key_id"),
        (["--set=tls.existingSecret="], "the gRPC listener has no certificate"),
        (["--set=tls.certManager.enabled=true"], "tls.existingSecret and tls.certManager.enabled are both set"),
        (["--set=tls.certManager.enabled=true,tls.existingSecret="], "tls.certManager.issuerRef.name is empty"),
        (["--set=clientCa.existingSecret=other"], "clientCa.existingSecret are both set"),
        (["--set=config.server.listen=unix:/run/broker.sock"], "config.server.listen has no address with a port"),
        (["--set=config.http.listen=unix:/run/http.sock"], "config.http.listen has no port"),
        (["--set-json=config.http=null"], "missing property 'http'"),
    ],
    ids=lambda value: value[0].split("=", 1)[1] if isinstance(value, list) else "",
)  # fmt: skip
def test_what_could_not_run_is_refused_with_the_fix(flags, sentence):
    assert sentence in refusal(ci_file("default"), *flags)


def test_all_mistakes_are_reported_at_once():
    message = refusal(ci_file("default"), "--set=existingSecret=,tls.existingSecret=")
    assert message.count("existingSecret is empty") == 2 and "the gRPC listener has no certificate" in message


def test_the_version_is_the_brokers():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert f"project(credential-broker VERSION {chart['appVersion']} " in (ROOT / "CMakeLists.txt").read_text()
