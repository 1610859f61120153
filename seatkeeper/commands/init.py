"""`init`: ask what a new tenant needs, write the configuration, and check it."""

import sys
from pathlib import Path

from seatkeeper import output
from seatkeeper.checking import Asked, check_all
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.init_options import (
    CaFile,
    Check,
    ClientId,
    Credential,
    IfAnother,
    ModeOption,
    NotMicrosofts,
    OtherSecret,
    PartnerCenter,
    Passphrase,
    PemFile,
    PfxFile,
    Secret,
    StateFile,
    TenantId,
    TokenFile,
    Url,
)
from seatkeeper.commands.looking import tell_check
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.initial import configuration, write
from seatkeeper.interview import Flags, Interview
from seatkeeper.requested import RequestRefusedError


def init(  # noqa: PLR0913  # a flag for each question
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    url: Url = None,
    tenant_id: TenantId = None,
    client_id: ClientId = None,
    credential: Credential = None,
    secret: Secret = None,
    certificate_file: PemFile = None,
    key_file: PemFile = None,
    pfx_file: PfxFile = None,
    refresh_token_file: TokenFile = None,
    passphrase: Passphrase = None,
    partner_center: PartnerCenter = None,
    partner_tenant_id: IfAnother = None,
    partner_client_id: IfAnother = None,
    partner_secret: OtherSecret = None,
    partner_url: NotMicrosofts = None,
    mode: ModeOption = None,
    state: StateFile = None,
    authority: NotMicrosofts = None,
    ca_file: CaFile = None,
    check: Check = True,
) -> int:
    """Ask what a new tenant needs, write the configuration without a secret, and check it."""
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
    _write(config, flags)
    return _checked(config) if check else Exit.OK


def _write(config: Path, flags: Flags) -> None:
    """Ask what the flags leave open, and write the configuration."""
    if config.exists():
        raise RequestRefusedError(f"{config} is there already; name another file by --config")
    answers = Interview(interactive=sys.stdin.isatty()).answers(flags)
    write(config, configuration(answers))
    output.say(f"{config} is written; only you can read it, and no secret stands in it.")


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
