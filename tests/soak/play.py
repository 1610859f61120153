"""`make soak`: a day of 10,000 changes amid failing services; what was measured is written down.

`CHANGES=1000` plays fewer, `MINUTES=10` until the time is over.
"""

import io
import os
import sys
import tempfile
from pathlib import Path

from seatkeeper import logs
from tests.soak.soak import Figures, Soak
from tests.soak.towns import remote

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- measured by make soak -->", "<!-- end of the soak -->"
WHOLE = 10_000
SUBSCRIPTIONS = 5_000
"""Two changes each: a long history of few subscriptions would be read again and again."""
MOST_GROWTH_PERCENT = 2.0


class Nothing(io.StringIO):
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def rows(figures: Figures) -> list[tuple[str, str]]:
    """Return what was measured, in words."""
    megabytes = [one / 2**20 for one in figures.resident]
    warm = len(megabytes) // 5
    return [
        ("changes", f"{figures.changes:,}"),
        ("change logs", f"{figures.logs:,}"),
        ("licences that are not as Dynamics says, at the end", str(len(figures.unequal))),
        ("work left", "yes" if figures.left else "none"),
        ("memory after the warming-up (the first fifth)", f"{megabytes[warm]:.1f} MiB"),
        ("memory at the end", f"{megabytes[-1]:.1f} MiB"),
        ("growth, medians of a tenth each", f"{figures.growth_percent():+.2f} %"),
        ("open files, after the warming-up and at the end", both(figures.files)),
        ("threads, likewise", both(figures.threads)),
        ("state file, for each change", f"{figures.state_bytes_per_change() / 1024:.1f} KiB"),
        ("time", f"{figures.seconds / 60:.0f} minutes"),
    ]


def both(values: list[int]) -> str:
    return f"{values[len(values) // 5]}, {values[-1]}"


def is_good(figures: Figures) -> bool:
    warm = len(figures.files) // 5
    return (
        not figures.left
        and not figures.unequal
        and figures.logs == figures.changes
        and figures.growth_percent() < MOST_GROWTH_PERCENT
        and figures.files[-1] <= max(figures.files[:warm])
        and figures.threads[-1] <= max(figures.threads[:warm])
    )


def write(table: str) -> None:
    """Put the table into the document, between its marks."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        PAGE.write_text(f"{before}{begin}\n\n{table}\n{end}{after}", encoding="utf-8")


def main() -> int:
    changes = int(os.environ.get("CHANGES") or WHOLE)
    minutes = float(os.environ.get("MINUTES") or "inf")
    logs.configure(Nothing())
    with (
        tempfile.TemporaryDirectory() as folder,
        remote(Path(folder), SUBSCRIPTIONS) as (town, application),
    ):
        figures = Soak(town, application).play(changes, minutes)
        tell(figures)  # before anything is taken down
    return 0 if is_good(figures) else 1


def tell(figures: Figures) -> None:
    """Print what was measured, and write it down."""
    lines = [f"| {what} | {value} |\n" for what, value in rows(figures)]
    table = "".join(["| what | measured |\n", "|---|---|\n", *lines])
    sys.stdout.write(table)
    write(table)


if __name__ == "__main__":
    sys.exit(main())
