"""Checks that what the documents tell a reader to type exists, that their links lead somewhere, and that the tests which
they name are there.

usage: docs.py BINARY

Of every fenced block marked sh, console or bash it takes the lines that call ./dev or credential-broker: each
subcommand and each long flag has to stand in the help text of what it is given to. Links within the
repository have to name a file that is there. A test is named as `tests/h2/x_test.cc::Suite.Name` or
`tests/integration/test_x.py::Class::test_name`.
"""

import functools
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
TEST = re.compile(r"`(tests/[^`:]+)::([^`]+)`")
PROGRAM = re.compile(r"^(?:\./dev|(?:\S*/)?credential-broker)$")
ENDS_A_COMMAND = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "--"}


def documents():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in sorted(set(listed.split())) if (ROOT / name).is_file()]


def commands_of(text):
    """The commands on our two programs in the text's blocks, each as a list of words."""
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").split("\n"):
            lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;<>()")
            lexer.whitespace_split = True
            try:
                words = list(lexer)
            except ValueError:  # output of a program, with a quotation mark in it
                continue
            for start, word in enumerate(words):
                if PROGRAM.match(word) and (start == 0 or words[start - 1] in ENDS_A_COMMAND | {"("}):
                    rest = words[start + 1:]
                    ends = [at for at, word in enumerate(rest) if word in ENDS_A_COMMAND | {")"}]
                    yield [word, *rest[:min(ends, default=len(rest))]]


@functools.cache
def help_of(command):
    run = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    return run.stdout + run.stderr


def wrong_in_dev(words):
    known = dict.fromkeys(re.findall(r"\./dev (\w+)", help_of(("./dev",))))
    if len(words) > 1 and words[1] not in known:
        return f"./dev has no {words[1]}"
    for flag in words[2:]:
        if flag.startswith("--") and not re.search(rf"\./dev {words[1]} {flag}\b", help_of(("./dev",))):
            return f"./dev {words[1]} has no {flag}"
    return None


def wrong_in_broker(binary, words):
    command: tuple[str, ...] = (binary,)
    rest = list(words[1:])
    while rest and re.search(rf"^  {re.escape(rest[0])}\b", help_of(command), re.MULTILINE):
        command += (rest.pop(0),)
    if len(command) == 1 and rest and not rest[0].startswith("-"):
        return f"there is no subcommand {rest[0]}"
    for word in rest:
        flag = word.split("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", flag) and not re.search(rf"(?<![\w-]){flag}\b", help_of(command)):
            return f"{' '.join(command[1:])} has no {flag}"
    return None


def wrong_in_test(file, name):
    if not (ROOT / file).is_file():
        return "there is no such file"
    if file.endswith(".py"):
        patterns = [rf"^ *(?:class|def) {re.escape(part)}\b" for part in name.split("::")]
    else:
        suite, _, test = name.partition(".")
        patterns = [rf"^(?:TYPED_)?TEST(?:_F|_P)?\({re.escape(suite)},\s*{re.escape(test)}\)"]
    text = (ROOT / file).read_text()
    found = all(re.search(pattern, text, re.MULTILINE) for pattern in patterns)
    return None if found else "there is no such test"


def wrong_in(document, binary):
    text = document.read_text()
    for words in commands_of(text):
        wrong = wrong_in_dev(words) if words[0] == "./dev" else wrong_in_broker(binary, words)
        yield ("commands", " ".join(words), wrong)
    for target in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if "://" not in target and not target.startswith("mailto:"):
            yield ("links", target, None if (document.parent / target).exists() else "the link leads nowhere")
    for file, name in TEST.findall(text):
        yield ("tests", f"{file}::{name}", wrong_in_test(file, name))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    looked_at, broken = {"commands": 0, "links": 0, "tests": 0}, 0
    for document in documents():
        for kind, what, wrong in wrong_in(document, sys.argv[1]):
            looked_at[kind] += 1
            if wrong:
                broken += 1
                print(f"{document.relative_to(ROOT)}: \"{what}\": {wrong}")
    counts = ", ".join(f"{count} {kind}" for kind, count in looked_at.items())
    print(f"looked at {sum(looked_at.values())} places in the documents ({counts}), {broken} wrong")
    sys.exit(1 if broken or not all(looked_at.values()) else 0)


main()
