"""An identity ends with its proof: its certificate, its CA, its bearer token, the rule that allows it."""

import datetime
import os
import pathlib
import time

import grpc
import pytest

from support.broker import Broker, credential, details_of, pb, write_config
from support.certificates import Certificates
from support.processes import TIMEOUT
from support.streams import TokenStream
from support.token_reviews import TokenReviews, unsigned_token

ACCEPTED_SECONDS = 10  # for so long the broker remembers that a token was accepted
ACCOUNT = "system:serviceaccount:orders:api"


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path)


@pytest.fixture
def start(tmp_path, sandbox):
    """Starts a broker that wants client certificates; `start.write` writes another configuration of it."""

    def write(tls, deny=()):
        allowed = credential(tmp_path, sandbox, principals=["spiffe://prod/**", "dns:**"], deny=list(deny))
        return write_config(tmp_path, [allowed], server={"tls": tls})

    def started(tls, **more):
        broker = Broker(write(tls, **more))
        brokers.append(broker)
        return broker

    brokers = []
    started.write = write  # type: ignore[attr-defined]
    yield started
    for broker in brokers:
        broker.close()


def replace(path, content):
    """Replaces the file in one step: one that is opened and then written is empty in between."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.rename(path)


def version(stub):
    return stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).token.version


def still_gets_tokens(stub, stream, metadata=()):
    """Whether the open stream gets a token that is new. A message about the old one may come before it."""
    old = stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT, metadata=metadata).token.version
    stub.GetToken(pb.GetTokenRequest(rejected_version=old), timeout=TIMEOUT, metadata=metadata)
    return bool(stream.wait_token(other_than=old))


def is_served(broker, client):
    with broker.stub(client.credentials()) as stub:
        try:
            return bool(version(stub))
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            return False


def test_a_connection_ends_with_its_certificate(start, certificates):
    broker = start(certificates.server_files(mutual=True))
    lasting = certificates.client("spiffe://prod/ns/orders/sa/lasting")
    brief = certificates.client("spiffe://prod/ns/orders/sa/brief", valid_for=datetime.timedelta(seconds=6))
    with broker.stub(lasting.credentials()) as other, broker.stub(brief.credentials()) as stub:
        kept = TokenStream(other)
        kept.wait_token()
        stream = TokenStream(stub)
        stream.wait_token()
        error = stream.wait_error()
        end = brief.certificate.not_valid_after_utc.timestamp()
        assert -0.5 < time.time() - end < 10
        assert error.code() == grpc.StatusCode.UNAVAILABLE
        assert still_gets_tokens(other, kept)
    assert not is_served(broker, brief)


def test_a_crl_ends_what_it_revokes_and_nothing_else(start, certificates):
    stolen = certificates.client("spiffe://prod/ns/orders/sa/stolen")
    good = certificates.client("spiffe://prod/ns/orders/sa/good")
    broker = start({**certificates.server_files(mutual=True), "crl_file": certificates.write_crl()})
    with broker.stub(stolen.credentials()) as stub, broker.stub(good.credentials()) as other:
        stream, kept = TokenStream(stub), TokenStream(other)
        stream.wait_token()
        kept.wait_token()
        certificates.write_crl(stolen)
        broker.wait_event("config_reloaded", changed="server.tls")
        assert stream.wait_error().code() == grpc.StatusCode.UNAVAILABLE
        assert not is_served(broker, stolen)
        assert still_gets_tokens(other, kept)
    assert is_served(broker, good)


def test_a_crl_that_cannot_be_read_changes_nothing(start, certificates):
    stolen = certificates.client("spiffe://prod/ns/orders/sa/stolen")
    broker = start({**certificates.server_files(mutual=True), "crl_file": certificates.write_crl(stolen)})
    replace(pathlib.Path(certificates.write_crl()), b"garbage")
    refused = broker.wait_event("config_refused")
    assert "crl.pem" in refused["reason"] and "CRL: no certificate revocation list in it" in refused["reason"]
    assert not is_served(broker, stolen)


def test_a_named_pipe_in_place_of_a_file_blocks_nothing(start, certificates):
    stolen = certificates.client("spiffe://prod/ns/orders/sa/stolen")
    crl = pathlib.Path(certificates.write_crl())
    broker = start({**certificates.server_files(mutual=True), "crl_file": str(crl)})
    pipe = crl.with_suffix(".pipe")
    os.mkfifo(pipe)
    pipe.rename(crl)
    assert "is not a regular file" in broker.wait_event("config_refused")["reason"]
    assert is_served(broker, stolen)
    certificates.write_crl(stolen)
    broker.wait_event("config_reloaded")
    assert not is_served(broker, stolen)
    assert broker.terminate() == 0


def test_an_expired_crl_and_a_ca_without_one_are_in_the_log(start, certificates, tmp_path):
    (tmp_path / "second").mkdir()
    second = Certificates(tmp_path / "second", "second CA")
    tls = certificates.server_files(mutual=True)
    (tmp_path / "both.pem").write_bytes(certificates.ca_pem + second.ca_pem)
    crl = certificates.write_crl(valid_for=-datetime.timedelta(seconds=5))
    broker = start({**tls, "client_ca_file": str(tmp_path / "both.pem"), "crl_file": crl})
    assert broker.wait_event("crl_expired")["issuer"] == "CN = a CA for tests"
    assert broker.wait_event("client_ca_without_crl")["authorities"] == "CN = second CA"
    assert not is_served(broker, certificates.client("dns-name"))
    assert is_served(broker, second.client("dns-name", server_ca=certificates.ca_pem))


def test_a_ca_that_is_removed_ends_its_connections(start, certificates, tmp_path):
    (tmp_path / "second").mkdir()
    second = Certificates(tmp_path / "second", "second CA")
    bundle = tmp_path / "both.pem"
    bundle.write_bytes(certificates.ca_pem + second.ca_pem)
    broker = start({**certificates.server_files(mutual=True), "client_ca_file": str(bundle)})
    leaving = second.client("leaving", server_ca=certificates.ca_pem)
    with broker.stub(certificates.client("staying").credentials()) as other, broker.stub(leaving.credentials()) as stub:
        kept, stream = TokenStream(other), TokenStream(stub)
        kept.wait_token()
        stream.wait_token()
        replace(bundle, certificates.ca_pem)
        assert stream.wait_error().code() == grpc.StatusCode.UNAVAILABLE
        assert still_gets_tokens(other, kept)


def test_a_ca_may_issue_names_of_its_own_trust_domains_only(start, certificates, tmp_path):
    (tmp_path / "test").mkdir()
    test = Certificates(tmp_path / "test", "test CA")
    tls = certificates.server_files(mutual=False)
    tls["client_ca"] = [
        {"file": certificates.ca, "trust_domains": ["prod"]},
        {"file": test.ca, "trust_domains": ["test"], "dns": True},
    ]
    broker = start(tls)
    name = "spiffe://prod/ns/orders/sa/api"
    assert is_served(broker, certificates.client(name))
    assert is_served(broker, test.client("by-dns", server_ca=certificates.ca_pem))
    for minted in (test.client(name, server_ca=certificates.ca_pem), certificates.client("by-dns")):
        with broker.stub(minted.credentials()) as stub, pytest.raises(grpc.RpcError) as failure:
            version(stub)
        assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert details_of(failure.value)[0] == "CALLER_UNAUTHENTICATED"
        assert "may not issue certificates for" in failure.value.details()
    assert broker.wait_event("caller_denied")["reason"] == "CALLER_UNAUTHENTICATED"


def test_a_deny_that_is_reloaded_ends_streams_that_allow_covers(start, certificates):
    tls = certificates.server_files(mutual=True)
    broker = start(tls)
    stolen = certificates.client("spiffe://prod/ns/orders/sa/stolen")
    good = certificates.client("spiffe://prod/ns/orders/sa/good")
    with broker.stub(stolen.credentials()) as stub, broker.stub(good.credentials()) as other:
        stream, kept = TokenStream(stub), TokenStream(other)
        stream.wait_token()
        kept.wait_token()
        start.write(tls, deny=["spiffe://prod/ns/orders/sa/stolen"])
        error = stream.wait_error()
        assert (error.code(), details_of(error)[0]) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
        with pytest.raises(grpc.RpcError) as failure:
            version(stub)
        assert failure.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert still_gets_tokens(other, kept)


class TestStreamsByToken:
    @pytest.fixture
    def reviews(self, certificates):
        with TokenReviews(certificates, {}) as server:
            yield server

    @pytest.fixture
    def broker(self, tmp_path, sandbox, certificates, reviews):
        (tmp_path / "own-token").write_text("the-brokers-own\n")
        config = write_config(tmp_path, [credential(tmp_path, sandbox, principals=[ACCOUNT])])
        section = f"api_server: '{reviews.url}', ca_file: '{certificates.ca}', token_file: own-token"
        with config.open("a") as file:
            file.write(f"kubernetes_callers: {{audience: credential-broker}}\nkubernetes: {{{section}}}\n")
        with Broker(config) as process:
            yield process

    @staticmethod
    def bearer(token):
        return [("authorization", f"Bearer {token}")]

    def open(self, stub, token):
        stream = TokenStream(stub, metadata=self.bearer(token))
        stream.wait_token()
        return stream

    def test_a_stream_ends_when_its_token_expires(self, broker, reviews):
        expiry = int(time.time()) + 4
        brief = unsigned_token("brief", exp=expiry)
        lasting = unsigned_token("lasting", exp=expiry + 3600)
        reviews.accounts.update({brief: ACCOUNT, lasting: ACCOUNT})
        with broker.stub() as stub:
            kept = self.open(stub, lasting)
            error = self.open(stub, brief).wait_error()
            assert 0 <= time.time() - expiry < 5
            assert (error.code(), details_of(error)[0]) == (grpc.StatusCode.UNAUTHENTICATED, "CALLER_UNAUTHENTICATED")
            assert still_gets_tokens(stub, kept, self.bearer(lasting))
        denied = broker.wait_event("caller_denied")
        assert (denied["principal"], denied["credential"]) == (ACCOUNT, "default")

    def test_streams_end_soon_after_their_account_is_deleted_and_share_its_reviews(self, broker, reviews):
        token = unsigned_token("deleted", exp=int(time.time()) + 3600)
        reviews.accounts[token] = ACCOUNT
        with broker.stub() as stub:
            began = time.monotonic()
            streams = [self.open(stub, token) for _ in range(50)]
            del reviews.accounts[token]
            reviewed = len(reviews.reviewed)
            deleted = time.monotonic()
            errors = [stream.wait_error() for stream in streams]
            assert time.monotonic() - deleted < 20
        assert {error.code() for error in errors} == {grpc.StatusCode.UNAUTHENTICATED}
        # However many the streams: one review for as long as it is remembered, and one that ends them all.
        assert 1 <= reviewed <= 1 + (deleted - began) // ACCEPTED_SECONDS
        assert len(reviews.reviewed) - reviewed <= 1
