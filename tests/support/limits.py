"""A process with limits of its own, as a user whom they bind: root may start threads and lock memory beyond any."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from support.processes import BINARY


class LimitedUser:
    """As root: a user that has no other process, in a folder that it can read. Else: whoever runs the test."""

    def __init__(self, folder, uid=None):
        self.folder = folder
        self._uid = uid
        self._binary = BINARY
        if uid is not None:
            # The tests may lie where this user cannot go.
            self._binary = folder / "credential-broker"
            shutil.copy(BINARY, self._binary)

    def options(self, **limits):
        """Of a Process of this user that is to have these limits, by prlimit's names: options(nproc="4:4")."""
        return {"wrapper": self._wrapper(**limits), "binary": self._binary}

    def _wrapper(self, **limits):
        for path in self.folder.rglob("*"):
            if self._uid is not None:
                os.chown(path, self._uid, self._uid)
        return [*self._become, "prlimit", *(f"--{name}={value}" for name, value in limits.items())]

    def limit(self, pid, **limits):
        """Changes the limits of a process that runs."""
        subprocess.run([*self._wrapper(**limits), f"--pid={pid}"], check=True)

    @property
    def _become(self):
        if self._uid is None:
            return []
        return ["setpriv", f"--reuid={self._uid}", f"--regid={self._uid}", "--clear-groups", "--"]

    def tasks(self):
        """Processes and threads that it has now, which count against its limit."""
        uid = os.getuid() if self._uid is None else self._uid
        count = 0
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                count += int(fields["Threads"]) if int(fields["Uid"].split()[0]) == uid else 0
        return count


@contextlib.contextmanager
def limited_user(folder):
    if os.geteuid() != 0:
        yield LimitedUser(folder)
        return
    with tempfile.TemporaryDirectory(prefix="credential-broker-test-") as path:
        uid = 100_000 + os.getpid() % 100_000
        os.chown(path, uid, uid)
        yield LimitedUser(pathlib.Path(path), uid)
