"""`parked`: what is set aside for a person, and what a person does about it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.commands.running import one_cycle
from seatkeeper.commands.sessions import on_a_copy, run_and_go_on
from seatkeeper.config import load_config
from seatkeeper.dossier import find_dossier, tell
from seatkeeper.set_aside import for_a_person, print_parked
from sync.resolving import Choice

app = typer.Typer(help="What is set aside for a person.", no_args_is_help=True)
Subject = Annotated[str, typer.Argument(help="A parked subscription or contract.")]
Again = Annotated[
    bool, typer.Option("--again", help="Set its failed change log to Awaiting Provisioning.")
]
Forget = Annotated[bool, typer.Option("--forget", help="Nothing is to be done about it any more.")]
Rebill = Annotated[bool, typer.Option("--rebill", help="Bill the days of a voided invoice again.")]
Accept = Annotated[
    bool, typer.Option("--accept", help="Take the prices, or the amounts that wait.")
]
Choose = Annotated[
    str | None, typer.Option("--choose", help="What is done: suspend, cancel, skip.")
]
Take = Annotated[
    str | None,
    typer.Option("--take", help="What counts in a conflict: crm, partner_center or a value."),
]
Field = Annotated[
    str | None, typer.Option("--field", help="With --take: only this field of several.")
]


@app.command("list")
def parked_list(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """List what is set aside, with the reason and what to do."""
    store = look_at_store(load_config(config, read_secrets=False))
    parked = for_a_person(store.tx(lambda tx: tx.parked()))
    store.close()
    if as_json:
        output.print_json([asdict(one) for one in parked])
    elif parked:
        print_parked(parked)
    else:
        output.say("Nothing is parked.")
    return Exit.PARKED if parked else Exit.OK


@app.command("show")
def parked_show(
    subject: Subject, config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False
) -> int:
    """Show why one is set aside, both sides' values, what is held back, and the choices."""
    with on_a_copy(load_config(config)) as application:
        dossier = find_dossier(application, subject)
    if dossier is None:
        output.complain(f"{subject} is not parked.")
        return Exit.ERROR
    if as_json:
        output.print_json(asdict(dossier))
    else:
        for line in tell(dossier):
            output.say(line)
    return Exit.PARKED


@app.command("retry")
def parked_retry(
    subject: Annotated[str | None, typer.Argument(help="Only this one; else all.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> int:
    """Look at everything parked again, or at one, now."""
    return _ask_and_work(config, "parked retry", {"subject": subject and subject.lower()})


@app.command("resolve")
def parked_resolve(  # noqa: PLR0913  # every argument is an option of the command line
    subject: Subject,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    again: Again = False,
    forget: Forget = False,
    rebill: Rebill = False,
    accept: Accept = False,
    choose: Choose = None,
    take: Take = None,
    field: Field = None,
) -> int:
    """Say that the cause is mended, or what to do instead; `parked show` has the choices."""
    given = {
        Choice.AGAIN: again,
        Choice.FORGET: forget,
        Choice.REBILL: rebill,
        Choice.ACCEPT: accept,
    }
    choice = _one_choice(given, choose, take)
    if field and take is None:
        raise typer.BadParameter("--field goes with --take.")
    argument = {"subject": subject.lower(), "choice": choice.value, "take": take, "field": field}
    return _ask_and_work(config, "parked resolve", argument)


def _one_choice(given: Mapping[Choice, bool], choose: str | None, take: str | None) -> Choice:
    """Return the choice that was given; a look when there is none."""
    chosen = [one for one, is_given in given.items() if is_given]
    chosen += [_chosen(choose)] if choose else []
    chosen += [Choice.TAKE] if take is not None else []
    if len(chosen) > 1:
        raise typer.BadParameter("--again, --forget, --rebill, --accept, --choose, --take: one.")
    return chosen[0] if chosen else Choice.LOOK


_CHOOSE = (Choice.SUSPEND, Choice.CANCEL, Choice.SKIP)


def _chosen(text: str) -> Choice:
    found = [one for one in _CHOOSE if one == text]
    if not found:
        raise typer.BadParameter(f"--choose takes one of: {', '.join(_CHOOSE)}.")
    return found[0]


def _ask_and_work(config: ConfigFile, verb: str, argument: Mapping[str, str | None]) -> int:
    """Run a command under the lock and then a cycle, or have the running daemon do both."""
    results, code = run_and_go_on(load_config(config), verb, argument, one_cycle)
    for told in results:
        if "said" in told:
            output.say(str(told["said"]))
    return code
