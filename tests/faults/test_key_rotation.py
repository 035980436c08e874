"""Key files that change while logins read them."""

import grpc
import pytest

from support.broker import Broker, details_of, write_config
from support.certificates import Certificates
from support.key_rotation import KeyRotation, pair
from support.processes import TIMEOUT
from support.scripted_investsuite import ScriptedInvestSuite

CREDENTIALS = 20
STARTS = 6
KEY_ID, SECRET = "id-of-a-key", "secret-of-it"


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path)


def credential(number, upstream, certificates, files):
    return {
        "name": f"c{number}",
        "base_url": f"{upstream.url}/c{number}",  # an account of its own: each may log in as often as any
        "ca_file": certificates.ca,
        "connect_timeout": "20s",
        "request_timeout": "20s",
        **files,
        "allow": [{"principals": ["anonymous"]}],
    }


def test_no_login_mixes_the_pairs_of_a_rotation(tmp_path, certificates):
    """The pair is replaced in one step, thousands of times a second, so that it changes between any two reads of a login."""
    (tmp_path / "keys").mkdir()
    with ScriptedInvestSuite(certificates) as upstream, KeyRotation(tmp_path / "keys") as rotation:
        credentials = [credential(number, upstream, certificates, rotation.files) for number in range(CREDENTIALS)]
        config = write_config(tmp_path, credentials)
        for _ in range(STARTS):
            with Broker(config) as broker:
                for number in range(CREDENTIALS):
                    broker.wait_event("token_obtained", credential=f"c{number}")
        logins = [key for _, *key in upstream.logins]
        assert rotation.end() > 10 * len(logins)
    assert len(logins) >= CREDENTIALS * STARTS
    assert len({key_id for key_id, _ in logins}) > 10
    mixed = [key for key in logins if tuple(key) != pair(int(key[0].removeprefix("id-")))]
    assert mixed == []


def test_a_key_read_half_written_is_tried_once_and_the_whole_one_at_once(tmp_path, certificates):
    """A credential for each byte at which the writing of id and secret may have stopped when the broker read them."""
    whole = KEY_ID + SECRET
    folders = [tmp_path / f"torn-{size}" for size in range(len(whole))]

    def write(folder, size):
        (folder / "access_key_id").write_text(whole[: min(size, len(KEY_ID))])
        (folder / "secret_access_key").write_text(whole[len(KEY_ID) : size])

    with ScriptedInvestSuite(certificates, lambda *key: key == (KEY_ID, SECRET)) as upstream:
        credentials = []
        for size, folder in enumerate(folders):
            folder.mkdir()
            write(folder, size)
            files = {f"{name}_file": str(folder / name) for name in ("access_key_id", "secret_access_key")}
            credentials.append(credential(size, upstream, certificates, files))
        with Broker(write_config(tmp_path, credentials, server={"max_wait": "1s"})) as broker:
            for size in range(len(whole)):
                broker.wait_event("upstream_failed", credential=f"c{size}", operation="login")
            with pytest.raises(grpc.RpcError) as failure:
                broker.get_token(credential=f"c{len(whole) - 1}")
            assert details_of(failure.value)[0] == "CREDENTIAL_REJECTED"
            for folder in folders:
                write(folder, len(whole))
            for size in range(len(whole)):
                # Long before the minute after which a rejected key is tried again anyway.
                broker.wait_event("token_obtained", credential=f"c{size}", timeout=min(TIMEOUT, 40))
        for size in range(len(whole)):
            keys = [key for path, *key in upstream.logins if path == f"/c{size}"]
            assert keys[-1] == [KEY_ID, SECRET]
            # What is empty is not sent at all.
            torn = [[KEY_ID, SECRET[: size - len(KEY_ID)]]] if size > len(KEY_ID) else []
            assert keys[:-1] == torn
