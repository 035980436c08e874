"""New revisions and restarts while callers in Go go on calling, with the retries of docs/configuration.md."""

import pytest

from support.cluster import workloads
from support.cluster.caller import Caller, accepts
from support.cluster.kubectl import CommandError
from support.cluster.release import eventually

WRONG = "not-the-key-that-investsuite-knows"


@pytest.fixture(scope="module")
def place(new_place):
    place = new_place()
    place.release.install(place.release.values(workloads.credential(place.sandbox)))
    return place


@pytest.fixture(scope="module")
def caller(place):
    return Caller(place.release, "caller")


def restart(place):
    deployment = f"deployment/{place.release.name}"
    place.kubectl("rollout", "restart", deployment)
    place.kubectl("rollout", "status", deployment, "--timeout=90s")


def upgrade(place):
    """A change of the pod template."""
    values = {"podAnnotations": {"example.com/revision": "second"}}
    place.release.upgrade(place.release.values(workloads.credential(place.sandbox), values=values))


@pytest.mark.parametrize("change", [upgrade, restart])
def test_a_rollout_loses_no_call(place, caller, change):
    """Through the Service, with connections that a policy of gRPC's balances and with a single one."""
    before = place.release.uid()
    target = f"dns:///{place.release.address}"
    callers = [caller.calls(target, policy) for policy in ("round_robin", "pick_first")]
    change(place)

    def the_old_pod_is_gone():
        # It goes on for its drain_delay after the new one is ready.
        pods = place.kubectl.list("pods", "app.kubernetes.io/component=broker")
        return before not in [each["metadata"]["uid"] for each in pods]

    eventually(the_old_pod_is_gone)
    seen = [each.end() for each in callers]
    assert [each["last_error"] for each in seen if each["failed"]] == []
    assert all(each["calls"] > 100 for each in seen), seen
    assert place.release.uid() != before


def test_a_revision_with_a_wrong_key_stops_and_the_old_pod_serves_on(place, caller):
    before = place.release.uid()
    place.kubectl.apply(workloads.key_secret("wrong-key", key=WRONG))
    callers = caller.calls(f"dns:///{place.release.address}", "pick_first")
    wrong = place.release.values(workloads.credential(place.sandbox), values={"existingSecret": "wrong-key"})
    with pytest.raises(CommandError, match=r"(?i)timed out|deadline"):
        place.release.upgrade(wrong, limit=10)
    ready, stuck = sorted(place.release.pods(), key=lambda each: each["metadata"]["uid"] != before)
    assert ready["metadata"]["uid"] == before
    assert place.release.endpoints() == [ready["status"]["podIP"]]

    # The new pod runs and says what is wrong: it is not ready because InvestSuite rejected the key.
    assert stuck["status"]["phase"] == "Running"
    assert place.release.events("credential_state", pod=stuck["metadata"]["name"], state="rejected")
    assert accepts(place.sandbox, caller.token())

    place.kubectl.helm("rollback", place.release.name, "--wait", "--timeout", "60s")

    def only_the_old_pod_is_left():
        return [each["metadata"]["uid"] for each in place.release.pods()] == [before]

    eventually(only_the_old_pod_is_left)
    seen = callers.end()
    assert seen["failed"] == 0 and seen["calls"] > 100, seen
