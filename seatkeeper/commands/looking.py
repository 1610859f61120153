"""`plan` and `check`: they take no lock and write nothing (rules.md 2.14)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from seatkeeper import output
from seatkeeper.bootstrap import meet
from seatkeeper.check_results import CheckResult
from seatkeeper.checking import Asked, check_all
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.commands.sessions import on_a_copy
from seatkeeper.config import load_config
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
        _print_change(change)
    output.say(f"plan {document['hash']}")


def _print_change(change: Mapping[str, Any]) -> None:
    output.say(
        f"{change['subscription']}  {change['transition'] or '-'}"
        f"  effective {change['effective_on'] or '-'}"
    )
    for word in ("reason", "refused", "consequences"):
        if change[word]:
            output.say(f"  {word}: {change[word]}")
    for side in change["sides"]:
        held = f"Dynamics {side['crm']}, Partner Center {side['partner_center']}"
        output.say(f"  {side['field']}: {held}: {side['reason']}")
    for one in change["operations"]:
        output.say(f"  {one['service']}: {one['action']} {one['target']}")
    for line in change["lines"]:
        output.say(f"  {line['kind']} {line['amount']}: {line['explanation']}")


def _print_standing(mode: str, since: str) -> None:
    """Say why nothing of a plan is done, if so."""
    if mode == "observe":
        output.say("mode is observe: nothing of this is done; it waits until mode is apply")
    if since:
        output.say(f"paused since {since}: nothing is sent; it waits until `seatkeeper resume`")


def check(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no service.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check configuration, machine, sign-in, rights, tables and columns; all findings at once."""
    return tell_check(check_all(Asked(config=config, offline=offline)), as_json=as_json)


def tell_check(results: Sequence[CheckResult], *, as_json: bool = False) -> int:
    """Print what was found; return the exit code."""
    if as_json:
        output.print_json([asdict(one) for one in results])
    else:
        for one in results:
            output.say(f"{_word(one):6}{one.what}: {one.told}")
    wrong = [one for one in results if not one.ok]
    if any(one.sign_in for one in wrong):
        return Exit.SIGN_IN
    if all(one.temporary for one in wrong):
        return Exit.TEMPORARY if wrong else Exit.OK
    return Exit.CONFIGURATION


def _word(result: CheckResult) -> str:
    if not result.ok:
        return "WRONG"
    return "note" if result.note else "ok"
