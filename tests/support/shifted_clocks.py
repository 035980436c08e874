"""A process whose clocks jump: CLOCK_BOOTTIME while CLOCK_MONOTONIC goes on, as when a machine is suspended, or the wall clock.

A time namespace (`unshare --time --boottime`) cannot do that: the kernel fixes its offsets when the first process enters it.
libfaketime cannot either: with FAKETIME_NO_CACHE it hangs now and then in a process under AddressSanitizer
(wolfcw/libfaketime pull request 391). So the process preloads shifted_clocks.c."""

import pathlib
import struct
import subprocess


class ShiftedClocks:
    """The clocks of a process that is started with `environment`."""

    def __init__(self, folder):
        library = folder / "shifted_clocks.so"
        source = pathlib.Path(__file__).with_name("shifted_clocks.c")
        subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", source, "-o", library], check=True)
        self._file = folder / "shifted_clocks"
        self._file.write_bytes(struct.pack("@ll", 0, 0))
        self.environment = {"LD_PRELOAD": str(library), "SHIFTED_CLOCKS": str(self._file)}

    def suspend(self, seconds):
        """Puts the boot clock ahead by `seconds`, in all since the start."""
        self._write(0, seconds)

    def set_wall(self, hours):
        """Puts the wall clock to so many hours from the true time."""
        self._write(struct.calcsize("@l"), hours * 3600)

    def _write(self, offset, seconds):
        with self._file.open("r+b", buffering=0) as file:
            file.seek(offset)
            file.write(struct.pack("@l", seconds))
