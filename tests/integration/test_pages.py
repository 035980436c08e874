"""/metrics, /healthz and /readyz of the real binary, and what the log tells of refusals."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import grpc
import pytest
from cryptography import x509
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from support.broker import ROOT, SERVICE, credential, pb
from support.certificates import DAY, Certificates
from support.pages import BrokerWithPages, fetch, metrics, write_config_with_http
from support.processes import TIMEOUT, Process
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox
from support.streams import TokenStream

PROMTOOL = os.environ.get("PROMTOOL", "promtool")


@pytest.fixture
def broker(tmp_path, sandbox):
    with BrokerWithPages(write_config_with_http(tmp_path, [credential(tmp_path, sandbox)])) as process:
        yield process


class TestMetrics:
    def test_promtool_has_nothing_to_say(self, broker):
        broker.get_token()
        status, body, headers = fetch(broker.http, "/metrics")
        assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        checked = subprocess.run(
            [PROMTOOL, "check", "metrics"], input=body, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")

    def test_they_count_what_happened(self, broker, sandbox):
        first = broker.get_token()
        broker.get_token(rejected_version=first.version)
        with pytest.raises(grpc.RpcError):
            broker.get_token(credential="other")
        seen = metrics(broker.http)
        get = 'grpc_type="unary",grpc_service="investsuite.credentialbroker.v1.CredentialBrokerService",grpc_method="GetToken"'
        assert seen[f"grpc_server_started_total{{{get}}}"] == 3
        assert seen[f'grpc_server_handled_total{{{get},grpc_code="OK"}}'] == 2
        assert seen[f'grpc_server_handled_total{{{get},grpc_code="PermissionDenied"}}'] == 1
        assert seen[f"grpc_server_handling_seconds_count{{{get}}}"] == 3
        assert seen['credential_broker_tokens_served_total{credential="default"}'] == 2
        requests = 'credential_broker_upstream_requests_total{credential="default",operation='
        assert seen[requests + '"login",result="ok"}'] == 1
        assert seen[requests + '"refresh",result="ok"}'] == 1
        assert seen['credential_broker_upstream_request_duration_seconds_count{operation="login",result="ok"}'] == 1
        assert seen[requests + '"login",result="unauthorized"}'] == 0, "there before its first failure"
        assert seen['credential_broker_credential_state{credential="default",state="ready"}'] == 1
        assert seen['credential_broker_credential_state{credential="default",state="rejected"}'] == 0
        assert seen['credential_broker_callers_denied_total{reason="CALLER_NOT_ALLOWED"}'] == 1
        assert seen['credential_broker_callers_denied_total{reason="CALLER_RATE_LIMITED"}'] == 0
        assert seen['credential_broker_watch_streams{credential="default"}'] == 0
        assert seen['credential_broker_config_reloads_total{result="refused"}'] == 0
        assert seen['credential_broker_connections_accepted_total{listener="grpc"}'] >= 3
        token = broker.events("token_obtained")[-1]
        expires = seen['credential_broker_token_expiration_timestamp_seconds{credential="default"}']
        refreshes = seen['credential_broker_token_refresh_timestamp_seconds{credential="default"}']
        assert 0 < expires - refreshes < token["lifetime_seconds"]
        assert [name for name in seen if name.startswith("credential_broker_build_info{version=")]
        assert seen["process_resident_memory_bytes"] > 1e6

    def test_streams_are_counted_while_they_are_open(self, broker):
        with broker.stub() as stub:
            for open_streams in (1, 2):
                TokenStream(stub).wait_token()
                assert metrics(broker.http)['credential_broker_watch_streams{credential="default"}'] == open_streams

    def test_upstream_failures_have_their_result(self, tmp_path):
        with Sandbox(tmp_path, login_status=503) as sandbox:
            config = write_config_with_http(tmp_path, [credential(tmp_path, sandbox)])
            with BrokerWithPages(config) as broker:
                broker.wait_event("upstream_failed")
                seen = metrics(broker.http)
        name = 'credential_broker_upstream_requests_total{credential="default",operation="login",result="server_error"}'
        assert seen[name] >= 1

    def test_reloads_are_counted_by_how_they_ended_and_what_is_removed_goes(self, tmp_path, sandbox):
        both = [credential(tmp_path, sandbox), credential(tmp_path, sandbox, "other")]
        config = write_config_with_http(tmp_path, both)
        with BrokerWithPages(config) as broker:
            broker.wait_event("token_obtained", count=2)
            state = 'credential_broker_credential_state{credential="other",state="ready"}'
            assert metrics(broker.http)[state] == 1
            config.write_text(config.read_text() + "nonsense: 1\n")
            broker.wait_event("config_refused")
            write_config_with_http(tmp_path, both[:1])
            broker.wait_event("config_reloaded", credentials_removed="other")
            broker.signal(signal.SIGHUP)
            broker.wait_event("config_unchanged")
            seen = metrics(broker.http)
        reloads = 'credential_broker_config_reloads_total{result="%s"}'
        assert [seen[reloads % result] for result in ("applied", "refused", "unchanged")] == [1, 1, 1]
        assert state not in seen

    def test_a_refused_configuration_shows_until_it_is_fixed(self, tmp_path, sandbox):
        config = write_config_with_http(tmp_path, [credential(tmp_path, sandbox)])
        good = config.read_text()
        with BrokerWithPages(config) as broker:
            successful = "credential_broker_config_last_reload_successful"
            loaded = "credential_broker_config_last_reload_success_timestamp_seconds"
            at_start = metrics(broker.http)
            assert at_start[successful] == 1 and abs(at_start[loaded] - time.time()) < TIMEOUT
            config.write_text(good + "nonsense: 1\n")
            broker.wait_event("config_refused")
            refused = metrics(broker.http)
            assert refused[successful] == 0 and refused[loaded] == at_start[loaded]
            config.write_text(good)
            broker.wait_event("config_reloaded")
            fixed = metrics(broker.http)
            assert fixed[successful] == 1 and fixed[loaded] > at_start[loaded]

    def test_certificates_show_when_they_expire(self, tmp_path, sandbox):
        certificates = Certificates(tmp_path)
        config = write_config_with_http(
            tmp_path,
            [credential(tmp_path, sandbox)],
            server={"tls": certificates.server_files(mutual=True)},
        )

        def times(path):
            certificate = x509.load_pem_x509_certificate(pathlib.Path(path).read_bytes())
            return [t.timestamp() for t in (certificate.not_valid_before_utc, certificate.not_valid_after_utc)]

        def shown(broker, certificate):
            seen = metrics(broker.http)
            labels = f'{{listener="grpc",certificate="{certificate}"}}'
            return [seen[f"credential_broker_tls_certificate_{when}_timestamp_seconds{labels}"]
                    for when in ("not_before", "expiration")]

        with BrokerWithPages(config) as broker:
            assert shown(broker, "server") == times(tmp_path / "server.crt")
            assert shown(broker, "client_ca") == times(certificates.ca)
            certificates.server_files(mutual=True, valid_for=3 * DAY)
            broker.wait_event("config_reloaded")
            assert shown(broker, "server") == times(tmp_path / "server.crt")

    def test_scrapes_share_a_text_for_a_tenth_of_a_second(self, broker):
        broker.get_token()
        started = time.monotonic()
        texts = set()
        for _ in range(30):
            broker.get_token()  # counted: a text that is made anew differs
            texts.add(fetch(broker.http, "/metrics")[1])
        assert len(texts) <= 10 * (time.monotonic() - started) + 2

    def test_no_label_or_page_holds_a_secret_or_a_principal(self, tmp_path, sandbox):
        certificates = Certificates(tmp_path)
        client = certificates.client("spiffe://prod/ns/canary/sa/caller")
        config = write_config_with_http(
            tmp_path,
            [credential(tmp_path, sandbox, principals=["spiffe://prod/**"])],
            server={"tls": certificates.server_files(mutual=True)},
        )
        with BrokerWithPages(config) as broker, broker.stub(client.credentials()) as stub:
            token = stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).token
            pages = "".join(fetch(broker.http, path)[1] for path in ("/metrics", "/healthz", "/readyz", "/none"))
        for secret in (ACCESS_KEY_ID, SECRET_ACCESS_KEY, token.value, token.value[-16:], token.version, "canary"):
            assert secret not in pages


class TestHost:
    """DNS rebinding: a website has its name resolve to the address of the listener."""

    PAGES = ("/metrics", "/healthz", "/readyz", "/statusz", "/none")

    def test_on_loopback_it_is_a_name_of_loopback(self, tmp_path, sandbox):
        config = write_config_with_http(tmp_path, [credential(tmp_path, sandbox)], http={"statusz": True})
        with BrokerWithPages(config) as broker:
            port = broker.http.rpartition(":")[2]
            for path in self.PAGES:
                status, body, _ = fetch(broker.http, path, headers={"Host": f"evil.example:{port}"})
                assert status == 421 and body.count("\n") == 1
            for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
                assert fetch(broker.http, "/healthz", headers={"Host": host})[0] == 200

    def test_elsewhere_it_is_any(self, tmp_path, sandbox):
        """kubelet and Prometheus send the pod's address, an ingress its own name."""
        config = write_config_with_http(tmp_path, [credential(tmp_path, sandbox)], http={"listen": "0.0.0.0:0"})
        with BrokerWithPages(config) as broker:
            address = f"127.0.0.1:{broker.http.rpartition(':')[2]}"
            for host in ("10.1.2.3:9090", "broker.internal.example"):
                assert fetch(address, "/healthz", headers={"Host": host})[0] == 200

    @pytest.mark.parametrize(
        ("request_text", "status"),
        [
            ("GET /healthz HTTP/1.1\r\n\r\n", 400),
            ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
            ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ],
    )
    def test_http_1_1_requires_one(self, broker, request_text, status):
        host, _, port = broker.http.rpartition(":")
        with socket.create_connection((host, int(port)), TIMEOUT) as client:
            client.sendall(request_text.encode())
            assert client.recv(4096).startswith(f"HTTP/1.1 {status} ".encode())


class TestHealth:
    def test_liveness_never_depends_on_investsuite_and_readiness_says_why_if_verbose(self, tmp_path):
        with Sandbox(tmp_path, login_status=503) as sandbox:
            config = write_config_with_http(tmp_path, [credential(tmp_path, sandbox, name="orders")])
            with BrokerWithPages(config) as broker:
                broker.wait_event("upstream_failed")
                assert fetch(broker.http, "/healthz")[:2] == (200, "ok\n")
                assert fetch(broker.http, "/readyz")[:2] == (503, "not ready\n")
                status, body, _ = fetch(broker.http, "/readyz?verbose")
                assert status == 503
                assert re.fullmatch(
                    r"not ready\ncredential orders: \w+; last error UPSTREAM_UNAVAILABLE: .*503.*; "
                    r"(next attempt (in \d+s|now)|an attempt is in flight)\n", body
                ), body  # fmt: skip
                sandbox.set_faults(login_status=0)
                broker.wait_event("token_obtained")
                broker.wait_event("credential_state", state="ready")
                assert fetch(broker.http, "/readyz")[:2] == (200, "ready\n")

    def test_the_pages_stay_while_it_drains(self, broker):
        broker.get_token()
        with broker.channel() as channel, contextlib.ExitStack() as until:
            # A call that does not end by itself.
            calls = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter_forever(until))
            next(calls)
            broker.signal(signal.SIGTERM)
            broker.wait_event("draining")
            deadline_polls = 200
            while fetch(broker.http, "/readyz")[0] == 200 and deadline_polls:
                deadline_polls -= 1
            assert fetch(broker.http, "/readyz")[:2] == (503, "draining\n")
            assert fetch(broker.http, "/readyz?verbose")[1].startswith("draining\ncredential default: ready")
            assert fetch(broker.http, "/healthz")[0] == 200
            assert "process_threads" in fetch(broker.http, "/metrics")[1]
        assert broker.wait() == 0

    def test_other_paths_and_methods(self, broker):
        status, body, _ = fetch(broker.http, "/")
        there_are = "/healthz /metrics /readyz /readyz?verbose"
        assert (status, body) == (404, f"there is no such page; there are: {there_are}\n")
        assert fetch(broker.http, "/statusz")[0] == 404  # not unless the configuration says so
        status, _, headers = fetch(broker.http, "/metrics", "POST")
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        status, body, headers = fetch(broker.http, "/healthz", "HEAD")
        assert (status, body, headers["content-length"]) == (200, "", "3")


def iter_forever(until):
    """One request, and then none, until the test is over."""
    over = threading.Event()
    until.callback(over.set)
    yield reflection_pb2.ServerReflectionRequest(list_services="")
    over.wait(TIMEOUT)


def test_dawdlers_cost_neither_probes_nor_callers(broker):
    token = broker.get_token()
    host, _, port = broker.http.rpartition(":")
    threads = len(os.listdir(f"/proc/{broker.pid}/task"))
    with contextlib.ExitStack() as dawdlers:
        for _ in range(300):
            dawdler = dawdlers.enter_context(socket.create_connection((host, int(port)), timeout=TIMEOUT))
            dawdler.sendall(b"GET /metrics HTTP/1.1\r\nx-slow: ")
        assert fetch(broker.http, "/healthz")[0] == 200
        assert broker.get_token().version == token.version
        assert metrics(broker.http)["process_open_fds"] < 150  # of 300 the latest 32 are left
        assert len(os.listdir(f"/proc/{broker.pid}/task")) == threads


class TestRefusalsInTheLog:
    def test_a_flood_of_one_refusal_is_two_lines(self, broker):
        with broker.stub() as stub:
            for _ in range(200):
                with pytest.raises(grpc.RpcError):
                    stub.GetToken(pb.GetTokenRequest(credential="other"), timeout=TIMEOUT)
        assert broker.terminate() == 0
        told = broker.events("caller_denied")
        assert sum(line.get("count", 1) for line in told) == 200
        assert len(told) < 200 / 10
        assert {(line["principal"], line["credential"], line["reason"]) for line in told} == {
            ("anonymous", "other", "CALLER_NOT_ALLOWED")
        }

    def test_failed_handshakes_are_told_with_their_number(self, tmp_path, sandbox):
        certificates = Certificates(tmp_path)
        config = write_config_with_http(
            tmp_path,
            [credential(tmp_path, sandbox)],
            server={"tls": certificates.server_files(mutual=True)},
        )
        with BrokerWithPages(config) as broker:
            host, _, port = broker.address.rpartition(":")
            for _ in range(20):
                with socket.create_connection((host, int(port)), timeout=TIMEOUT) as stranger:
                    stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    stranger.recv(1024)
            line = broker.wait_event("connections_refused")
            assert (line["listener"], line["handshake"]) == ("grpc", "tls")
            assert line["last_peer"].startswith("127.0.0.1:")
            assert broker.terminate() == 0
            assert sum(line["count"] for line in broker.events("connections_refused")) == 20

    @pytest.mark.parametrize("method", [f"{SERVICE}/GetToken", f"{SERVICE}/WatchToken", "grpc.health.v1.Health/Check"])
    def test_a_string_that_is_not_utf_8_adds_no_line(self, broker, method):
        """The protobuf library's own log would go to standard error, on the thread of an event loop."""
        with broker.channel() as channel:
            call = channel.unary_stream(f"/{method}", request_serializer=bytes, response_deserializer=bytes)
            with pytest.raises(grpc.RpcError) as failure:
                list(call(b"\x0a\x01\xff", timeout=TIMEOUT))
        assert failure.value.code() == grpc.StatusCode.INTERNAL
        assert broker.terminate() == 0
        for line in broker.log.splitlines():
            json.loads(line)


class TestDev:
    def serve_dev(self, *flags):
        return Process("serve", "--dev", "--listen", "127.0.0.1:0", "--log-level", "info", *flags)

    def test_has_statusz_on_a_port_of_its_own_choice_where_9090_is_taken(self):
        with contextlib.ExitStack() as taken:
            with contextlib.suppress(OSError):  # somebody else has it
                taken.enter_context(socket.create_server(("127.0.0.1", 9090)))
            with self.serve_dev() as broker:
                address = broker.wait_event("serving")["http"]
                assert address.startswith("127.0.0.1:") and address != "127.0.0.1:9090"
                assert broker.events("http_port_taken")[0]["http"] == "127.0.0.1:9090"
                status, body, _ = fetch(address, "/statusz")
                assert status == 200 and "<title>credential-broker</title>" in body

    def test_a_port_that_was_asked_for_is_that_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with self.serve_dev("--http-listen", address) as broker:
                assert broker.wait() == 1
                assert "http.listen" in broker.log and address in broker.log
                # The error stands after the lines that led to it.
                assert '"event":"starting"' in broker.log.split("error: ")[0]

    def test_stays_on_this_machine(self):
        with self.serve_dev("--http-listen", "0.0.0.0:0") as broker:
            assert broker.wait() == 1
            assert "--http-listen: 0.0.0.0:0 is not on loopback" in broker.log


def test_every_metric_is_in_the_documents_and_none_else(broker):
    broker.get_token()
    text = pathlib.Path(ROOT / "docs/observability.md").read_text()
    documented = set(re.findall(r"`((?:grpc_server|credential_broker|process)_\w+)", text))
    exposed = set(re.findall(r"^# TYPE (\S+)", fetch(broker.http, "/metrics")[1], re.MULTILINE))
    assert exposed <= documented
    assert not {name for name in documented - exposed if re.sub(r"_(bucket|sum|count)$", "", name) not in exposed}
