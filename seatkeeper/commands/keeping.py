"""`backup`, `restore` and `verify`: keep the state, put it back, and judge it."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.config import load_config
from seatkeeper.holding import hold_state
from seatkeeper.kept_states import back_up, put_back
from seatkeeper.verify import verify as judge
from store.backup import Kept

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(
    file: BackupFile, config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False
) -> int:
    """Copy the state to a file while the daemon runs; a file that is there is replaced."""
    kept = back_up(load_config(config, read_secrets=False), file)
    if as_json:
        output.print_json(_document(kept))
    else:
        output.say(f"{file} holds {_words(kept)}.")
    return Exit.OK


def restore(file: BackupFile, config: ConfigFile = DEFAULT_CONFIG) -> int:
    """Put a backup in the place of the state; the daemon must be stopped."""
    settings = load_config(config, read_secrets=False)
    now = datetime.now(UTC)  # noqa: TID251  # no service is asked; it only names and dates
    with hold_state(settings) as holding:
        kept, replaced = put_back(settings, file, holding, now)
    output.say(f"{settings.state_name} holds {_words(kept)} again.")
    if replaced:
        output.say(f"The state before it is kept as {replaced}.")
    output.say("At the next start unfinished work is verified first; change logs tell the rest.")
    return Exit.OK


def verify(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """Judge the state file, the trail and the invariants; all findings at once."""
    findings = judge(load_config(config))
    if as_json:
        output.print_json([asdict(one) for one in findings])
    elif findings:
        rows = (
            ("BROKEN" if one.broken else "note", one.what, one.subject, one.told)
            for one in findings
        )
        output.print_table("Verify", ("", "what", "of", "found"), rows)
    else:
        output.say("The state file, the trail and the invariants are whole.")
    return Exit.ERROR if any(one.broken for one in findings) else Exit.OK


def _words(kept: Kept) -> str:
    return f"{kept.rows} rows, the trail up to {kept.last_sequence}"


def _document(kept: Kept) -> dict[str, object]:
    return {
        "file": str(kept.path),
        "rows": kept.rows,
        "last_sequence": kept.last_sequence,
        "organisation": kept.organisation,
    }
