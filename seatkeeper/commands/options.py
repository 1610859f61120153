"""Options and arguments that several verbs share."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

ConfigFile = Annotated[
    Path, typer.Option("--config", help="The configuration file.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_CONFIG = Path("config.yaml")


def row_id(text: str | None) -> str | None:
    """Check the id of a row; anything else is a slip of the keyboard."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no id of a row.") from None


def day_text(on: datetime | None) -> str | None:
    """Return a typed date; it has no zone, and is the contract's own day."""
    return on.date().isoformat() if on else None
