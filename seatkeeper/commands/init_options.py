"""The options of `init`: one for each question that it would ask."""

from typing import Annotated

import typer

from seatkeeper.initial import CredentialKind, Mode

Url = Annotated[str | None, typer.Option(help="The address of the environment.")]
TenantId = Annotated[str | None, typer.Option(help="The directory (tenant) id.")]
ClientId = Annotated[str | None, typer.Option(help="The application (client) id.")]
Credential = Annotated[CredentialKind | None, typer.Option(help="How to sign in.")]
Secret = Annotated[
    str | None, typer.Option(help="Where the client secret is kept: ${NAME}, file:PATH, ...")
]
PemFile = Annotated[str | None, typer.Option(help="PEM file.")]
PfxFile = Annotated[str | None, typer.Option(help="PFX file.")]
TokenFile = Annotated[str | None, typer.Option(help="File with the token.")]
Passphrase = Annotated[str | None, typer.Option(help="Where the passphrase is kept.")]
PartnerCenter = Annotated[
    bool | None, typer.Option("--partner-center/--no-partner-center", help="Connect it.")
]
IfAnother = Annotated[str | None, typer.Option(help="If it is another one.")]
OtherSecret = Annotated[str | None, typer.Option(help="Where it is, if another.")]
NotMicrosofts = Annotated[str | None, typer.Option(help="If not Microsoft's.")]
ModeOption = Annotated[Mode | None, typer.Option(help="observe: write nothing outside.")]
StateFile = Annotated[str | None, typer.Option(help="The state file.")]
CaFile = Annotated[str | None, typer.Option(help="Authorities to trust instead.")]
Check = Annotated[bool, typer.Option("--check/--no-check", help="Check it then.")]
