"""What a suspend takes, as text in a column of the change log. Pure."""

import json

from sync.remote import Row


def write_held(held: Row) -> str:
    """Write the held document as one line of JSON."""
    return json.dumps(dict(held), sort_keys=True, default=str)


def read_held(text: str) -> Row | None:
    """Read what `write_held` wrote; None when it is no document (a person may have edited it)."""
    try:
        loaded = json.loads(text)
    except ValueError:
        return None
    return loaded if isinstance(loaded, dict) else None
