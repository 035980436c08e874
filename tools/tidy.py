"""Runs clang-tidy over src/ and tests/, on every core, and remembers what was clean.

usage: tidy.py BUILD_DIR CACHE_DIR [PART_OF_A_PATH]

A file that was clean is not looked at again until something that its result hangs on changes: its text, the
project headers that it reaches, the API's .proto files, .clang-tidy, its compile command, clang-tidy itself.
"""

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

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class Unit:
    """One source file with its compile command."""

    def __init__(self, entry, build):
        self.path = pathlib.Path(entry["file"])
        self.command = entry["command"].replace(str(build), "BUILD").replace(str(ROOT), "ROOT")
        words = shlex.split(entry["command"])
        self.roots = [pathlib.Path(word[2:]) for word in words if word.startswith("-I")]
        self.name = str(self.path.relative_to(ROOT))

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

    def configurations(self):
        """The .clang-tidy of the folders below the root that the file lies in."""
        folders = [folder for folder in self.path.parents if ROOT in folder.parents]
        return [folder / ".clang-tidy" for folder in folders if (folder / ".clang-tidy").is_file()]

    def key(self, common):
        digest = hashlib.sha256(common)
        digest.update(self.command.encode())
        for path in self.configurations():
            digest.update(b"\0" + text_of(path).encode())
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


def complaints(unit, build):
    """What clang-tidy says against the file; empty where it is clean."""
    run = subprocess.run(
        ["clang-tidy", "--quiet", f"-p={build}", str(unit.path)],
        capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, cache = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    part = sys.argv[3] if len(sys.argv) > 3 else ""
    cache.mkdir(parents=True, exist_ok=True)
    common = common_inputs()

    todo, clean, dirty = [], 0, 0
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
                    todo.append((unit, stamp))

    print(f"{clean} files are known to be clean, {len(todo)} to look at", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(complaints, unit, build): (unit, stamp) for unit, stamp in todo}
        for run in concurrent.futures.as_completed(runs):
            unit, stamp = runs[run]
            if run.result():
                dirty += 1
                print(f"{unit.name}:\n{run.result()}", flush=True)
            else:
                clean += 1
                stamp.touch()
                print(f"{unit.name}: clean", flush=True)
    print(f"{clean} files clean, {dirty} not")
    sys.exit(1 if dirty or not clean else 0)


main()
