"""The kinds of connections that a configuration can name; nothing is loaded to know them."""

from importlib.metadata import entry_points
from typing import Final

PROVIDERS: Final = "seatkeeper.providers"
SHIPPED_KINDS: Final = ("partner_center", "rest")
"""The kinds of connections that need no other package."""


def kinds() -> list[str]:
    """Return the kinds of connections that a configuration can name; nothing is loaded."""
    return [*SHIPPED_KINDS, *(point.name for point in entry_points(group=PROVIDERS))]
