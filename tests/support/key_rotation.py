"""Replaces a key pair without a pause, as the kubelet does: in one step, by a symbolic link to a folder with both files. A
process of its own, so that the test's interpreter does not slow it down.

usage: key_rotation.py FOLDER

Says "rotating" when it has begun. Ends when its standard input does, with the number of rotations.
"""

import os
import pathlib
import select
import subprocess
import sys

PAIRS = 100
BATCH = 100


def pair(number):
    return f"id-{number}", f"secret-{number}"


class KeyRotation:
    """Such a process, as a test sees it. `files`: the keys of a credential's configuration."""

    def __init__(self, folder):
        for number in range(PAIRS):
            (folder / f"pair-{number}").mkdir()
            for name, text in zip(("access_key_id", "secret_access_key"), pair(number), strict=True):
                (folder / f"pair-{number}" / name).write_text(text)
        (folder / "..data").symlink_to("pair-0")
        self.files = {}
        for name in ("access_key_id", "secret_access_key"):
            (folder / name).symlink_to(f"..data/{name}")
            self.files[f"{name}_file"] = str(folder / name)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "rotating\n"

    def end(self):
        """Ends it; the number of rotations."""
        out, _ = self._process.communicate(timeout=60)
        return int(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def main(folder):
    os.chdir(folder)
    print("rotating", flush=True)
    rotations = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(BATCH):
            rotations += 1
            os.symlink(f"pair-{rotations % PAIRS}", "..data.new")
            os.rename("..data.new", "..data")
    print(rotations, flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
