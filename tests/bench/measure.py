"""What /proc says of a process, and of the machine."""

import os
import pathlib
import platform
import re
import statistics
import subprocess


def cpu_seconds(pid):
    """What its threads have run, to the nanosecond. (/proc/PID/stat counts in ticks of 10 ms.)"""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue  # the thread has just ended
    return total / 1e9


def _status(pid, field):
    return int(re.search(rf"^{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE).group(1))


def resident_kib(pid):
    return _status(pid, "VmRSS")


def threads(pid):
    return _status(pid, "Threads")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def load_average():
    return os.getloadavg()[0]


def cores():
    return len(os.sched_getaffinity(0))


def machine():
    """One line on where this ran."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    release = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return (f"{cores()} × {model.group(1) if model else platform.machine()}, "
            f"{memory / 2**20:.0f} GiB, {release.group(1) if release else platform.system()}, "
            f"Linux {platform.release()}")  # fmt: skip


def with_cpu(pid, command):
    """Runs `command`; its output, and the CPU that process `pid` spent meanwhile."""
    before = cpu_seconds(pid)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed: {done.stderr[-500:]}{done.stdout[-500:]}")
    return done.stdout, cpu_seconds(pid) - before


def median_of(rounds):
    """The median of each figure over the rounds."""
    return {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
