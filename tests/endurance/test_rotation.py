"""A certificate and key that change while callers call."""

from support.broker import Broker, credential, write_config
from support.callers import Callers
from support.certificates import Certificates
from support.raw_h2 import shown_certificate

ROTATIONS = 100


def rotate(folder, certificates, number):
    """Replaces the link to the server's files by one to new files, as the kubelet does for a Secret: both in one step."""
    (folder / f"pair-{number}").mkdir()
    files = certificates.server_files(mutual=True, name=f"pair-{number}/server")
    link = folder / "pair.new"
    link.symlink_to(f"pair-{number}")
    link.rename(folder / "pair")
    return {**files, "cert_file": f"{folder}/pair/server.crt", "key_file": f"{folder}/pair/server.key"}


def test_a_hundred_rotations_of_certificate_and_key_cost_no_call(tmp_path, sandbox):
    certificates = Certificates(tmp_path)
    client = certificates.client("spiffe://prod/ns/orders/sa/api")
    config = write_config(
        tmp_path,
        [credential(tmp_path, sandbox, principals=["spiffe://prod/ns/*/sa/*"])],
        server={"tls": rotate(tmp_path, certificates, 0)},
    )
    with Broker(config) as broker:
        broker.wait_event("token_obtained")
        shown = {shown_certificate(broker.address, client)}
        with Callers(lambda: broker.channel(client.credentials())) as callers:
            for rotation in range(1, ROTATIONS + 1):
                rotate(tmp_path, certificates, rotation)
                broker.wait_event("config_reloaded", changed="server.tls", count=rotation)
                shown.add(shown_certificate(broker.address, client))
                callers.wait_for_calls(4)
        assert callers.errors == []
        assert len(shown) == ROTATIONS + 1
        assert not broker.events("config_refused")
        assert sandbox.stats()["login_requests"] == 1
