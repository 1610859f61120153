"""What was measured, as tables: on the terminal and between the markers of a document."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

BEGIN = "<!-- bench: begin; written by `python -m bench --write` -->"
END = "<!-- bench: end -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target of the project beside what was measured."""

    name: str
    measured: str
    target: str
    met: bool

    def cells(self) -> tuple[str, ...]:
        return (self.name, self.measured, self.target, "yes" if self.met else "NO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a heading, and remarks under it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def verdicts(found: Sequence[Verdict]) -> Table:
    """Return the table that says which targets are met."""
    return Table(
        title="Targets",
        head=("what", "measured", "target", "met"),
        rows=tuple(one.cells() for one in found),
    )


def text(table: Table) -> str:
    """Render a table as Markdown whose columns stand in line."""
    rows = [table.head, *table.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.head))]
    lines = [_line(row, widths) for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    remarks = ["", *table.remarks] if table.remarks else []
    return "\n".join([f"### {table.title}", "", lines[0], rule, *lines[1:], *remarks])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def document(machine: Sequence[str], tables: Sequence[Table]) -> str:
    """Return everything that was measured."""
    parts = ["\n".join(f"- {line}" for line in machine), *(text(table) for table in tables)]
    return "\n\n".join(parts)


def write(path: Path, found: str) -> None:
    """Replace what stands between the markers. Raise ValueError when they are not there."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no markers to write between")
    path.write_text(f"{before}{BEGIN}\n\n{found}\n\n{END}{after}")


def update(path: Path, machine: Sequence[str], tables: Sequence[Table]) -> None:
    """Replace only these tables, and their rows among the targets; each says when it was made.

    Raise ValueError when the markers are not there.
    """
    found = path.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    head, *parts = found.split("\n\n### ")
    standing = {part.partition("\n")[0]: f"### {part}" for part in parts}
    targets, *others = tables
    standing[targets.title] = _with_rows(standing, targets)
    dated = (replace(one, remarks=(*one.remarks, "; ".join(machine))) for one in others)
    standing |= {one.title: text(one) for one in dated}
    write(path, "\n\n".join([head, *standing.values()]))


def _with_rows(standing: Mapping[str, str], targets: Table) -> str:
    """Put rows in the place of those that are for the same thing in another number."""
    rows = [_cells(line) for line in standing.get(targets.title, "").splitlines()[4:]]
    new = {_named(row): row for row in targets.rows}
    kept = [new.pop(_named(row), row) for row in rows]
    return text(replace(targets, rows=(*kept, *new.values())))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


def _named(row: Sequence[str]) -> str:
    return re.sub(r"[\d,]+", "", row[0])
