"""One rejected credential is its own callers' matter, and a rotated Secret is taken without a restart."""

import contextlib
import json
import re

import pytest

from support.cluster import workloads
from support.cluster.caller import Caller, accepts
from support.cluster.release import eventually

WRONG = "not-the-key-that-investsuite-knows"


@pytest.fixture(scope="module")
def place(new_place):
    """Two credentials, each of an InvestSuite of its own; the key of "late" is wrong."""
    place = new_place()
    place.other = workloads.Sandbox(place.kubectl, "other")
    entries = workloads.key_secret()["stringData"]
    entries.update({"late_access_key_id": entries["access_key_id"], "late_secret_access_key": WRONG})
    place.kubectl.apply(
        *workloads.broker_files(place.kubectl, place.sandbox, place.other),
        workloads.secret(workloads.KEY_SECRET, entries),
    )
    place.release.install(
        place.release.values(workloads.credential(place.sandbox), workloads.credential(place.other, "late", key="late_"))
    )
    return place


@pytest.fixture(scope="module")
def caller(place):
    return Caller(place.release, "caller")


@contextlib.contextmanager
def unnoticed(place, caller):
    """Callers of "default" call meanwhile, and all is as if it were the only credential."""
    calls = caller.calls(f"dns:///{place.release.address}", "pick_first")
    yield
    assert caller.broker("health").returncode == 0
    assert place.release.get("/readyz")[0] == 200
    assert place.release.is_ready()
    assert place.release.endpoints() == [place.release.pod()["status"]["podIP"]]
    assert accepts(place.sandbox, caller.token("default"))
    seen = calls.end()
    assert seen["failed"] == 0 and seen["calls"] > 0, seen


def is_rejected(caller, *flags):
    """Whether callers of "late" learn that InvestSuite rejects its key."""
    return "CREDENTIAL_REJECTED" in caller.broker("token", "print", "--credential", "late", *flags).stderr


def test_callers_of_the_other_credential_notice_nothing(place, caller):
    with unnoticed(place, caller):
        assert is_rejected(caller)
        assert re.search("late.*rejected", place.release.get("/readyz?verbose")[1])


def test_a_rotated_secret_is_taken_without_a_restart(place, caller):
    before = place.release.pod()
    patch = {"stringData": {"late_secret_access_key": workloads.SECRET_ACCESS_KEY}}
    place.kubectl("patch", "secret", workloads.KEY_SECRET, "--patch", json.dumps(patch))

    def the_credential_has_a_token():
        return caller.broker("token", "print", "--credential", "late").returncode == 0

    eventually(the_credential_has_a_token)
    assert accepts(place.other, caller.token("late"))
    after = place.release.pod()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert [each["restartCount"] for each in after["status"]["containerStatuses"]] == [0]


def test_a_key_that_is_revoked_later_leaves_the_pod_ready(place, caller):
    with unnoticed(place, caller):
        held = json.loads(caller.broker("token", "print", "--credential", "late", "--output", "json").stdout)
        place.other.set_faults(login_status=401, refresh_status=401)
        # What it has would be served to its end, if no caller said that InvestSuite refuses it.
        rejected = ("--rejected-version", held["version"])

        def the_key_is_rejected():
            return is_rejected(caller, *rejected)

        eventually(the_key_is_rejected)
