"""The objects around the pods: accounts and rights, network, Services, certificate, monitoring."""

import pytest
import yaml

from support.chart import CHART, ci_file, pod_specs, render

NAME = "broker-credential-broker"


def automounts(manifests):
    account = manifests.one("ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    return {name: spec["automountServiceAccountToken"] for name, spec in pod_specs(manifests)}


def test_no_token_is_mounted_where_the_broker_does_not_call_kubernetes():
    manifests = render(ci_file("default"))
    assert automounts(manifests) == {"Deployment": False, "Pod": False}
    assert not [each for each in manifests if each["apiVersion"].startswith("rbac")]


def test_callers_with_tokens_need_one_that_may_review_tokens_and_nothing_else():
    manifests = render(ci_file("kubernetes-callers"))
    assert automounts(manifests) == {"Deployment": True, "Pod": False}
    role, binding = manifests.one("ClusterRole"), manifests.one("ClusterRoleBinding")
    reviews = {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}
    assert role["rules"] == [reviews]
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == f"brokers-{NAME}-token-reviews"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "broker", "namespace": "brokers"}]
    assert manifests.pod_template["spec"]["serviceAccountName"] == "broker"
    assert manifests.one("ServiceAccount")["metadata"]["name"] == "broker"


def test_a_session_store_in_kubernetes_needs_a_token_but_no_reviews():
    manifests = render(ci_file("default"), "--set=config.session_store.type=kubernetes")
    assert automounts(manifests)["Deployment"] is True
    assert not manifests.of("ClusterRole")


def test_a_token_file_of_the_configuration_replaces_the_pods_own():
    flags = "--set=config.kubernetes.api_server=https://api.example.com,config.kubernetes.token_file=/extra/token"
    manifests = render(ci_file("kubernetes-callers"), flags)
    assert automounts(manifests)["Deployment"] is False
    assert not manifests.of("ClusterRole")


def test_accounts_and_rights_may_be_made_by_others():
    manifests = render(ci_file("mesh"))
    assert not manifests.of("ServiceAccount") and not manifests.of("ClusterRole")
    assert manifests.pod_template["spec"]["serviceAccountName"] == "default"
    assert manifests.pod_template["spec"]["automountServiceAccountToken"] is True


# ---- network -----------------------------------------------------------------------------------------------


def rules(manifests, direction):
    """{(ports…): peers} of a direction."""
    policy = manifests.one("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["podSelector"]["matchLabels"] == manifests.one("Deployment")["spec"]["selector"]["matchLabels"]
    peers = {"ingress": "from", "egress": "to"}[direction]
    found = {}
    for rule in policy[direction]:
        # Without peers a rule would allow all.
        assert rule[peers] and rule["ports"]
        found.setdefault(tuple((port["port"], port["protocol"]) for port in rule["ports"]), []).extend(rule[peers])
    return found


def test_callers_reach_the_grpc_port_and_scrapers_the_http_port():
    manifests = render(ci_file("default"))
    ingress = rules(manifests, "ingress")
    [callers, test] = ingress[(("grpc", "TCP"),)]
    assert callers == {"namespaceSelector": {}}
    assert test == {"podSelector": {"matchLabels": manifests.one("Pod")["metadata"]["labels"]}}
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert ingress[(("http", "TCP"),)] == [monitoring]
    assert len(ingress) == 2


def test_the_broker_reaches_public_addresses_and_dns_and_nothing_else():
    egress = rules(render(ci_file("default")), "egress")
    assert egress.keys() == {((443, "TCP"),), ((53, "UDP"), (53, "TCP"))}
    [v4, v6] = [peer["ipBlock"] for peer in egress[((443, "TCP"),)]]
    assert "10.0.0.0/8" in v4["except"] and "169.254.0.0/16" in v4["except"] and "fc00::/7" in v6["except"]


def test_the_api_server_is_reached_only_where_the_broker_calls_it():
    egress = rules(render(ci_file("kubernetes-callers")), "egress")
    assert egress[((6443, "TCP"),)] == [{"ipBlock": {"cidr": "10.1.2.3/32"}}]
    # base_url of the two credentials, 443 by default.
    assert ((443, "TCP"), (8443, "TCP")) in egress
    stored = rules(render(ci_file("default"), "--set=config.session_store.type=kubernetes"), "egress")
    assert ((443, "TCP"), (6443, "TCP")) in stored


def test_with_a_proxy_its_port_is_the_one():
    flag = "--set=config.credentials[0].proxy.url=http://proxy.example:3128"
    egress = rules(render(ci_file("default"), flag), "egress")
    assert ((3128, "TCP"),) in egress and ((443, "TCP"),) not in egress


def test_the_lists_of_peers_are_those_of_the_values():
    egress = rules(render(ci_file("replicas")), "egress")
    assert egress[((443, "TCP"),)] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
    assert ((5353, "UDP"), (5353, "TCP")) in egress
    assert egress[((2379, "TCP"),)] == [{"podSelector": {"matchLabels": {"app": "etcd"}}}]
    ingress = rules(render(ci_file("kubernetes-callers")), "ingress")
    assert {"ipBlock": {"cidr": "10.0.0.0/8"}} in ingress[(("grpc", "TCP"),)]
    assert {"namespaceSelector": {}} not in ingress[(("grpc", "TCP"),)]


def test_an_empty_list_of_peers_allows_none():
    lists = ("callers", "scrapers", "upstream", "dns.to", "apiServer.to")
    flags = [f"--set-json=networkPolicy.{name}=[]" for name in lists]
    manifests = render(ci_file("kubernetes-callers"), *flags, "--set=test.enabled=false")
    policy = manifests.one("NetworkPolicy")["spec"]
    assert not policy.get("ingress") and not policy.get("egress")


# ---- Services, certificate, disruption -----------------------------------------------------------------------


def test_the_service_says_what_it_speaks():
    def protocol(name, *flags):
        ports = [port for each in render(ci_file(name), *flags).of("Service") for port in each["spec"]["ports"]]
        return {(port["name"], port["appProtocol"]) for port in ports}

    assert protocol("default") == {("grpc", "https")}
    assert protocol("replicas") == {("grpc", "https")}
    assert protocol("mesh") == {("grpc", "kubernetes.io/h2c")}
    assert protocol("kubernetes-callers") == {("grpc", "tls"), ("http", "http")}


def test_services_select_the_brokers_pods():
    for name in ("default", "kubernetes-callers", "replicas"):
        manifests = render(ci_file(name))
        ports = {port["name"] for port in manifests.pod_template["spec"]["containers"][0]["ports"]}
        for service in manifests.of("Service"):
            assert service["spec"]["selector"].items() <= manifests.pod_template["metadata"]["labels"].items()
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_the_headless_service_resolves_to_the_pods_own_port():
    manifests = render(ci_file("replicas"))
    headless = manifests.one("Service", "broker-headless")["spec"]
    assert headless["clusterIP"] == "None" and headless["ports"][0]["port"] == 9443
    assert manifests.one("Service", "broker")["spec"]["ports"][0]["port"] == 8443


def test_the_callers_service_has_the_grpc_port_alone():
    service = render(ci_file("kubernetes-callers")).one("Service", NAME)
    assert service["spec"]["type"] == "LoadBalancer" and [p["port"] for p in service["spec"]["ports"]] == [443]
    assert service["metadata"]["annotations"] == {"networking.gke.io/load-balancer-type": "Internal"}


def test_the_certificate_has_every_name_of_the_services():
    manifests = render(ci_file("kubernetes-callers"), "--set=service.headless.enabled=true")
    certificate = manifests.one("Certificate")["spec"]
    for service in (NAME, f"{NAME}-headless"):
        for name in (service, f"{service}.brokers", f"{service}.brokers.svc", f"{service}.brokers.svc.cluster.local"):
            assert name in certificate["dnsNames"]
    assert "broker.example.com" in certificate["dnsNames"]
    assert certificate["issuerRef"] == {"name": "internal", "kind": "ClusterIssuer", "group": "issuers.example.com"}
    assert "server auth" in certificate["usages"]


def test_a_node_drain_evicts_one_pod_at_a_time_and_never_waits_for_broken_ones():
    manifests = render(ci_file("default"))
    budget = manifests.one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1 and budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["selector"] == manifests.one("Deployment")["spec"]["selector"]
    assert not render(ci_file("mesh")).of("PodDisruptionBudget")


# ---- monitoring ----------------------------------------------------------------------------------------------


def test_monitoring_is_off_by_default():
    kinds = {each["kind"] for each in render(ci_file("default"))}
    assert not kinds & {"ServiceMonitor", "PrometheusRule"}
    assert len(render(ci_file("default")).of("ConfigMap")) == 1


def test_the_service_monitor_selects_the_metrics_service_alone():
    manifests = render(ci_file("kubernetes-callers"))
    monitor = manifests.one("ServiceMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    chosen = [each["metadata"] for each in manifests.of("Service") if wanted <= each["metadata"]["labels"].items()]
    assert [metadata["name"] for metadata in chosen] == [f"{NAME}-metrics"]
    [endpoint] = monitor["spec"]["endpoints"]
    service = manifests.one("Service", f"{NAME}-metrics")
    assert endpoint == {"port": "http", "path": "/metrics", "interval": "15s"}
    assert [port["name"] for port in service["spec"]["ports"]] == ["http"]
    # The job of the series, which alerts and dashboard group by.
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "credential-broker"


def test_alerts_and_dashboard_are_the_files_of_the_chart_unchanged():
    manifests = render(ci_file("kubernetes-callers"))
    alerts = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    rule = manifests.one("PrometheusRule")
    assert rule["spec"] == alerts and "{{" in str(alerts)
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    dashboard = manifests.one("ConfigMap", f"{NAME}-dashboard")
    assert dashboard["data"]["credential-broker.json"] == (CHART / "files/dashboard.json").read_text()
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "yes"
    assert dashboard["metadata"]["annotations"] == {"grafana_folder": "Platform"}


@pytest.mark.parametrize("name", ["default", "kubernetes-callers", "replicas", "mesh"])
def test_every_object_is_in_the_namespace_of_the_release_and_labelled(name):
    for each in render(ci_file(name)):
        if not each["kind"].startswith("ClusterRole"):
            assert each["metadata"]["namespace"] == "brokers"
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "broker"


def test_names_fit_whatever_the_release_is_called():
    flags = "--set=fullnameOverride=" + "n" * 50
    manifests = render(ci_file("kubernetes-callers"), flags, "--set=service.headless.enabled=true")
    assert all(len(each["metadata"]["name"]) <= 63 for each in manifests if each["kind"] == "Service")
