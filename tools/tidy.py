"""Runs clang-tidy over src/ and tests/, on every core, and remembers what was clean.

usage: tidy.py BUILD_DIR CACHE_DIR [PART_OF_A_PATH]

A file that was clean is not checked again until something that its result depends on changes: its text, the
project headers that it reaches, the API's .proto files, .clang-tidy, its compile command, clang-tidy itself.

Files of one target are checked together, as one translation unit that includes them: most of the time goes into the
headers, which are then read once. That each source compiles by itself is what the build of the preset "tidy" shows.
A check that looks only at the main file of a translation unit (misc-unused-using-decls) finds nothing this way.
"""

import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES_AT_ONCE = 12
# clang-tidy's own, with the sources that a translation unit of ours includes.
HEADER_FILTER = r"/(src|tests|rooms/[a-z0-9]+)/.*\.(h|cc)$"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class Unit:
    """One source file with its compile command."""

    def __init__(self, entry, build):
        self.entry = entry
        self.path = pathlib.Path(entry["file"])
        self.command = entry["command"].replace(str(build), "BUILD").replace(str(ROOT), "ROOT")
        words = shlex.split(entry["command"])
        self.roots = [pathlib.Path(word[2:]) for word in words if word.startswith("-I")]
        self.name = str(self.path.relative_to(ROOT))
        self.target = re.match(r".*\.dir/", words[words.index("-o") + 1]).group()

    def reached(self):
        """The file and the project headers that it includes, directly or not."""
        found, queue = set(), [self.path]
        while queue:
            path = queue.pop()
            if path not in found:
                found.add(path)
                queue += self.included_by(path)
        return sorted(found)

    def included_by(self, path):
        for name in INCLUDE.findall(text_of(path)):
            for root in [path.parent, *self.roots]:
                if (root / name).is_file():
                    yield (root / name).resolve()
                    break

    def configuration(self):
        """The .clang-tidy of the folder below the root that the file lies in; empty where it has none."""
        own = ROOT / pathlib.Path(self.name).parts[0] / ".clang-tidy"
        return text_of(own) if own.is_file() else ""

    def flags(self):
        """The compile command without a launcher, its input and its output."""
        words = shlex.split(self.entry["command"])
        while not words[0].endswith("clang++"):
            del words[0]
        del words[words.index("-o") : words.index("-o") + 2]
        return [word for word in words if word != "-c" and word != self.entry["file"]]

    def key(self, common):
        digest = hashlib.sha256(common)
        digest.update(self.command.encode())
        digest.update(b"\0" + self.configuration().encode())
        for path in self.reached():
            digest.update(b"\0" + path.name.encode() + b"\0" + text_of(path).encode())
        return digest.hexdigest()


@functools.cache
def text_of(path):
    return path.read_text()


def common_inputs():
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    protos = sorted((ROOT / "proto").rglob("*.proto"))
    return version + b"\0".join(path.read_bytes() for path in [ROOT / ".clang-tidy", *protos])


def batches_of(units):
    """Splits the units into lists of files of one target, with the same flags, that are checked by the same rules."""
    groups = collections.defaultdict(list)
    for unit in units:
        groups[unit.target, unit.configuration(), *unit.flags()].append(unit)
    for group in groups.values():
        for first in range(0, len(group), FILES_AT_ONCE):
            yield group[first : first + FILES_AT_ONCE]


def complaints(batch, folder):
    """Checks the batch as one translation unit in `folder` and returns what clang-tidy reports; empty where it is clean."""
    folder.mkdir()
    # The static analyzer looks into included sources only where the name of the including file says so (clang's
    # AnalysisManager::isInCodeFile).
    source = folder / "UnifiedSource.cc"
    source.write_text("".join(f'#include "{unit.path}"\n' for unit in batch))
    (folder / ".clang-tidy").write_text(batch[0].configuration() or "InheritParentConfig: true\n")
    command = shlex.join([*batch[0].flags(), "-c", str(source)])
    entry = {"directory": batch[0].entry["directory"], "command": command, "file": str(source)}
    (folder / "compile_commands.json").write_text(json.dumps([entry]))
    run = subprocess.run(
        ["clang-tidy", "--quiet", f"-p={folder}", f"--header-filter={HEADER_FILTER}",
         "--checks=-bugprone-suspicious-include", str(source)],
        capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, cache = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    part = sys.argv[3] if len(sys.argv) > 3 else ""
    cache.mkdir(parents=True, exist_ok=True)
    common = common_inputs()

    stamps, clean, dirty = {}, 0, 0
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if ROOT in path.parents and build not in path.parents:
            unit = Unit(entry, build)
            if part in unit.name:
                stamp = cache / unit.key(common)
                if stamp.exists():
                    os.utime(stamp)
                    clean += 1
                else:
                    stamps[unit] = stamp

    print(f"{clean} files are known to be clean, {len(stamps)} to check", flush=True)
    with tempfile.TemporaryDirectory(dir=build) as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {
            pool.submit(complaints, batch, pathlib.Path(folder) / str(number)): batch
            for number, batch in enumerate(batches_of(stamps))
        }
        for run in concurrent.futures.as_completed(runs):
            batch = runs[run]
            names = " ".join(unit.name for unit in batch)
            if run.result():
                dirty += len(batch)
                print(f"{names}:\n{run.result()}", flush=True)
            else:
                clean += len(batch)
                for unit in batch:
                    stamps[unit].touch()
                print(f"{names}: clean", flush=True)
    print(f"looked at {clean + dirty} files, {dirty} in batches that are not clean")
    sys.exit(1 if dirty or not clean else 0)


main()
