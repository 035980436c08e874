"""A permission that a reload withdraws while callers are on their way in: from `config_reloaded` on they get no token."""

import contextlib
import random
import signal
import threading

import grpc
import pytest
import yaml

from support.broker import SERVICE, credential, details_of, pb
from support.certificates import Certificates
from support.pages import BrokerWithPages, metrics, write_config_with_http
from support.processes import TIMEOUT, sanitized, wait_for
from support.raw_h2 import ACK, DATA, HEADERS, PING, SETTINGS, RawConnection, call, frame, hello, literal
from support.sandbox import Sandbox
from support.streams import TokenStream
from support.threads import CheckedThread
from support.token_reviews import TokenReviews, unsigned_token

ACCOUNT = "system:serviceaccount:orders:api"
WITHDRAWN = (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")

ROUNDS = 50 if sanitized() else 200
CONNECTIONS = 4
STREAMS = 25  # of each connection


def outcome_of(error):
    return error.code(), details_of(error)[0]


class Permissions:
    """The configuration of a broker that gives its tokens to ACCOUNT until it is withdrawn."""

    def __init__(self, folder, sandbox, certificates, reviews, names=("default",), **settings):
        (folder / "own-token").write_text("the-brokers-own\n")
        credentials = [credential(folder, sandbox, name, principals=[ACCOUNT], **settings) for name in names]
        self._path = write_config_with_http(folder, credentials, server={"max_wait": "7s"})
        config = yaml.safe_load(self._path.read_text())
        config["kubernetes_callers"] = {"audience": "credential-broker"}
        config["kubernetes"] = {"api_server": reviews.url, "ca_file": certificates.ca, "token_file": "own-token"}
        self._allowed = yaml.safe_dump(config, sort_keys=False)
        self._withdrawn = self._allowed.replace(ACCOUNT, "system:serviceaccount:orders:another")
        self._path.write_text(self._allowed)
        self._reloads = 0
        self.broker = BrokerWithPages(self._path)

    def _reload(self, text):
        fresh = self._path.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self._path)
        self.broker.signal(signal.SIGHUP)
        self._reloads += 1
        self.broker.wait_event("config_reloaded", count=self._reloads)

    def withdraw(self):
        """Returns when the log says that it is done."""
        self._reload(self._withdrawn)

    def allow(self):
        self._reload(self._allowed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.broker.close()


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path)


@pytest.fixture
def reviews(certificates):
    with TokenReviews(certificates, {}) as server:
        yield server


def await_started(broker, method, count):
    series = f'grpc_server_started_total{{grpc_type="unary",grpc_service="{SERVICE}",grpc_method="{method}"}}'
    assert wait_for(lambda: metrics(broker.http)[series] >= count, TIMEOUT)


def authorization(token):
    return [("authorization", f"Bearer {token}")]


def test_calls_and_streams_whose_reviews_are_in_flight_get_nothing(tmp_path, sandbox, certificates, reviews):
    token, late = unsigned_token("api"), unsigned_token("late")
    reviews.accounts.update({token: ACCOUNT, late: ACCOUNT})
    with Permissions(tmp_path, sandbox, certificates, reviews) as permissions, permissions.broker.stub() as stub:
        open_stream = TokenStream(stub, metadata=authorization(token))
        open_stream.wait_token()
        reviews.hang()
        stream = TokenStream(stub, metadata=authorization(late))
        waiting = stub.GetToken.future(pb.GetTokenRequest(), timeout=TIMEOUT, metadata=authorization(late))
        reviews.await_reviews(2)
        permissions.withdraw()
        reviews.hang(False)
        assert outcome_of(stream.wait_error()) == WITHDRAWN
        assert len(stream.all) == 1
        assert outcome_of(waiting.exception()) == WITHDRAWN
        assert outcome_of(open_stream.wait_error()) == WITHDRAWN
        with pytest.raises(grpc.RpcError) as failure:
            stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT, metadata=authorization(token))
        assert outcome_of(failure.value) == WITHDRAWN


def test_a_call_that_waits_for_a_token_does_not_get_it(tmp_path, certificates, reviews):
    token = unsigned_token("api")
    reviews.accounts[token] = ACCOUNT
    with Sandbox(tmp_path, hang_login="always") as sandbox:
        with Permissions(tmp_path, sandbox, certificates, reviews, request_timeout="60s") as permissions:
            with permissions.broker.stub() as stub:
                stream = TokenStream(stub, metadata=authorization(token))
                waiting = stub.GetToken.future(pb.GetTokenRequest(), timeout=TIMEOUT, metadata=authorization(token))
                sandbox.wait_for(hanging=1)
                await_started(permissions.broker, "GetToken", 1)
                permissions.withdraw()
                sandbox.set_faults(hang_login=0)
                permissions.broker.wait_event("token_obtained")
                assert outcome_of(waiting.exception()) == WITHDRAWN
                assert outcome_of(stream.wait_error()) == WITHDRAWN
            assert not permissions.broker.events("token_issued")


class Joins:
    """Streams of one bearer token, one for each credential, that wait for its review."""

    def __init__(self, stack, address, token, names):
        field = literal(b"authorization", f"Bearer {token}".encode())
        self._connections = []
        for number in range(CONNECTIONS):
            connection = stack.enter_context(RawConnection(address))
            requests = [
                call(2 * i + 1, f"/{SERVICE}/WatchToken", pb.WatchTokenRequest(credential=name).SerializeToString(), field)
                for i, name in enumerate(names[number::CONNECTIONS])
            ]
            # The response to the ping comes when the broker has read all before it.
            connection.send(hello() + b"".join(requests) + frame(PING, payload=b"all here"))
            assert connection.read_until(lambda c=connection: any(f[0] == PING for f in c.frames()))
            connection.send(frame(SETTINGS, ACK))
            self._connections.append(connection)

    def await_end(self):
        """Waits until every stream has ended; the number of those that had a token before."""
        served = 0
        for connection in self._connections:
            streams = {2 * i + 1 for i in range(STREAMS)}
            ended = connection.read_until(lambda c=connection, s=streams: c.answers() == s)
            assert ended, (connection.closed, sorted(streams - connection.answers()))
            served += len({f[2] for f in connection.frames() if f[0] == DATA})
            assert {f[2] for f in connection.frames() if f[0] == HEADERS and f[2]} == streams
        return served


def test_no_stream_that_joins_meanwhile_stays(tmp_path, sandbox, certificates, reviews):
    """All streams of a round join when their review ends, each as the first of its credential, and the reload is aimed at
    that moment: in later rounds about half of them have joined before it."""
    names = [f"c{number}" for number in range(CONNECTIONS * STREAMS)]
    chance = random.Random(7)
    lead, mixed = 0.005, 0  # how long before the end of the review the reload begins
    with Permissions(tmp_path, sandbox, certificates, reviews, names) as permissions:
        for name in names:
            permissions.broker.wait_event("token_obtained", credential=name)
        for number in range(ROUNDS):
            token = unsigned_token(f"round-{number}")
            reviews.accounts[token] = ACCOUNT
            reviews.hang()
            with contextlib.ExitStack() as stack:
                joins = Joins(stack, permissions.broker.address, token, names)
                reviews.await_reviews(number + 1)
                reload = CheckedThread(permissions.withdraw)
                reload.start()
                threading.Event().wait(lead * chance.uniform(0.95, 1.05))
                reviews.hang(False)
                reload.join()
                served = joins.await_end()
            lead = min(0.1, max(0.0005, lead * (1.05 if served > len(names) / 2 else 0.95)))
            mixed += 0 < served < len(names)
            permissions.allow()
    assert mixed > 0, "the reload has never met a round of joins"
