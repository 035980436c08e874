"""Writes what the chart's values.schema.json implies: values.yaml, and the table of values in the chart's README.md.

usage: chart_readme.py [--check]

The schema holds the description and the default of each value, so that they are written once. --check writes nothing,
and fails if a file differs from what would be written.
"""

import argparse
import json
import pathlib
import re
import sys
import textwrap

import yaml

CHART = pathlib.Path(__file__).resolve().parent.parent / "helm/credential-broker"
MARKS = ("<!-- values -->\n", "<!-- /values -->\n")
WIDTH = 120


def values_of(schema, path=()):
    """(path, schema) of every value, sections before what they contain."""
    for name, value in schema.get("properties", {}).items():
        yield (*path, name), value
        yield from values_of(value, (*path, name))


def is_section(value):
    return "properties" in value


def default_of(schema):
    """The default of a value; of a section, those of all values in it."""
    if not is_section(schema):
        return schema["default"]
    return {name: default_of(value) for name, value in schema["properties"].items()}


def to_yaml(value):
    if isinstance(value, str):
        plain = re.fullmatch(r"[A-Za-z][\w.:/-]*", value) and yaml.safe_load(value) == value
        return value if plain else json.dumps(value)
    text = yaml.safe_dump(value, default_flow_style=not value, sort_keys=False, width=WIDTH)
    return text.removesuffix("...\n").strip()


def values_file(schema):
    lines = [
        "# Values of the chart credential-broker, with their defaults.",
        "# Written by tools/chart_readme.py from values.schema.json: change that file, and run the tool.",
    ]
    for path, value in values_of(schema):
        # What only passes through the chart needs no line.
        if path == ("global",):
            continue
        indent = "  " * (len(path) - 1)
        comment = textwrap.wrap(value["description"].replace("`", "") + ".", WIDTH - len(indent) - 2)
        lines += [""] * (len(path) == 1) + [f"{indent}# {line}" for line in comment]
        default = None if is_section(value) else value["default"]
        if is_section(value) or (default and isinstance(default, (dict, list))):
            lines.append(f"{indent}{path[-1]}:")
            if default:
                lines += textwrap.indent(to_yaml(default), indent + "  ").split("\n")
        else:
            lines.append(f"{indent}{path[-1]}: {to_yaml(default)}")
    return "\n".join(lines) + "\n"


def table(schema):
    rows = ["| Value | Default | Description |", "|---|---|---|"]
    for path, value in values_of(schema):
        default = "" if is_section(value) else f"`{json.dumps(value['default'], ensure_ascii=False)}`"
        rows.append(f"| `{'.'.join(path)}` | {default} | {value['description']} |")
    return "\n".join(rows) + "\n"


def with_table(readme, schema):
    before, rest = readme.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    return before + MARKS[0] + "\n" + table(schema) + "\n" + MARKS[1] + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail if a file is not in step with the schema")
    check = parser.parse_args().check
    schema = json.loads((CHART / "values.schema.json").read_text())
    readme = CHART / "README.md"
    outdated = []
    for file, text in ((CHART / "values.yaml", values_file(schema)), (readme, with_table(readme.read_text(), schema))):
        if not file.exists() or file.read_text() != text:
            outdated.append(file.relative_to(CHART.parent.parent))
            if not check:
                file.write_text(text)
    if check and outdated:
        sys.exit(f"{', '.join(map(str, outdated))}: not in step with values.schema.json; run tools/chart_readme.py")


main()
