"""`helm install` in a namespace that enforces `restricted`, and what callers get through the Service."""

import pytest

from support.cluster import workloads
from support.cluster.caller import AUDIENCE, Caller, accepts
from support.cluster.kubectl import CommandError
from support.cluster.release import Release, eventually, objects_of

HEADLESS = {"service": {"headless": {"enabled": True}}}


@pytest.fixture(scope="module")
def place(new_place):
    """One credential for everybody, one for the ServiceAccount orders alone."""
    place = new_place()
    account = f"system:serviceaccount:{place.kubectl.namespace}:orders"
    place.release.install(
        place.release.values(
            workloads.credential(place.sandbox),
            workloads.credential(place.sandbox, "orders", [account]),
            kubernetes_callers={"audience": AUDIENCE},
            values=HEADLESS,
        )
    )
    return place


@pytest.fixture(scope="module")
def anybody(place):
    return Caller(place.release, "anybody")


def test_the_pods_are_ready_where_restricted_is_enforced(place):
    assert place.release.is_ready()
    [address] = place.release.endpoints()
    assert address == place.release.pod()["status"]["podIP"]
    root = workloads.pod("root", workloads.container("root", workloads.TOOLS_IMAGE, "-c", "id"))
    root["spec"]["securityContext"] = {"runAsUser": 0}
    with pytest.raises(CommandError, match='violates PodSecurity "restricted'):
        place.kubectl.apply(root)


def test_grpcurl_gets_a_token_through_the_service(place, anybody):
    answer = anybody.grpcurl("GetToken", {"credential": "default"})
    assert accepts(place.sandbox, answer["token"]["value"])
    assert not accepts(place.sandbox, "another")


def test_clients_that_balance_by_themselves_find_the_pods_by_name(place, anybody):
    calls = anybody.calls(f"dns:///{place.release.name}-headless.{place.kubectl.namespace}.svc:8443", "round_robin")
    seen = calls.end()
    assert seen["failed"] == 0 and seen["calls"] > 0, seen


def test_the_charts_own_test_passes(place):
    assert "Phase:          Succeeded" in place.kubectl.helm("test", place.release.name, "--timeout", "60s")


def test_a_pod_is_known_by_its_projected_token(place, anybody):
    orders = Caller(place.release, "orders", account="orders")
    assert accepts(place.sandbox, orders.token("orders"))
    account = f"system:serviceaccount:{place.kubectl.namespace}:orders"
    assert place.release.events("token_issued", principal=account, credential="orders")

    batch = Caller(place.release, "batch", account="batch")
    for other in (batch, anybody):
        done = other.broker("token", "print", "--credential", "orders")
        assert (done.returncode, done.stdout) == (4, ""), done
    account = f"system:serviceaccount:{place.kubectl.namespace}:batch"
    assert place.release.events("caller_denied", principal=account)


def test_the_process_has_no_rights_and_the_image_no_shell(place):
    status = place.release.process()
    assert status["Uid"].split() == ["65532"] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    name = place.release.pod()["metadata"]["name"]
    with pytest.raises(CommandError, match="no such file or directory"):
        place.kubectl.exec(name, "/bin/sh", "-c", "id", container=place.release.name)


def test_uninstall_leaves_nothing(place):
    kubectl = workloads.make_namespace(place.kubectl.node, f"{place.kubectl.namespace}-uninstalled")
    kubectl.apply(*workloads.broker_files(kubectl, place.sandbox))
    release = Release(kubectl, place.release.image)
    before = objects_of(kubectl)
    values = release.values(
        workloads.credential(place.sandbox),
        kubernetes_callers={"audience": AUDIENCE},
        values={**HEADLESS, "metrics": {"dashboard": {"enabled": True}}},
    )
    release.install(values)
    kubectl.helm("test", release.name, "--timeout", "60s")
    made = objects_of(kubectl) - before
    assert {each.partition("/")[0].partition(".")[0] for each in made} >= {
        "deployment", "service", "configmap", "serviceaccount", "clusterrole", "clusterrolebinding",
        "networkpolicy", "poddisruptionbudget", "pod",
    }  # fmt: skip
    release.uninstall()

    def nothing_is_left():
        # Namespaces of earlier tests may go meanwhile.
        return not objects_of(kubectl) - before

    eventually(nothing_is_left)
    kubectl("delete", "namespace", kubectl.namespace, "--wait=false")
