"""What a section of the benchmark found, as data: kept as JSON, so that documents can be written of a later run too."""

import dataclasses
import json


@dataclasses.dataclass
class Table:
    title: str
    columns: list
    rows: list  # of lists of text

    def markdown(self):
        lines = [f"**{self.title}**", ""] if self.title else []
        lines += ["| " + " | ".join(self.columns) + " |", "|---|" + "---:|" * (len(self.columns) - 1)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines)


@dataclasses.dataclass
class Target:
    """One line of what was to be reached."""

    what: str
    target: str
    measured: str
    met: bool


@dataclasses.dataclass
class Section:
    name: str  # as in ./dev bench NAME
    title: str
    text: str = ""
    tables: list = dataclasses.field(default_factory=list)
    targets: list = dataclasses.field(default_factory=list)
    plots: dict = dataclasses.field(default_factory=dict)  # file name -> SVG
    load: float = 0.0  # of the machine when it began

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def load_from(cls, path):
        data = json.loads(path.read_text())
        data["tables"] = [Table(**table) for table in data["tables"]]
        data["targets"] = [Target(**target) for target in data["targets"]]
        return cls(**data)

    def markdown(self, with_targets=True):
        parts = [f"## {self.title}", f"`./dev bench {self.name}`"]
        if self.text:
            parts.append(self.text)
        if self.targets and with_targets:
            parts.append(targets_table(self.targets))
        parts += [table.markdown() for table in self.tables]
        return "\n\n".join(parts)


def targets_table(targets):
    rows = [[t.what, t.target, t.measured, "met" if t.met else "**missed**"] for t in targets]
    return Table("", ["what", "target", "measured", ""], rows).markdown()


def side_by_side(title, rows, base):
    """`rows` {server: {figure: number}}, each with its ratio to that of `base`."""
    keys = list(next(iter(rows.values())))
    cells = [
        [name, *(f"{row[key]:,.1f} ({row[key] / rows[base][key]:.2f}×)" for key in keys)] for name, row in rows.items()
    ]
    return Table(title, ["server", *keys], cells)


def at_most(what, value, limit, unit="×"):
    return Target(what, f"≤ {limit:g}{unit}", f"{value:.2f}{unit}" if unit == "×" else f"{value:,.1f}{unit}",
                  value <= limit)  # fmt: skip


def at_least(what, value, limit, unit="×"):
    return Target(what, f"≥ {limit:g}{unit}", f"{value:.2f}{unit}", value >= limit)
