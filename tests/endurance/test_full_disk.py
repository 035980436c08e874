"""`token watch --output-file` on a file system that has no room for the next token. As root, who may mount one."""

import contextlib
import subprocess

import pytest

from support.broker import Broker, credential, write_config
from support.processes import CLIENT_BINARY, TIMEOUT, wait_for
from support.sandbox import Sandbox

PAGE = 4096  # what the file system gives room by


@contextlib.contextmanager
def tiny_file_system(folder, options):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def watch(address, file):
    command = [CLIENT_BINARY, "token", "watch", "--plaintext", "--address", address, "--output-file", file]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def broker(tmp_path):
    # A token of more than a page, so that a page of room makes a short write.
    with Sandbox(tmp_path, token_format="long") as sandbox:
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as process:
            process.wait_event("token_obtained")
            yield process


@pytest.mark.parametrize("room", ["no page", "a part of it", "no name"])
def test_a_token_without_room_leaves_the_old_one_whole_and_ends_the_watch(tmp_path, broker, room):
    options = "nr_inodes=3" if room == "no name" else f"size={5 * PAGE}"
    with tiny_file_system(tmp_path / "tiny", options) as folder:
        file = folder / "token"
        first = broker.get_token()
        assert PAGE < len(first.value) < 2 * PAGE
        with watch(broker.address, file) as process:
            assert wait_for(file.exists, TIMEOUT)
            assert file.read_text() == first.value
            filler = folder / "filler"
            filler.write_bytes(bytes({"no page": 3, "a part of it": 2, "no name": 0}[room] * PAGE))
            broker.get_token(rejected_version=first.version)
            assert process.wait(TIMEOUT) == 1
            assert f"cannot write {file}: No space left on device" in process.stderr.read()
        assert file.read_text() == first.value
        assert {path.name for path in folder.iterdir()} == {"token", "filler"}
        # There is room again, and the watch is started again.
        filler.unlink()
        with watch(broker.address, file):
            assert wait_for(lambda: file.read_text() != first.value, TIMEOUT)
            assert file.read_text() == broker.get_token().value
