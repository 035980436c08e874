"""What /proc shows of a broker.

The broker is not dumpable: only a process with CAP_SYS_PTRACE in the broker's user namespace may read its memory, environment
and descriptors. Root has that capability, except in most containers. Another user has it in a user namespace of its own. The
files belong to the root of that namespace, which must therefore be that user.
"""

import functools
import pathlib
import subprocess
import sys

import pytest

# The files that need the capability.
PROTECTED = ("auxv", "environ", "io", "maps", "mem", "smaps")

PR_SET_DUMPABLE = 4
UNDUMPABLE = f"import ctypes, sys; ctypes.CDLL(None).prctl({PR_SET_DUMPABLE}, 0); print(flush=True); sys.stdin.read()"


def _can_inspect(prefix):
    """Whether this process may read the protected files of one that is started with `prefix` and is not dumpable."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*prefix, sys.executable, "-c", UNDUMPABLE], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        if process.stdout.readline() == b"":
            return False
        try:
            return pathlib.Path(f"/proc/{process.pid}/environ").read_bytes() != b""
        except PermissionError:
            return False


@functools.cache
def inspecting_prefix():
    """The words before a command with which this process may read the protected files of what it starts: none for root, else
    those of a user namespace. None where neither is permitted."""
    for prefix in ([], ["unshare", "--user", "--map-root-user"]):
        if _can_inspect(prefix):
            return prefix
    return None


def read_proc(pid, name):
    """The content of /proc/PID/NAME of a broker with that wrapper. Where no process here may read it, the kernel refuses it,
    and the content is empty."""
    path = pathlib.Path(f"/proc/{pid}/{name}")
    if name in PROTECTED and inspecting_prefix() is None:
        with pytest.raises(PermissionError):
            path.read_bytes()
        return b""
    return path.read_bytes()
