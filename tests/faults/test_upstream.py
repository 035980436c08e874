"""InvestSuite at its worst: what callers see, and what the broker does about it."""

import json

import grpc
import pytest

from support.broker import Broker, credential, details_of, write_config, write_key_files
from support.outages import live_through_outages
from support.sandbox import Sandbox

GARBAGE = [
    "empty", "not_json", "truncated_json", "html", "huge", "wrong_types", "array", "no_token", "null_token",
    "empty_token", "bad_token", "control_token", "invalid_utf8", "deep", "other_token_type", "cut",
]  # fmt: skip
BAD_EXPIRY = ["zero", "negative", "missing", "garbage"]
GOOD_EXPIRY = [
    "expires_in_string", "expires_in_number", "expires_at_string", "expires_at_number", "instant_number",
    "instant_string", "instant_in_expires_in", "jwt_only", "several_at_first", "several_in_first",
    "several_jwt_first",
]  # fmt: skip


def start(folder, sandbox, **more):
    return Broker(write_config(folder, [credential(folder, sandbox, **more)], server={"max_wait": "1s"}))


def failure_of(broker, **request):
    with pytest.raises(grpc.RpcError) as failure:
        broker.get_token(**request)
    reason, delay, _ = details_of(failure.value)
    return failure.value.code(), reason, delay


@pytest.mark.parametrize("expiry", GOOD_EXPIRY)
def test_every_shape_of_expiry_is_read(tmp_path, expiry):
    with Sandbox(tmp_path, expiry=expiry) as sandbox, start(tmp_path, sandbox) as broker:
        broker.wait_event("token_obtained")
        assert 290 <= broker.get_token().remaining_validity.seconds <= 300


def test_a_server_clock_that_is_an_hour_off_is_no_matter(tmp_path):
    for skew in ("3600s", "-3600s"):
        with Sandbox(tmp_path, expiry="instant_number", clock_skew=skew) as sandbox:
            with start(tmp_path, sandbox) as broker:
                broker.wait_event("token_obtained")
                assert 290 <= broker.get_token().remaining_validity.seconds <= 300


@pytest.mark.parametrize("fault", [{"login_body": b} for b in GARBAGE] + [{"expiry": e} for e in BAD_EXPIRY], ids=str)
def test_garbage_at_login_is_unavailable_and_mends_itself(tmp_path, fault):
    with Sandbox(tmp_path, **fault) as sandbox, start(tmp_path, sandbox) as broker:
        broker.wait_event("upstream_failed")
        code, reason, delay = failure_of(broker)
        assert code == grpc.StatusCode.UNAVAILABLE
        assert reason in ("UPSTREAM_UNAVAILABLE", "TOKEN_NOT_READY")
        assert delay > 0
        sandbox.set_faults(login_body="normal", expiry="expires_in_string")
        broker.wait_event("token_obtained")
        assert broker.get_token().value


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_at_refresh_spends_the_token_and_logs_in_while_the_old_is_served(tmp_path, body):
    with Sandbox(tmp_path, lifetime="30s", refresh_body=body, login_status_count=0) as sandbox:
        with start(tmp_path, sandbox, refresh_at=0.1) as broker:
            first = broker.get_token()
            broker.wait_event("upstream_failed", operation="refresh")
            assert broker.get_token().value
            broker.wait_event("token_obtained", operation="login", count=2)
            assert broker.get_token().version != first.version
        stats = sandbox.stats()
        assert stats["refresh_reuses"] == 0


def test_a_lost_refresh_answer_is_one_login_and_no_reuse(tmp_path):
    # Refreshed early in a long life: a slow machine is no reason for another attempt to fail.
    with Sandbox(tmp_path, lifetime="30s", lose_refresh=1) as sandbox, start(tmp_path, sandbox, refresh_at=0.1) as broker:
        broker.wait_event("token_obtained", operation="login", count=2)
        broker.wait_event("token_obtained", operation="refresh")
        stats = sandbox.stats()
        assert stats["refresh_reuses"] == 0
        assert stats["login_requests"] == 2


def test_a_refused_refresh_is_a_login(tmp_path):
    with Sandbox(tmp_path, lifetime="6s", refresh_status=401, refresh_status_count=1) as sandbox:
        with start(tmp_path, sandbox) as broker:
            broker.wait_event("token_obtained", operation="login", count=2)
            assert broker.get_token().value
        assert sandbox.stats()["refresh_reuses"] == 0


def test_connections_that_fail_before_sending_keep_the_refresh_token(tmp_path):
    with Sandbox(tmp_path, lifetime="30s") as sandbox, start(tmp_path, sandbox, refresh_at=0.1) as broker:
        broker.wait_event("token_obtained")
        sandbox.set_faults(refuse_connections=1)
        broker.wait_event("upstream_failed", operation="refresh")
        broker.wait_event("token_obtained", operation="refresh")
        assert sandbox.stats()["login_requests"] == 1


def test_a_refused_key_is_held_until_the_file_changes(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"max_wait": "1s"})
    write_key_files(tmp_path, secret="wrong")
    with Broker(config) as broker:
        broker.wait_event("upstream_failed")
        code, reason, delay = failure_of(broker)
        assert (code, reason, delay) == (grpc.StatusCode.FAILED_PRECONDITION, "CREDENTIAL_REJECTED", None)
        assert sandbox.stats()["login_requests"] == 1
        write_key_files(tmp_path)
        broker.wait_event("token_obtained")
        assert broker.get_token().value
        assert sandbox.stats()["login_requests"] == 2


def test_missing_key_files_are_named_and_noticed_when_they_come(tmp_path, sandbox):
    config = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"max_wait": "1s"})
    (tmp_path / "secret_access_key").unlink()
    with Broker(config) as broker:
        failed = broker.wait_event("upstream_failed")
        assert str(tmp_path / "secret_access_key") in json.dumps(failed)
        write_key_files(tmp_path)
        broker.wait_event("token_obtained")


def test_a_rate_limit_is_obeyed_and_passed_on(tmp_path):
    faults = {"login_status": 429, "login_status_count": 1, "retry_after": "3s"}
    with Sandbox(tmp_path, **faults) as sandbox, start(tmp_path, sandbox) as broker:
        broker.wait_event("upstream_failed")
        code, reason, delay = failure_of(broker)
        assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "UPSTREAM_RATE_LIMITED")
        assert 0 < delay <= 3.5
        broker.wait_event("token_obtained")
        [limited, granted] = sandbox.stats()["log"][:2]
        assert granted["operation"] == limited["operation"] == "login"
        assert granted["at_seconds"] - limited["at_seconds"] >= 3


def test_a_hanging_login_is_given_up_at_the_time_out(tmp_path):
    with Sandbox(tmp_path, hang_login=1) as sandbox, start(tmp_path, sandbox, request_timeout="2s") as broker:
        broker.wait_event("upstream_failed", operation="login")
        broker.wait_event("token_obtained")
        assert sandbox.stats()["hung_up"] == 1


def test_an_outage_from_the_refresh_on_costs_no_caller_an_error(tmp_path):
    """tests/endurance/test_outage.py has the lives and the outage that DESIGN promises. Here pauses between attempts are as
    long, so that a life leaves 15 s after the outage: the longest pause."""
    live_through_outages(tmp_path, lifetime=30, seconds=5, refresh_at=0.1, connect_timeout="1s", request_timeout="1s")


def test_after_the_token_expired_callers_are_told_and_recovery_is_by_itself(tmp_path):
    with Sandbox(tmp_path, lifetime="3s") as sandbox, start(tmp_path, sandbox) as broker:
        broker.wait_event("token_obtained")
        sandbox.set_faults(login_status=503, refresh_status=503)
        broker.wait_event("credential_state", state="unavailable")
        code, reason, delay = failure_of(broker)
        assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "UPSTREAM_UNAVAILABLE")
        assert delay > 0
        sandbox.set_faults(login_status=0, refresh_status=0)
        broker.wait_event("credential_state", state="ready", count=2)
        assert broker.get_token().value


def test_a_redirect_is_not_followed(tmp_path):
    with Sandbox(tmp_path, login_status=302) as sandbox, start(tmp_path, sandbox) as broker:
        broker.wait_event("upstream_failed")
        assert sandbox.stats()["redirected"] == 0


def test_a_certificate_of_another_ca_is_not_trusted(tmp_path, sandbox):
    other = tmp_path / "other"
    other.mkdir()
    with Sandbox(other) as stranger:
        with start(tmp_path, sandbox, ca_file=str(stranger.ca_file)) as broker:
            failed = broker.wait_event("upstream_failed")
            assert "certificate" in json.dumps(failed)
            assert sandbox.stats()["login_requests"] == 0
