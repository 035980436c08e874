"""A certificate and key that change while callers call."""

from support.broker import Broker, credential, write_config
from support.callers import Callers
from support.certificates import Certificates
from support.raw_h2 import shown_certificate

ROTATIONS = 100


def test_a_hundred_rotations_of_certificate_and_key_cost_no_call(tmp_path, sandbox):
    certificates = Certificates(tmp_path)
    client = certificates.client("spiffe://prod/ns/orders/sa/api")
    config = write_config(
        tmp_path,
        [credential(tmp_path, sandbox, principals=["spiffe://prod/ns/*/sa/*"])],
        server={"tls": certificates.server_files(mutual=True)},
    )
    with Broker(config) as broker:
        broker.wait_event("token_obtained")
        shown = {shown_certificate(broker.address, client)}
        with Callers(lambda: broker.channel(client.credentials())) as callers:
            for rotation in range(1, ROTATIONS + 1):
                certificates.server_files(mutual=True)
                broker.wait_event("config_reloaded", changed="server.tls", count=rotation)
                shown.add(shown_certificate(broker.address, client))
                callers.wait_for_calls(4)
        assert callers.errors == []
        assert len(shown) == ROTATIONS + 1
        assert not broker.events("config_refused")
        assert sandbox.stats()["login_requests"] == 1
