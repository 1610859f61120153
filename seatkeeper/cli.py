"""The command line: run the verb that is called, and end with its exit code.

Exit codes: 0 ok, 1 error, 2 plan has changes, 3 guard tripped, 4 something is parked, 64 usage,
75 temporary (work is left), 77 sign-in, 78 configuration. The verbs are in `commands/`.
"""

import sys
from typing import NoReturn

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.verbs import command_line


def main() -> NoReturn:
    """Run a command and end with its exit code, one sentence for every error."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    called = next((one for one in arguments if not one.startswith("-")), "")
    try:
        return _run(called, arguments)
    except typer.TyperException as error:
        said = error.format_message()
        output.complain(f"{said} See `seatkeeper --help`." if said else "")
        return Exit.USAGE
    except typer.Abort:
        return Exit.ERROR
    except Exception as error:
        # Loaded when something failed: with all its errors come half of the packages.
        from seatkeeper.complaints import complaint  # noqa: PLC0415

        told = complaint(error)
        if told is None:
            raise
        sentence, code = told
        output.complain(sentence)
        return code


def _run(called: str, arguments: list[str]) -> int:
    if called:
        from seatkeeper import logs  # noqa: PLC0415  # to list the verbs needs no log

        logs.configure()
    return int(command_line(called)(arguments, standalone_mode=False) or Exit.OK)
