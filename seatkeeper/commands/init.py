"""`init`: ask what a new tenant needs, write the configuration, and check it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.checking import Asked, check_all
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.looking import tell_check
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.initial import CredentialKind, Mode, configuration, write
from seatkeeper.interview import Flags, Interview
from seatkeeper.requested import RequestRefusedError


def init(  # noqa: PLR0913  # a flag for each question
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    url: Annotated[str | None, typer.Option(help="The address of the environment.")] = None,
    tenant_id: Annotated[str | None, typer.Option(help="The directory (tenant) id.")] = None,
    client_id: Annotated[str | None, typer.Option(help="The application (client) id.")] = None,
    credential: Annotated[CredentialKind | None, typer.Option(help="How to sign in.")] = None,
    secret: Annotated[
        str | None, typer.Option(help="Where the client secret is kept: ${NAME}, file:PATH, ...")
    ] = None,
    certificate_file: Annotated[str | None, typer.Option(help="PEM file.")] = None,
    key_file: Annotated[str | None, typer.Option(help="PEM file.")] = None,
    pfx_file: Annotated[str | None, typer.Option(help="PFX file.")] = None,
    refresh_token_file: Annotated[str | None, typer.Option(help="File with the token.")] = None,
    passphrase: Annotated[str | None, typer.Option(help="Where the passphrase is kept.")] = None,
    partner_center: Annotated[
        bool | None, typer.Option("--partner-center/--no-partner-center", help="Connect it.")
    ] = None,
    partner_tenant_id: Annotated[str | None, typer.Option(help="If it is another one.")] = None,
    partner_client_id: Annotated[str | None, typer.Option(help="If it is another one.")] = None,
    partner_secret: Annotated[str | None, typer.Option(help="Where it is, if another.")] = None,
    partner_url: Annotated[str | None, typer.Option(help="If not Microsoft's.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="observe: write nothing outside.")] = None,
    state: Annotated[str | None, typer.Option(help="The state file.")] = None,
    authority: Annotated[str | None, typer.Option(help="If not Microsoft's.")] = None,
    ca_file: Annotated[str | None, typer.Option(help="Authorities to trust instead.")] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Check it then.")] = True,
) -> int:
    """Ask what a new tenant needs, write the configuration without a secret, and check it."""
    if config.exists():
        raise RequestRefusedError(f"{config} is there already; name another file by --config")
    own = {
        "authority": authority,
        "tenant_id": tenant_id,
        "client_id": client_id,
        "client_secret": secret,
        "certificate_file": certificate_file,
        "key_file": key_file,
        "pfx_file": pfx_file,
        "passphrase": passphrase,
        "refresh_token_file": refresh_token_file,
        "ca_file": ca_file,
    }
    flags = Flags(
        url=url,
        credential=credential,
        sign_in=own,
        partner_center=partner_center,
        partner={
            "tenant_id": partner_tenant_id,
            "client_id": partner_client_id,
            "client_secret": partner_secret,
        },
        partner_url=partner_url,
        mode=mode,
        state=state,
    )
    answers = Interview(interactive=sys.stdin.isatty()).answers(flags)
    write(config, configuration(answers))
    output.say(f"{config} is written; only you can read it, and no secret stands in it.")
    return _checked(config) if check else Exit.OK


def _checked(config: Path) -> int:
    """Check the new configuration and say what comes next; return the exit code of `check`."""
    results = check_all(Asked(config=config))
    code = tell_check(results)
    output.say(_next(config, [one.what for one in results if not one.ok]))
    return code


def _next(config: Path, wrong: list[str]) -> str:
    """Say what to do next; the first thing first."""
    call = "seatkeeper {} --config " + str(config)
    if "configuration" in wrong:
        return (
            f"Next: mend what is WRONG, for most put the secrets in place; {call.format('check')}"
        )
    if any("sign-in" in one for one in wrong):
        return f"Next: mend the sign-in (docs/operations.md); {call.format('check')}"
    if any(one.startswith(("table ", "rights")) for one in wrong):
        return f"Next: make the tables and the role: {call.format('schema install')}"
    if wrong:
        return f"Next: mend what is WRONG; {call.format('check')}"
    return f"Next: let it look once: {call.format('run --once')}, then {call.format('plan')}"
