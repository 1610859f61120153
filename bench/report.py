"""What was measured, as tables: on the terminal and between the markers of a document."""

from collections.abc import Sequence
from dataclasses import dataclass
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
