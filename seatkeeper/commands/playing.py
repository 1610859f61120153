"""`sandbox` and `demo`: the emulated services, and the story played against them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.mapping_folder import shipped


def sandbox(
    *,
    port: Annotated[int, typer.Option("--port", help="0 takes any free port.")] = 8443,
    data: Annotated[
        Path | None, typer.Option("--data", help="Keep the state in this folder.")
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option("--ready-file", help="Written when it answers.")
    ] = None,
    name: Annotated[list[str] | None, typer.Option("--name", help="A further host name.")] = None,
) -> int:
    """Serve Dataverse, Partner Center and sign-in, emulated over HTTPS."""
    from sandbox.server import Options, serve  # noqa: PLC0415  # lazy: no other command needs it

    options = Options(
        mappings=shipped(),
        port=port,
        data_dir=data,
        ready_file=ready_file,
        names=tuple(name or ()),
    )
    serve(options, announce=_announce)
    return Exit.OK


def _announce(ready: Mapping[str, object]) -> None:
    origin = ready["dataverse_url"]
    output.say(f"The sandbox answers at {origin} (CRM pages: {origin}/app/).")
    output.say(f"Try: seatkeeper run --once --config {ready['config_file']}")


def demo(
    *,
    leave: Annotated[bool, typer.Option("--exit", help="End after the story.")] = False,
    port: Annotated[int, typer.Option("--port", help="0 takes any free port.")] = 0,
) -> int:
    """Play the story of a deactivation and activation once, against the sandbox."""
    from seatkeeper.demo import run_demo  # noqa: PLC0415  # lazy: no other command needs it

    return run_demo(leave=leave, port=port)
