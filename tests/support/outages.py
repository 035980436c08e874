"""An outage of InvestSuite at the worst moment, when the refresh of a token falls due, and what callers see of it."""

import contextlib

from support.broker import Broker, credential, pb, write_config
from support.callers import Callers
from support.processes import TIMEOUT
from support.sandbox import Sandbox
from support.streams import TokenStream
from support.threads import CheckedThread

# How InvestSuite fails: connections refused, so that nothing is sent; an error for everything; no response at all.
FAULTS: dict[str, dict[str, object]] = {
    "refused": {"refuse_connections": "always"},
    "failing": {"login_status": 503, "refresh_status": 503},
    "hanging": {"hang_login": "always", "hang_refresh": "always"},
}
COUNTERS = {"refused": "refused_connections", "failing": "forced", "hanging": "hanging"}
NO_FAULTS = {name: 0 for faults in FAULTS.values() for name in faults}


def live_through_outages(folder, lifetime, seconds, **settings):
    """One broker with a credential for each kind of outage; `settings` are theirs. Each outage begins with the attempt to
    refresh that is due, and lasts `seconds`. Fails when a caller or a watcher sees anything of it."""
    due = lifetime * 0.7  # at the latest
    with contextlib.ExitStack() as stack:
        sandboxes, credentials = {}, []
        for name in FAULTS:
            (folder / name).mkdir()
            sandboxes[name] = stack.enter_context(Sandbox(folder / name, lifetime=f"{lifetime}s"))
            credentials.append(credential(folder / name, sandboxes[name], name=name, **settings))
        # A stream that ends because its connection has come of age would look like one that the outage ended.
        config = write_config(folder, credentials, server={"max_connection_age": "1h"})
        broker = stack.enter_context(Broker(config))
        for name in FAULTS:
            broker.wait_event("token_obtained", credential=name)
        first = {name: broker.get_token(credential=name) for name in FAULTS}
        stub = stack.enter_context(broker.stub())
        streams = {name: TokenStream(stub, name) for name in FAULTS}

        def fail(name):
            sandbox = sandboxes[name]
            sandbox.set_faults(**FAULTS[name])
            assert sandbox.wait_refusing(due + TIMEOUT, **{COUNTERS[name]: 1})
            assert not sandbox.wait_refusing(seconds, logins=2)
            sandbox.set_faults(**NO_FAULTS)
            broker.wait_event("token_obtained", credential=name, count=2, timeout=lifetime + TIMEOUT)

        with Callers(broker.channel, lasting=2, reconnecting=1, names=tuple(FAULTS), pause=0.05) as callers:
            outages = [CheckedThread(lambda name=name: fail(name)) for name in FAULTS]
            for outage in outages:
                outage.start()
            for outage in outages:
                outage.join()
            callers.wait_for_each()

        assert callers.errors == []
        assert callers.went_back() == []
        slack = min(10, lifetime / 10)  # no token leaves with less to live
        assert callers.least_validity >= slack - 0.01
        for name, stream in streams.items():
            last = stream.wait_token(first[name].version).token
            assert callers.versions[name] >= {first[name].version, last.version}
            # Every attempt of the outage has failed: it was one.
            failures = [e for e in broker.events("upstream_failed") if e["credential"] == name]
            assert len(failures) >= 3, failures
            assert sandboxes[name].stats()["refresh_reuses"] == 0
        check_messages(streams, slack)


def check_messages(streams, slack):
    for stream in streams.values():
        for message in stream.all:
            assert not isinstance(message, Exception), message
            assert message.HasField("token"), message
            assert message.token.remaining_validity.ToTimedelta().total_seconds() >= slack - 0.2
            assert message.credential.state in (pb.Credential.STATE_READY, pb.Credential.STATE_DEGRADED)
