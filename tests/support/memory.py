"""The memory of a process as root can read it, area by area."""

import dataclasses
import pathlib
import re

HEAD = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)")


@dataclasses.dataclass
class Area:
    start: int
    end: int
    permissions: str
    name: str
    flags: frozenset = frozenset()  # VmFlags of /proc/PID/smaps: "lo" is locked, "dd" is left out of core files
    resident: int = 0  # bytes of it that exist, in memory or in swap
    content: bytes = dataclasses.field(default=b"", repr=False)  # empty where there is nothing, or it cannot be read

    def __str__(self):
        return f"{self.start:x}-{self.end:x} {self.permissions} {self.name or 'anonymous'} {sorted(self.flags)}"


def areas(pid):
    """All areas, with what they hold now."""
    found = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if head := HEAD.match(line):
            found.append(Area(int(head[1], 16), int(head[2], 16), head[3], head[4]))
        elif line.startswith(("Rss:", "Swap:")):
            found[-1].resident += int(line.split()[1]) * 1024
        elif line.startswith("VmFlags:"):
            found[-1].flags = frozenset(line.split()[1:])
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for area in found:
            # A sanitizer's shadow is larger than all memory, and holds no bytes of the program.
            if area.resident and area.end - area.start < 1 << 30:
                area.content = _read(memory, area.start, area.end)
    return found


def holding(found, secret):
    """Those of these areas that hold the text."""
    return [area for area in found if secret.encode() in area.content]


def _read(memory, start, end):
    pieces = []
    try:
        memory.seek(start)
        while start < end:
            piece = memory.read(min(end - start, 1 << 20))
            if not piece:
                break
            pieces.append(piece)
            start += len(piece)
    except (OSError, OverflowError, ValueError):
        pass  # [vvar], guard pages
    return b"".join(pieces)
