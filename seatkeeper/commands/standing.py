"""`status`: how things stand, from the local state alone (rules.md 2.14)."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seatkeeper import output
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.config import load_config
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.set_aside import print_parked
from seatkeeper.status_facts import read_stored, status_facts
from seatkeeper.yaml_files import ConfigurationError

_WATCH_SECONDS = 2.0


def status(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep the screen up to date until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Tell on one screen how things stand; 3 for a guard, 4 for parked work. Needs no service."""
    settings = load_config(config, read_secrets=False)
    mappings = _mapping_hash(settings.mappings)
    store = look_at_store(settings)
    if watch:
        # Lazy: a single look needs no live screen.
        from seatkeeper.live_views import every, watch_status  # noqa: PLC0415

        watch_status(store, {"mode": settings.mode}, every(_WATCH_SECONDS), Console())
    stored = store.look(read_stored)
    store.close()
    facts, parked = status_facts(settings, stored, mappings), stored.for_a_person
    if as_json:
        output.print_json({**facts, "parked_subjects": [asdict(one) for one in parked]})
    else:
        output.print_table("Seatkeeper", ("what", "value"), facts.items())
        print_parked(parked)
        for alarm in stored.alarms:
            output.say(f"A guard tripped, nothing is sent: {alarm.sentence}")
    if stored.alarms:
        return Exit.GUARD
    return Exit.PARKED if parked else Exit.OK


def _mapping_hash(folder: Path | None) -> str:
    """Return the hash of the mapping files; files that cannot be used hide nothing else."""
    try:
        return open_mappings(folder).hash
    except ConfigurationError as error:
        output.complain(
            f"The mapping files cannot be used; a daemon keeps its earlier ones.\n{error}"
        )
        return ""
