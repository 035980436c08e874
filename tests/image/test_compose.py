"""docker/compose.yaml as a laptop runs it: broker and sandbox in containers, called from outside."""

import json
import pathlib
import shutil
import subprocess
import urllib.request

import pytest
import yaml

from support.grpcurl import GRPCURL
from support.kubernetes import free_ports
from support.processes import TIMEOUT, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker/compose.yaml"
SERVICE = "investsuite.credentialbroker.v1.CredentialBrokerService"


class Laptop:
    """The services of the file without a profile, started with images that are there already."""

    def __init__(self, docker):
        self.docker = docker
        self.grpc_port, self.http_port = free_ports(2)

    def compose(self, *arguments, **more):
        ports = {"GRPC_PORT": str(self.grpc_port), "HTTP_PORT": str(self.http_port)}
        flags = ["--file", COMPOSE, "--project-name", "laptop"]
        return self.docker.run(*flags, *arguments, program="/usr/bin/docker-compose", **ports, **more)

    def __enter__(self):
        self.compose("up", "--detach", "--no-build")
        return self

    def __exit__(self, *_):
        self.compose("down", "--volumes")

    def container(self, service):
        return self.docker.inspect(self.compose("ps", "--quiet", service).stdout.strip())

    def log(self, service):
        return self.docker.run("logs", self.container(service)["Id"]).stderr

    def becomes(self, status):
        """Whether the broker's health check gets there."""
        return wait_for(lambda: self.container("broker")["State"]["Health"]["Status"] == status, TIMEOUT)

    def get_token(self):
        flags = ["-plaintext", "-max-time", str(int(TIMEOUT))]
        done = subprocess.run(
            [GRPCURL, *flags, f"127.0.0.1:{self.grpc_port}", f"{SERVICE}/GetToken"],
            capture_output=True, text=True, check=False, timeout=TIMEOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + self.log("broker")
        return json.loads(done.stdout)["token"]


@pytest.fixture(scope="module")
def laptop(docker):
    with Laptop(docker) as started:
        assert started.becomes("healthy"), started.log("broker")
        yield started


def test_a_caller_gets_a_token(laptop):
    assert laptop.get_token()["tokenType"] == "Bearer"


def test_metrics_are_published_for_prometheus(laptop):
    with urllib.request.urlopen(f"http://127.0.0.1:{laptop.http_port}/metrics", timeout=TIMEOUT) as response:
        assert "credential_broker_build_info" in response.read().decode()


@pytest.mark.parametrize("service", ["broker", "sandbox"])
def test_it_runs_without_rights_over_a_root_that_it_cannot_write(laptop, service):
    container = laptop.container(service)
    assert container["HostConfig"]["ReadonlyRootfs"]
    assert not container["HostConfig"]["Privileged"]
    status = pathlib.Path(f"/proc/{container['State']['Pid']}/status").read_text()
    fields = {name: value.split() for name, value in (line.split(":", 1) for line in status.splitlines())}
    assert fields["Uid"] == fields["Gid"] == ["65532"] * 4
    assert fields["Groups"] == [] or fields["Groups"] == ["65532"]
    assert fields["CapBnd"] == fields["CapPrm"] == ["0" * 16]
    assert fields["NoNewPrivs"] == ["1"]


def test_keys_are_files_and_stand_in_no_environment_or_command_line(laptop):
    container = laptop.container("broker")
    for name in ("access_key_id", "secret_access_key"):
        secret = (ROOT / f"docker/compose/keys/{name}").read_text().strip()
        assert secret not in json.dumps(container)
        assert any(mount["Destination"] == f"/run/secrets/{name}" for mount in container["Mounts"])


def test_the_sandbox_may_be_restarted_with_another_ca(laptop):
    before = laptop.get_token()["version"]
    laptop.compose("restart", "--timeout", "10", "sandbox")
    # The old session is unknown to the new sandbox: a rejected token makes the broker log in anew.
    request = json.dumps({"rejectedVersion": before})
    flags = ["-plaintext", "-max-time", str(int(TIMEOUT)), "-d", request]
    command = [GRPCURL, *flags, f"127.0.0.1:{laptop.grpc_port}", f"{SERVICE}/GetToken"]

    def another_token():
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
        return done.returncode == 0 and json.loads(done.stdout)["token"]["version"] != before

    assert wait_for(another_token, TIMEOUT), laptop.log("broker")


def test_stop_drains_and_exits_with_0(docker):
    with Laptop(docker) as laptop:
        assert laptop.becomes("healthy"), laptop.log("broker")
        broker = laptop.container("broker")["Id"]
        laptop.compose("stop", "broker", timeout=2 * TIMEOUT)
        state = docker.inspect(broker)["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 0)
        events = [json.loads(line)["event"] for line in laptop.docker.run("logs", broker).stderr.splitlines()]
        assert events.index("draining") < events.index("stopped")


def test_without_a_token_it_is_not_healthy(docker):
    container = docker.run(
        "run", "--detach", "--read-only", "--network", "none", "--health-interval", "1s", "--health-retries", "1",
        "--health-start-period", "1s", "--env", "CREDENTIAL_BROKER_PLAINTEXT=true",
        "--volume", f"{ROOT}/docker/compose/broker.yaml:/etc/credential-broker/config.yaml:ro", "credential-broker",
    ).stdout.strip()  # fmt: skip

    def health():
        return docker.inspect(container)["State"]["Health"]

    assert wait_for(lambda: health()["Status"] == "unhealthy", TIMEOUT), health()
    assert "NOT_SERVING" in health()["Log"][-1]["Output"]
    docker.run("rm", "--force", container)


def test_prometheus_accepts_the_files_that_it_is_given(tmp_path):
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    for volume in services["prometheus"]["volumes"]:
        source, target, _ = volume.split(":")
        shutil.copy((COMPOSE.parent / source).resolve(), tmp_path / pathlib.Path(target).name)
    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "rule_files" in (tmp_path / "prometheus.yml").read_text() and "SUCCESS: 1 rule files found" in done.stdout
    job = yaml.safe_load((tmp_path / "prometheus.yml").read_text())["scrape_configs"][0]
    assert job["static_configs"][0]["targets"] == ["broker:9090"]


def test_grafana_is_given_the_dashboard_and_its_data_source():
    grafana = yaml.safe_load(COMPOSE.read_text())["services"]["grafana"]
    mounts = {target: (COMPOSE.parent / source).resolve() for source, target, _ in (v.split(":") for v in grafana["volumes"])}
    [provider] = [yaml.safe_load(path.read_text()) for target, path in mounts.items() if "/provisioning/dashboards/" in target]
    folder = provider["providers"][0]["options"]["path"]
    dashboards = [path for target, path in mounts.items() if pathlib.Path(target).parent == pathlib.Path(folder)]
    assert dashboards and all(json.loads(path.read_text())["panels"] for path in dashboards)
