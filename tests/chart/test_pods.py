"""What runs in the pods, and as what: the broker, the check of its configuration, the test."""

import pytest

from support.chart import CI_FILES, ci_file, containers, pod_specs, render

ci_files = pytest.mark.parametrize("values", CI_FILES, ids=lambda path: path.stem)


@ci_files
def test_every_container_is_locked_down(values):
    for name, spec in pod_specs(render(values)):
        pod = spec["securityContext"]
        assert pod["runAsNonRoot"] is True and pod["runAsUser"] > 1000, name
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        for container in containers(spec):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"].keys() == {"memory"}


@ci_files
def test_no_secret_is_in_an_environment_or_in_the_chart(values):
    manifests = render(values)
    assert not manifests.of("Secret")
    for _, spec in pod_specs(manifests):
        for container in containers(spec):
            assert not {"env", "envFrom"} & container.keys()


@ci_files
def test_files_are_mounted_as_directories_and_secrets_are_for_the_group_alone(values):
    for _, spec in pod_specs(render(values)):
        for container in containers(spec):
            assert not [mount for mount in container["volumeMounts"] if "subPath" in mount]
        for volume in spec["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440


def test_the_check_of_the_configuration_sees_what_the_broker_sees():
    spec = render(ci_file("replicas")).pod_template["spec"]
    [check], [broker] = spec["initContainers"], spec["containers"]
    assert check["args"] == ["check-config", "/etc/credential-broker/config.yaml"]
    assert broker["args"] == ["serve", "--config", "/etc/credential-broker/config.yaml"]
    assert check["volumeMounts"] == broker["volumeMounts"] and check["image"] == broker["image"]
    mounts = {mount["mountPath"]: mount["name"] for mount in broker["volumeMounts"]}
    assert mounts == {
        "/etc/credential-broker": "config",
        "/secrets": "secrets",
        "/tls": "tls",
        "/client-ca": "client-ca",
        "/run/credential-broker": "run",
        "/partner-ca": "partner-ca",
    }
    assert set(mounts.values()) == {volume["name"] for volume in spec["volumes"]}


def test_containers_that_write_files_run_before_the_check_that_reads_them():
    names = [each["name"] for each in render(ci_file("mesh")).pod_template["spec"]["initContainers"]]
    assert names == ["files", "check-config"]


def test_volumes_come_from_the_named_objects():
    def volumes(name):
        return {volume["name"]: volume for volume in render(ci_file(name)).pod_template["spec"]["volumes"]}

    default = volumes("default")
    assert default["secrets"]["secret"]["secretName"] == "investsuite-key"
    assert default["tls"]["secret"]["secretName"] == "broker-tls"
    assert default["client-ca"]["configMap"] == {"name": "client-ca"}
    assert default["run"]["emptyDir"] == {"sizeLimit": "1Mi"}
    assert volumes("replicas")["client-ca"]["secret"]["secretName"] == "client-ca"
    certificate = render(ci_file("kubernetes-callers")).one("Certificate")
    assert volumes("kubernetes-callers")["tls"]["secret"]["secretName"] == certificate["spec"]["secretName"]
    assert volumes("mesh").keys() == {"config", "secrets", "run", "files"}


def test_the_image_is_that_of_the_chart_unless_a_tag_or_digest_is_named():
    def image(*flags):
        return render(ci_file("default"), *flags).pod_template["spec"]["containers"][0]["image"]

    assert image() == "credential-broker:0.1.0"
    assert image("--set=image.tag=edge") == "credential-broker:edge"
    digest = "sha256:" + "ab" * 32
    assert image("--set=image.tag=edge", f"--set=image.digest={digest}") == f"credential-broker@{digest}"


@pytest.mark.parametrize(
    ("delay", "seconds"), [("5s", 20), ("0s", 15), ("1s", 16), ("1500ms", 17), ("3m", 195), ("1h", 3615)]
)
def test_the_grace_period_covers_the_drain(delay, seconds):
    manifests = render(ci_file("default"), f"--set=config.server.drain_delay={delay}")
    assert manifests.pod_template["spec"]["terminationGracePeriodSeconds"] == seconds


def test_a_terminating_pod_stays_ready_for_the_default_drain_delay():
    probe = render(ci_file("default")).pod_template["spec"]["containers"][0]["readinessProbe"]
    assert (probe["failureThreshold"] - 1) * probe["periodSeconds"] > 5


def test_probes_ask_the_http_listener():
    container = render(ci_file("replicas")).pod_template["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["ports"] == [{"name": "grpc", "containerPort": 9443}, {"name": "http", "containerPort": 9191}]


def test_recreate_has_no_rolling_update_beside_it():
    """Which the API server would refuse."""
    manifests = render(ci_file("default"), "--set=strategy.type=Recreate")
    assert manifests.one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_replicas_are_spread_by_the_labels_of_their_own_release():
    for name in ("default", "replicas"):
        manifests = render(ci_file(name))
        labels = manifests.pod_template["metadata"]["labels"]
        constraints = manifests.pod_template["spec"]["topologySpreadConstraints"]
        assert constraints
        for constraint in constraints:
            assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()


def test_labels_of_the_values_do_not_replace_those_that_select_the_pods():
    manifests = render(ci_file("default"), "--set=podLabels.app\\.kubernetes\\.io/component=other,podLabels.mine=1x")
    labels = manifests.pod_template["metadata"]["labels"]
    assert labels["mine"] == "1x"
    assert manifests.one("Deployment")["spec"]["selector"]["matchLabels"].items() <= labels.items()


# ---- helm test ---------------------------------------------------------------------------------------------


def health_args(*flags, name="default"):
    [pod] = render(ci_file(name), *flags).of("Pod")
    return pod["spec"]["containers"][0]["args"], {v["name"]: v for v in pod["spec"]["volumes"]}


def test_the_test_presents_a_certificate_where_clients_must():
    args, volumes = health_args()
    assert args == [
        "health", "--address=broker-credential-broker.brokers.svc:8443", "--timeout=10s",
        "--ca-file=/tls/ca.crt", "--cert-file=/tls/tls.crt", "--key-file=/tls/tls.key",
    ]  # fmt: skip
    assert volumes["tls"]["secret"]["secretName"] == "broker-test-tls"
    assert [item["key"] for item in volumes["tls"]["secret"]["items"]] == ["ca.crt", "tls.crt", "tls.key"]


def test_the_test_never_gets_the_brokers_own_key():
    args, volumes = health_args(name="kubernetes-callers")
    assert args[1:] == ["--address=broker-credential-broker.brokers.svc:443", "--timeout=10s", "--ca-file=/tls/ca.crt"]
    assert volumes["tls"]["secret"]["secretName"] == "broker-credential-broker-tls"
    assert [item["key"] for item in volumes["tls"]["secret"]["items"]] == ["ca.crt"]
    assert volumes.keys() == {"tls", "config"}


def test_the_test_of_a_listener_without_tls_needs_no_files():
    args, volumes = health_args("--set=test.enabled=true", name="mesh")
    assert args == ["health", "--address=broker.brokers.svc:8443", "--timeout=10s", "--plaintext"]
    assert volumes.keys() == {"config"}


def test_there_is_no_test_that_could_not_pass():
    assert not render(ci_file("default"), "--set=test.tlsSecret=").of("Pod")
    assert not render(ci_file("mesh")).of("Pod")


def test_the_pod_of_the_test_is_no_endpoint_of_the_service():
    manifests = render(ci_file("default"))
    labels = manifests.one("Pod")["metadata"]["labels"]
    assert not manifests.one("Service")["spec"]["selector"].items() <= labels.items()
    assert manifests.one("Pod")["metadata"]["annotations"]["helm.sh/hook"] == "test"
