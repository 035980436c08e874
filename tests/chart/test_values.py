"""The chart's values: described, checked, and covered by the files in ci."""

import json
import re
import subprocess
import sys

import pytest
import yaml

from support.chart import CHART, CI_FILES, RELEASE, ROOT, ci_file, helm, refusal, render

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
        (["--set=clientCa.existingConfigMap=,config.server.plaintext=true"], "config.server.plaintext is true beside a"),
        (["--set=tls.existingSecret=,config.server.plaintext=true"], "and clientCa has no effect"),
        (["--set=config.server.listen=unix:/run/broker:8443"], '"unix:/run/broker:8443", which is no address with a port'),
        (["--set=config.server.listen=0.0.0.0"], '"0.0.0.0", which is no address with a port from 1 to 65535'),
        (["--set=config.server.listen=0.0.0.0:0"], '"0.0.0.0:0", which is no address with a port from 1 to 65535'),
        (["--set=config.http.listen=0.0.0.0:65536"], '"0.0.0.0:65536", which is no address with a port from 1 to 65535'),
        (["--set=config.http.listen=unix:/run/http.sock"], "config.http.listen is"),
        (["--set=config.http.listen=0.0.0.0:8443"], "config.http.listen both have the port 8443"),
        (["--set=config.http.listen=127.0.0.1:9090"], "neither the kubelet's probes nor Prometheus can reach it"),
        (["--set=config.http.listen=[::1]:9090"], "neither the kubelet's probes nor Prometheus can reach it"),
        (["--set=config.server.listen=localhost:8443"], "where the Service cannot reach it"),
        (["--set-json=config.http=null"], "missing property 'http'"),
    ],
    ids=lambda value: value[0].split("=", 1)[1] if isinstance(value, list) else "",
)  # fmt: skip
def test_what_could_not_run_is_refused_with_the_fix(flags, sentence):
    assert sentence in refusal(ci_file("default"), *flags)


def test_in_a_mesh_the_listener_may_be_for_the_sidecar_alone():
    assert render(ci_file("mesh"), "--set=config.server.listen=127.0.0.1:8443").one("Deployment")


def test_key_files_of_a_csi_driver_need_no_secret(tmp_path):
    values = tmp_path / "values.yaml"
    volume = {"name": "keys", "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": True}}
    mount = {"name": "keys", "mountPath": "/secrets", "readOnly": True}
    default = yaml.safe_load(ci_file("default").read_text())
    values.write_text(
        yaml.safe_dump({**default, "existingSecret": "", "extraVolumes": [volume], "extraVolumeMounts": [mount]})
    )
    mounts = render(values).pod_template["spec"]["containers"][0]["volumeMounts"]
    assert [each for each in mounts if each["mountPath"] == "/secrets"] == [mount]


def keys_of(values, path=()):
    for name, value in values.items():
        yield (*path, name)
        # What is within these is Kubernetes' or the broker's.
        if isinstance(value, dict) and name not in ("resources", "strategy", "securityContext", "podSecurityContext", "config"):
            yield from keys_of(value, (*path, name))


@pytest.mark.parametrize("path", list(keys_of(VALUES)), ids=".".join)
def test_a_key_with_nothing_after_it_is_taken_as_empty_or_refused_by_name(path):
    """As where all that a section held has been commented out."""
    done = helm("template", RELEASE, CHART, "--values", ci_file("kubernetes-callers"), f"--set-json={'.'.join(path)}=null")
    if done.returncode == 0:
        assert list(yaml.safe_load_all(done.stdout))
    else:
        assert f"missing property '{path[-1]}'" in done.stderr or "\n- " in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("config.log=info", "at '/config/log': got string"),
        ("config.server.tls=/tls", "at '/config/server/tls': got string"),
        ("config.kubernetes_callers=true", "at '/config/kubernetes_callers': got boolean"),
        ("config.session_store=memory", "at '/config/session_store': got string"),
        ("config.credentials[0].base_url=443", "at '/config/credentials/0/base_url': got number"),
        ("nameOverride=My_Broker", "at '/nameOverride': 'My_Broker' does not match"),
        ("fullnameOverride=a.b", "at '/fullnameOverride': 'a.b' does not match"),
        ("networkPolicy.apiServer.ports=[]", "at '/networkPolicy/apiServer/ports': minItems"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused_with_its_place(value, message):
    flag = "--set-json" if value.endswith("[]") else "--set"
    assert message in refusal(ci_file("default"), f"{flag}={value}")


@pytest.mark.parametrize("word", ["123", "1e3", "true", "null"])
def test_names_that_yaml_takes_for_something_else_stay_text(word):
    names = ("existingSecret", "tls.existingSecret", "clientCa.existingConfigMap", "priorityClassName",
             "serviceAccount.name", "test.tlsSecret")  # fmt: skip
    flags = [f"--set-string={name}={word}" for name in names]
    done = helm("template", word, CHART, "--namespace", word, "--values", ci_file("default"), *flags,
                "--set=fullnameOverride=broker,metrics.serviceMonitor.enabled=true")  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = []

    def collect(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ("name", "namespace", "secretName", "priorityClassName", "serviceAccountName"):
                    assert isinstance(inner, str), (key, inner)
                    found.append(inner)
                if key in ("labels", "matchLabels"):
                    assert all(isinstance(label, str) for label in inner.values()), inner
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(list(filter(None, yaml.safe_load_all(done.stdout))))
    assert found.count(word) > len(names)


@pytest.mark.parametrize("release", ["broker.prod", "a" * 48 + ".b", "true"])
def test_names_of_services_are_valid_whatever_the_release_is_called(release):
    done = helm("template", release, CHART, "--values", ci_file("kubernetes-callers"), "--set=service.headless.enabled=true")
    assert done.returncode == 0, done.stderr
    services = [each for each in filter(None, yaml.safe_load_all(done.stdout)) if each["kind"] == "Service"]
    assert len(services) == 3
    for each in services:
        assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", each["metadata"]["name"])


def test_a_release_that_begins_with_a_digit_needs_another_name():
    done = helm("template", "2fast", CHART, "--values", ci_file("default"))
    assert "would be called 2fast-credential-broker" in done.stderr and "set fullnameOverride" in done.stderr


def test_all_mistakes_are_reported_at_once():
    message = refusal(ci_file("default"), "--set=existingSecret=,tls.existingSecret=")
    assert message.count("existingSecret is empty") == 2 and "the gRPC listener has no certificate" in message


def test_the_version_is_the_brokers():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert f"project(credential-broker VERSION {chart['appVersion']} " in (ROOT / "CMakeLists.txt").read_text()
