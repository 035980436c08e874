"""A process for which CLOCK_BOOTTIME jumps while CLOCK_MONOTONIC goes on, as both do when a machine is suspended.

A time namespace (`unshare --time --boottime`) cannot do that: the kernel fixes its offsets when the first process enters it.
So the process preloads boot_clock.c."""

import pathlib
import subprocess


class BootClock:
    """The boot clock of a process that is started with `environment`."""

    def __init__(self, folder):
        library = folder / "boot_clock.so"
        source = pathlib.Path(__file__).with_name("boot_clock.c")
        subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", source, "-o", library], check=True)
        self._file = folder / "boot_clock"
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "BOOT_CLOCK": str(self._file)}

    def suspend(self, seconds):
        """Puts the clock ahead by `seconds`, in all since the start."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(seconds.to_bytes(8, "little"))
