"""What terminal people look at: `status --watch` and `log --follow`, drawn by rich.

Elsewhere than on a terminal both print plain lines, one for each thing that changed.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sync.ports import Store, Tx
from sync.scope import OUTSIDE
from sync.standing import Standing, read_standing
from sync.state import Parked, TrailEntry

_BLOCKS = (
    " \N{LOWER ONE EIGHTH BLOCK}\N{LOWER ONE QUARTER BLOCK}\N{LOWER HALF BLOCK}"
    "\N{LOWER THREE QUARTERS BLOCK}\N{FULL BLOCK}"
)
_SHOWN = 8
_STYLES = {
    "seen": "cyan",
    "decided": "bold",
    "owed": "magenta",
    "provider answered": "green",
    "dataverse answered": "green",
    "parked": "bold red",
    "refused": "red",
    "not done": "red",
    "command": "yellow",
}


def every(seconds: float) -> Callable[[], bool]:
    """Return a pause of so many seconds that goes on until Ctrl-C."""

    def pause() -> bool:
        try:
            time.sleep(seconds)
        except KeyboardInterrupt:
            return False
        return True

    return pause


def watch_status(
    store: Store, facts: Mapping[str, str], pause: Callable[[], bool], console: Console
) -> None:
    """Show how things stand until `pause` says that it is enough."""
    if not console.is_terminal:
        _print_changes(store, pause, console)
        return
    with Live(_screen(store, facts), console=console, screen=False, auto_refresh=False) as live:
        while pause():
            live.update(_screen(store, facts), refresh=True)


def _print_changes(store: Store, pause: Callable[[], bool], console: Console) -> None:
    before = ""
    while True:
        told = line(store.look(read_standing))
        if told != before:
            console.print(told, markup=False, soft_wrap=True)
        before = told
        if not pause():
            return


def line(standing: Standing) -> str:
    """Tell how things stand in one line."""
    guard = ", ".join(alarm.code for alarm in standing.alarms) or "ok"
    told = (
        f"read {_moment(standing.last_poll)}",
        f"waiting {standing.counts.waiting}",
        f"pending {standing.counts.open_operations}",
        f"parked {for_a_person(standing)}",
        f"guard {guard}",
    )
    paused = [f"paused since {_moment(standing.paused_since)}"] if standing.paused_since else []
    trouble = [f"trouble: {standing.trouble.sentence}"] if standing.trouble else []
    return "  ".join([*told, *paused, *trouble])


def for_a_person(standing: Standing) -> int:
    """Count what waits for a person."""
    return sum(number for code, number in standing.parked.items() if code != OUTSIDE.code)


def _screen(store: Store, facts: Mapping[str, str]) -> RenderableType:
    standing, parked, hours = store.look(_read)
    parts: list[RenderableType] = [Panel(_figures(standing, facts, hours), title="Seatkeeper")]
    parts += [Panel(Text(one.sentence), title=one.code, style="red") for one in standing.alarms]
    if standing.trouble:
        parts.append(Panel(Text(standing.trouble.sentence), title="trouble", style="red"))
    if parked:
        parts.append(_parked(parked, for_a_person(standing)))
    return Group(*parts, Text("Ctrl-C ends.", style="dim"))


def _read(tx: Tx) -> tuple[Standing, list[Parked], list[int]]:
    standing = read_standing(tx)
    parked = [one for one in tx.page_parked(limit=_SHOWN * 4) if one.code != OUTSIDE.code]
    return standing, parked[:_SHOWN], _hours(tx, standing.last_poll)


def _hours(tx: Tx, now: datetime | None) -> list[int]:
    """Count the changes of today, by hour."""
    if now is None:
        return []
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return tx.changes_between([midnight + timedelta(hours=one) for one in range(now.hour + 2)])


def spark(counts: list[int]) -> str:
    """Draw counts as blocks; the highest is a full one."""
    most = max([*counts, 1])
    return "".join(_BLOCKS[-(-count * (len(_BLOCKS) - 1) // most)] for count in counts)


def _figures(standing: Standing, facts: Mapping[str, str], hours: list[int]) -> Table:
    grid = Table.grid(padding=(0, 3))
    parked = for_a_person(standing)
    guard = ", ".join(alarm.code for alarm in standing.alarms) or "ok"
    rows: tuple[tuple[str, str, str], ...] = (
        ("mode", facts.get("mode", ""), ""),
        ("paused", _moment(standing.paused_since) if standing.paused_since else "no", ""),
        ("last read", _moment(standing.last_poll), ""),
        ("all worked", _moment(standing.last_success), ""),
        ("subscriptions", f"{standing.counts.subscriptions:,}", ""),
        ("changes waiting", str(standing.counts.waiting), ""),
        ("writes pending", str(standing.counts.open_operations), ""),
        ("parked", str(parked), "bold red" if parked else "green"),
        ("guard", guard, "bold red" if standing.alarms else "green"),
        ("changes today", f"{sum(hours)}  {spark(hours)}", "cyan"),
    )
    for name, value, style in rows:
        grid.add_row(Text(name, style="dim"), Text(value, style=style))
    return grid


def _parked(parked: list[Parked], number: int) -> Table:
    table = Table(title=f"Parked ({number})", title_justify="left", expand=True)
    for name in ("subject", "code", "since", "why"):
        table.add_column(name, overflow="fold")
    for one in parked:
        table.add_row(*map(Text, (one.subject, one.code, _moment(one.since), one.reason)))
    return table


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "never"


# --- the trail ----------------------------------------------------------------------------------


def follow(store: Store, subject: str | None, pause: Callable[[], bool], console: Console) -> None:
    """Print what is written to the trail from now on, until `pause` says that it is enough."""
    last = store.look(lambda tx: tx.trail_end())
    while pause():
        for entry in _later(store, last):
            last = entry.sequence
            if subject in (None, entry.subject):
                console.print(styled(entry), soft_wrap=True)


def _later(store: Store, last: int) -> Iterator[TrailEntry]:
    while True:
        begin = last
        found = store.look(lambda tx, begin=begin: tx.trail_after(begin))  # type: ignore[misc]  # bound now
        if not found:
            return
        yield from found
        last = found[-1].sequence


def styled(entry: TrailEntry) -> Text:
    """Write an entry as `log` does, with its event in a colour."""
    told = ", ".join(f"{name}: {value}" for name, value in entry.facts.items())
    return Text.assemble(
        (f"{entry.sequence:>6} ", "dim"),
        f"{entry.at:%Y-%m-%d %H:%M:%S} ",
        (f"{entry.subject} ", "dim"),
        (entry.event, _STYLES.get(entry.event, "")),
        f"  {told}".rstrip(),
    )
