"""`plan`, `status`, `check`: they take no lock and write nothing (rules.md 2.14)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from seatkeeper import checks, output
from seatkeeper.bootstrap import look_at_store, meet
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.commands.sessions import on_a_copy
from seatkeeper.config import load_config
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.set_aside import for_a_person, outside, print_parked
from sync import guard_memory
from sync.paused import paused_since
from sync.preview import preview


def plan(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """Print what would be done; change nothing. Exit code 2 when there is something."""
    with on_a_copy(load_config(config)) as application:
        meet(application)
        document = preview(application.engine)
        since = application.store.tx(paused_since)
    changes = document["changes"]
    if as_json:
        output.print_json(document)
    else:
        _print_plan(document)
        _print_standing(application.config.mode, since)
    if changes:
        return Exit.CHANGES
    return Exit.GUARD if document["guards"] else Exit.OK


def _print_plan(document: Mapping[str, Any]) -> None:
    for alarm in document["guards"]:
        output.say(f"guard {alarm['code']}: {alarm['sentence']}")
    changes = document["changes"]
    if not isinstance(changes, list) or not changes:
        output.say("Nothing to do.")
        return
    for change in changes:
        output.say(
            f"{change['subscription']}  {change['transition'] or '-'}"
            f"  effective {change['effective_on'] or '-'}"
        )
        for word in ("reason", "refused"):
            if change[word]:
                output.say(f"  {word}: {change[word]}")
        for one in change["operations"]:
            output.say(f"  {one['service']}: {one['action']} {one['target']}")
        for line in change["lines"]:
            output.say(f"  {line['kind']} {line['amount']}: {line['explanation']}")
    output.say(f"plan {document['hash']}")


def _print_standing(mode: str, since: str) -> None:
    """Say why nothing of a plan is done, if so."""
    if mode == "observe":
        output.say("mode is observe: nothing of this is done; it waits until mode is apply")
    if since:
        output.say(f"paused since {since}: nothing is sent; it waits until `seatkeeper resume`")


def status(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """Tell on one screen how things stand; 3 for a guard, 4 for parked work. Needs no service."""
    settings = load_config(config)
    mappings = open_mappings(settings.mappings)
    store = look_at_store(settings)
    counts, alarms, all_parked, meta, since = store.tx(
        lambda tx: (
            tx.counts(),
            guard_memory.alarms(tx),
            tx.parked(),
            {name: tx.meta(name) for name in ("organisation", "last_success")},
            paused_since(tx),
        )
    )
    store.close()
    parked = for_a_person(all_parked)
    facts: dict[str, object] = {
        "mode": settings.mode,
        "paused_since": since or None,
        **meta,
        **asdict(counts),
        "parked": len(parked),
        "out_of_scope": len(outside(all_parked)),
        "guard": ", ".join(one.code for one in alarms) or None,
        "mapping_hash": mappings.hash,
    }
    if as_json:
        output.print_json({**facts, "parked_subjects": [asdict(one) for one in parked]})
    else:
        output.print_table("Seatkeeper", ("what", "value"), facts.items())
        print_parked(parked)
        for alarm in alarms:
            output.say(f"A guard tripped, nothing is sent: {alarm.sentence}")
    if alarms:
        return Exit.GUARD
    return Exit.PARKED if parked else Exit.OK


def check(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """Check configuration, sign-in, tables and columns; all findings at once."""
    with on_a_copy(load_config(config)) as application:
        results = checks.check(application)
    if as_json:
        output.print_json([asdict(one) for one in results])
    else:
        rows = (("ok" if one.ok else "WRONG", one.what, one.told) for one in results)
        output.print_table("Check", ("", "what", "found"), rows)
    if any(one.sign_in for one in results):
        return Exit.SIGN_IN
    return Exit.OK if all(one.ok for one in results) else Exit.CONFIGURATION
