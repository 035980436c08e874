"""Checks the bans of tools/rules.toml over the project's files."""

import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def to_regex(glob):
    """`**/` is any folders, none among them; `**` any rest; `*` stays within one folder."""
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(pieces.get(p, re.escape(p)) for p in re.split(r"(\*\*/|\*\*|\*)", glob)))


def project_files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(listed.split("\n")) if (ROOT / name).is_file())


def broken_by(rule, names):
    """Every line that breaks the rule, every exception that no file needs any more, every pattern that no file matches."""
    pattern = re.compile(rule["pattern"])
    where = [to_regex(glob) for glob in rule["where"]]
    allowed = {glob: to_regex(glob) for glob in rule["allowed"]}
    unused = set(allowed)
    for glob, regex in zip(rule["where"], where, strict=True):
        if not any(regex.fullmatch(name) for name in names):
            yield f"tools/rules.toml: {rule['name']}: no file matches {glob}"
    for name in names:
        if not any(glob.fullmatch(name) for glob in where):
            continue
        text = (ROOT / name).read_text(errors="replace")
        lines = [number for number, line in enumerate(text.split("\n"), 1) if pattern.search(line)]
        allowing = {glob for glob, regex in allowed.items() if regex.fullmatch(name)}
        if lines and allowing:
            unused -= allowing
        else:
            yield from (f"{name}:{number}: {rule['name']}: {rule['why']}" for number in lines)
    yield from (f"tools/rules.toml: {rule['name']}: nothing in {glob} needs to be allowed" for glob in sorted(unused))


def main():
    names = project_files()
    rules = tomllib.loads((ROOT / "tools/rules.toml").read_text())["rule"]
    broken = []
    for rule in rules:
        found = list(broken_by(rule, names))
        print(f"{'ok     ' if not found else 'BROKEN '} {rule['name']}")
        broken += found
    print("\n".join(broken))
    print(f"looked at {len(rules)} rules, {len(broken)} places where one is broken")
    sys.exit(1 if broken else 0)


main()
