"""`explain` and `log`: what happened, told from the local state; no service is asked."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from seatkeeper import output
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.config import load_config
from seatkeeper.explain import find_story, find_subject, tell
from seatkeeper.live_views import every, follow
from seatkeeper.mapping_folder import open_mappings
from sync.ports import Store, Tx
from sync.state import TrailEntry

_FOLLOW_SECONDS = 0.5
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="A subscription, log, line, operation or change.")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    as_json: AsJson = False,
) -> int:
    """Tell the whole story of a subscription, change log, invoice line or operation."""
    settings = load_config(config, read_secrets=False)
    entity = open_mappings(settings.mappings).entity("subscription")
    store = look_at_store(settings)
    story = find_story(store, subject)
    store.close()
    if story is None:
        return _nothing_known(subject)
    if as_json:
        output.print_json(story.document())
    else:
        for line in tell(story, entity):
            output.say(line)
    return Exit.OK


def _nothing_known(text: str) -> int:
    output.complain(f"Nothing is known of {text}; give the id of a row or a change key.")
    return Exit.ERROR


def log(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ID", help="Only what concerns this.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=_FORMATS, help="From then on, UTC.")
    ] = None,
    follows: Annotated[
        bool, typer.Option("--follow", help="Print what is written from now on, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Print the trail: one line for each thing that was seen, decided, sent or answered."""
    store = look_at_store(load_config(config, read_secrets=False))
    if follows:
        return _follow(store, subject)
    entries = store.tx(lambda tx: _entries(tx, subject))
    store.close()
    if entries is None:
        return _nothing_known(str(subject))
    wanted = [one for one in entries if since is None or one.at >= since.replace(tzinfo=UTC)]
    if as_json:
        output.print_json([_document(one) for one in wanted])
    else:
        for one in wanted:
            told = ", ".join(f"{name}: {value}" for name, value in one.facts.items())
            when = f"{one.at:%Y-%m-%d %H:%M:%S}"
            output.say(f"{one.sequence:>6} {when} {one.subject} {one.event}  {told}".rstrip())
    return Exit.OK


def _follow(store: Store, text: str | None) -> int:
    subject = store.look(lambda tx: find_subject(tx, text) or text.lower()) if text else None
    follow(store, subject, every(_FOLLOW_SECONDS), Console(highlight=False))
    store.close()
    return Exit.OK


def _entries(tx: Tx, text: str | None) -> list[TrailEntry] | None:
    if text is None:
        return tx.read_trail()
    # Some subjects are known by the trail alone, such as a contract or Seatkeeper itself.
    return tx.read_trail(find_subject(tx, text) or text.lower()) or None


def _document(entry: TrailEntry) -> dict[str, object]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "subject": entry.subject,
        "event": entry.event,
        "facts": dict(entry.facts),
    }
