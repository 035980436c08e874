"""Writes docs/benchmarks.md, its plots, and the README's short table, from what the sections left in build/bench/results."""

import datetime

from measure import machine
from report import Section, targets_table

# In the README; what stands between them is the bench's.
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"

# A load average from which on the machine does more than this.
BUSY = 3

INTRODUCTION = """# Benchmarks

Written by `./dev bench --write-docs`, which measures all of this anew in six minutes; `./dev bench NAME` measures one
section. Everything runs on one machine over loopback, load and servers on the same cores, every server in turn in every
round; a figure is the median of the rounds. Trust the ratios, and CPU a call (all threads' run time, of `/proc`), more than
calls a second. The yardsticks are what a team would write by hand: a bare grpc++ 1.51 callback server
([tests/bench/grpcpp_server.cc](../tests/bench/grpcpp_server.cc)) and a bare grpc-go one
([tests/go/bench_server](../tests/go/bench_server/main.go)); they check nothing."""


def write(root, results, names):
    sections = [Section.load_from(results / f"{n}.json") for n in names if (results / f"{n}.json").exists()]
    missing = [n for n in names if not (results / f"{n}.json").exists()]
    loads = [s.load for s in sections]
    beside = ", **with other programs running beside it**" if max(loads) > BUSY else ""
    parts = [
        INTRODUCTION,
        (f"Measured on {datetime.datetime.now(datetime.UTC).date().isoformat()}: {machine()}; load average before a section "
         f"{min(loads):.1f} to {max(loads):.1f}{beside}."),
        "## Targets",
        targets_table([t for s in sections for t in s.targets]),
    ]
    if missing:
        parts.append("Not measured: " + ", ".join(missing) + ".")
    for section in sections:
        parts.append(section.markdown(with_targets=False))
        for name, svg in section.plots.items():
            (root / "docs" / name).write_text(svg)
            parts.append(f"![{svg.split('<title>')[1].split('</title>')[0]}]({name})")
    (root / "docs/benchmarks.md").write_text("\n\n".join(parts) + "\n")
    _write_readme(root / "README.md", sections, beside)


def _write_readme(path, sections, beside):
    """Replaces what stands between the markers."""
    targets = [t for s in sections for t in s.targets if "grpc-go" not in t.what]
    text = path.read_text()
    before, found, rest = text.partition(BEGIN)
    if not found:
        raise RuntimeError(f"no {BEGIN} in {path}")
    rest = rest.partition(END)[2] if END in rest else rest
    table = targets_table(targets)
    path.write_text(f"{before}{BEGIN}\n\nMeasured against bare servers that check nothing{beside}; all of it, with the "
                    f"commands, in [docs/benchmarks.md](docs/benchmarks.md):\n\n{table}\n\n{END}{rest}")  # fmt: skip
