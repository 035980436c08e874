"""The broker's configuration: what the chart renders, and what a running broker makes of a change of it."""

import copy
import itertools
import re

import pytest
import yaml

from support.broker import Broker, credential
from support.certificates import Certificates
from support.chart import CHART, CI_FILES, ROOT, ci_file, containers, render
from support.processes import run

CHECKSUM = "checksum/needs-restart"


def checked(text, folder):
    """check-config's verdict on a configuration whose files are not here."""
    file = folder / "config.yaml"
    file.write_text(text)
    return run("check-config", "--no-files", file)


@pytest.mark.parametrize("values", CI_FILES, ids=lambda path: path.stem)
def test_the_broker_accepts_it(values, tmp_path):
    done = checked(render(values).config_text, tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_broker_accepts_the_example_of_the_readme(tmp_path):
    [example] = re.findall(r"```yaml\n(.*?)```", (CHART / "README.md").read_text(), re.DOTALL)
    values = tmp_path / "values.yaml"
    values.write_text(example)
    assert checked(render(values).config_text, tmp_path).returncode == 0


def recipes():
    """The values in docs/deployment.md."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/deployment.md").read_text(), re.DOTALL)
    return [values for values in map(yaml.safe_load, blocks) if "apiVersion" not in values]


@pytest.mark.parametrize("recipe", recipes(), ids=lambda values: "-".join(sorted(values)))
def test_the_broker_accepts_the_recipes_of_the_deployment_guide(recipe, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(recipe))
    # The first is complete; what the others leave out is that of a file in ci.
    rest = tmp_path / "rest.yaml"
    default = yaml.safe_load(ci_file("default").read_text())
    if "tls" in recipe.get("config", {}).get("server", {}):
        del default["tls"], default["clientCa"]
    rest.write_text(yaml.safe_dump({} if "existingSecret" in recipe else default))
    manifests = render(rest, f"--values={values}")
    assert checked(manifests.config_text, tmp_path).returncode == 0
    assert manifests.of("Pod"), "there is something for `helm test` to do"
    spec = manifests.pod_template["spec"]
    volumes = {each["name"] for each in spec["volumes"]}
    for container in containers(spec):
        assert volumes >= {mount["name"] for mount in container["volumeMounts"]}, container["name"]


def test_a_key_that_the_broker_does_not_know_reaches_its_check(tmp_path):
    done = checked(render(ci_file("default"), "--set=config.server.max_wiat=1s").config_text, tmp_path)
    assert done.returncode == 1 and "max_wait" in done.stderr


def test_large_numbers_stay_whole(tmp_path):
    text = render(ci_file("default"), "--set=config.server.max_streams_per_principal=20000000").config_text
    assert "max_streams_per_principal: 20000000\n" in text
    assert checked(text, tmp_path).returncode == 0


def test_the_chart_adds_what_it_mounts_and_what_the_pod_needs():
    config = yaml.safe_load(render(ci_file("default")).config_text)
    assert config["apiVersion"] == "credentialbroker/v1" and config["kind"] == "BrokerConfig"
    assert config["server"]["drain_delay"] == "5s"
    assert config["server"]["tls"] == {
        "cert_file": "/tls/tls.crt",
        "key_file": "/tls/tls.key",
        "client_ca_file": "/client-ca/ca.crt",
    }
    assert config["admin"]["listen"] == "unix:/run/credential-broker/admin.sock"


def test_what_the_values_say_of_client_cas_is_kept():
    tls = yaml.safe_load(render(ci_file("replicas")).config_text)["server"]["tls"]
    assert "client_ca_file" not in tls and len(tls["client_ca"]) == 2
    flag = "--set=config.server.tls.cert_file=/svid/tls.crt,tls.existingSecret="
    tls = yaml.safe_load(render(ci_file("default"), flag).config_text)["server"]["tls"]
    assert tls["cert_file"] == "/svid/tls.crt" and tls["client_ca_file"] == "/client-ca/ca.crt"


def test_null_removes_a_default():
    config = yaml.safe_load(render(ci_file("mesh")).config_text)
    assert "admin" not in config and "tls" not in config["server"]


def test_null_removes_what_another_file_of_values_set(tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("config: {kubernetes_callers: null, server: {tls: null}}")
    text = render(ci_file("kubernetes-callers"), f"--values={overlay}").config_text
    assert "kubernetes_callers" not in yaml.safe_load(text)
    assert checked(text, tmp_path).returncode == 0


# ---- a change of it under a running broker ---------------------------------------------------------------------


class MountedDirectory:
    """Replaces files as the kubelet does: a new directory, and one rename of the link to it."""

    def __init__(self, path):
        self.path = path
        self._versions = itertools.count()
        path.mkdir()

    def write(self, name, text):
        version = self.path / f"..{next(self._versions)}"
        version.mkdir()
        (version / name).write_text(text)
        fresh = self.path / "..data_tmp"
        fresh.symlink_to(version.name)
        fresh.rename(self.path / "..data")
        if not (self.path / name).is_symlink():
            (self.path / name).symlink_to(f"..data/{name}")
        return self.path / name


class Release:
    """The chart for values whose files are here, and the directory in which a broker finds its configuration."""

    def __init__(self, folder, sandbox):
        self._folder = folder
        self.certificates = Certificates(folder)
        self._mounted = MountedDirectory(folder / "etc")
        self._revisions = itertools.count()
        self.values: dict[str, dict] = {
            "config": {
                "server": {"tls": self.certificates.server_files(mutual=False)},
                "admin": {"listen": f"unix:{folder}/admin.sock"},
                "credentials": [credential(folder, sandbox)],
                "log": {"level": "info", "format": "json"},
            }
        }

    def upgrade(self, values):
        """What the kubelet does after `helm upgrade`: (the configuration's file, the pod template's checksum)."""
        file = self._folder / f"values-{next(self._revisions)}.yaml"
        file.write_text(yaml.safe_dump(values))
        manifests = render(file)
        # On loopback and free ports, which the chart refuses.
        text = manifests.config_text.replace("0.0.0.0:8443", "127.0.0.1:0").replace("0.0.0.0:9090", "127.0.0.1:0")
        path = self._mounted.write("config.yaml", text)
        return path, manifests.pod_template["metadata"]["annotations"][CHECKSUM]


def set_at(config, path, value):
    *sections, key = path.split(".")
    for name in sections:
        config = config.setdefault(name, {})
    config[key] = value


RELOADED = {
    "log.level": "warn",
    "server.rate_limit": {"per_second": 10, "burst": 20},
    "server.drain_delay": "4s",
    "server.tls": "renewed",
    "credentials": "allow another",
}
RESTARTED = {
    "server.listen": "0.0.0.0:8444",
    "server.max_wait": "4s",
    "server.max_connections": 20000,
    "server.max_connection_age": "60s",
    "server.reflection": False,
    "server.tls": None,
    "http.statusz": True,
    "http.listen": "0.0.0.0:9091",
    "admin": None,
    "kubernetes_callers": {"audience": "broker"},
    "log.format": "text",
}


@pytest.mark.parametrize(
    ("path", "value", "restart"),
    [(*change, restart) for changes, restart in ((RELOADED, False), (RESTARTED, True)) for change in changes.items()],
    ids=str,
)
def test_the_pod_template_changes_exactly_where_the_broker_needs_a_restart(tmp_path, sandbox, path, value, restart):
    release = Release(tmp_path, sandbox)
    changed = copy.deepcopy(release.values)
    if value == "renewed":
        value = release.certificates.server_files(mutual=False, name="renewed")
    elif value == "allow another":
        value = [{**release.values["config"]["credentials"][0], "allow": [{"principals": ["dns:another"]}]}]
    set_at(changed["config"], path, value)
    if path == "server.tls" and restart:
        changed["config"]["server"] = {"plaintext": True}

    config, before = release.upgrade(release.values)
    with Broker(config) as broker:
        _, after = release.upgrade(changed)
        event = broker.wait_event("config_reloaded")
        assert bool(event.get("restart_needed")) == restart, event
    assert (before != after) == restart


def test_a_wrong_configuration_changes_no_pod_and_is_refused_by_the_running_broker(tmp_path, sandbox):
    release = Release(tmp_path, sandbox)
    wrong = copy.deepcopy(release.values)
    wrong["config"]["credentials"][0]["base_ulr"] = wrong["config"]["credentials"][0].pop("base_url")
    config, before = release.upgrade(release.values)
    with Broker(config) as broker:
        _, after = release.upgrade(wrong)
        assert "base_url" in broker.wait_event("config_refused")["reason"]
    assert before == after


def test_other_objects_do_not_restart_the_pods():
    flags = "--set=metrics.serviceMonitor.enabled=true,networkPolicy.enabled=false,service.type=LoadBalancer"
    assert render(ci_file("default"), flags).pod_template == render(ci_file("default")).pod_template
