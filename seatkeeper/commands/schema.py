"""`schema install`: make the tables that Seatkeeper needs in Dynamics."""

from pathlib import Path
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.bootstrap import definitions
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.config import load_config
from seatkeeper.effects import RealEffects
from seatkeeper.installing import Place, install
from seatkeeper.schema_file import open_schema, refused
from seatkeeper.solution_file import write_solution
from seatkeeper.yaml_files import Document
from sync.remote import RemoteError
from sync.schema.planning import Plan, make_plan
from sync.schema.steps import document as step_document
from sync.schema.wanted import Schema

app = typer.Typer(help="The tables in Dynamics.", no_args_is_help=True)


@app.command("install")
def schema_install(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    only_plan: Annotated[bool, typer.Option("--plan", help="Print the plan, change nothing.")] = (
        False
    ),
    solution: Annotated[
        Path | None,
        typer.Option("--solution", metavar="FILE", help="Write a solution zip to import instead."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Make the tables, columns, keys and the role that are missing; nothing is ever deleted."""
    if solution is not None:
        return _write_solution(config, solution)
    settings = load_config(config)
    schema, file = open_schema(settings.mappings)
    effects = RealEffects()
    place = definitions(settings, effects)
    plan = make_plan(schema, place.read(schema))
    if as_json:
        output.print_json(_document(plan))
    else:
        _print(plan)
    if plan.findings:
        raise refused(file, plan.findings)
    if only_plan or as_json:
        return Exit.CHANGES if plan.steps else Exit.OK
    if plan.steps and not yes:
        _ask()
    return _install(place, (schema, file), effects)


def _ask() -> None:
    try:
        typer.confirm("Do that?", abort=True)
    except typer.Abort:
        output.complain("Nothing was made; where nobody can be asked, give --yes.")
        raise


def _write_solution(config: Path, solution: Path) -> int:
    """Write the package; no service is asked, and without a configuration ours is written."""
    given = config != DEFAULT_CONFIG or config.exists()
    mappings = load_config(config, read_secrets=False).mappings if given else None
    schema, _ = open_schema(mappings)
    write_solution(schema, solution)
    output.say(f"{solution} holds {len(schema.tables)} tables and the role {schema.role}.")
    output.say("Import it as an unmanaged solution, and give the application user the role.")
    return Exit.OK


def _install(place: Place, wanted: tuple[Schema, Document], effects: RealEffects) -> int:
    schema, file = wanted
    try:
        plan = install(place, schema, effects, output.say)
    except RemoteError:
        output.complain("Not finished. What was made stays; run it again to go on.")
        raise
    if plan.findings:
        raise refused(file, plan.findings)
    output.say("Everything is there. `seatkeeper check` looks at the rest.")
    return Exit.OK


def _print(plan: Plan) -> None:
    for number, step in enumerate(plan.steps, start=1):
        output.say(f"{number:4}. {step.words()}")
    for note in plan.notes:
        output.say(f"note: {note}")
    if not plan.steps:
        output.say("Nothing to install.")


def _document(plan: Plan) -> dict[str, object]:
    return {
        "steps": [step_document(step) for step in plan.steps],
        "findings": [
            {"field": ".".join(map(str, one.path)), "message": one.message, "remedy": one.remedy}
            for one in plan.findings
        ],
        "notes": list(plan.notes),
    }
