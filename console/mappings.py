"""The mappings in force: which column is which field, what a status change means, what is wrong."""

from flask import render_template
from flask.typing import ResponseReturnValue

from console.room import Room, part


def show(room: Room) -> ResponseReturnValue:
    """Show everything that mappings/ says; its defects are asked for by the page."""
    mappings = room.desk.mappings()
    return render_template(
        "mappings.html",
        entities=list(mappings.entities.values()),
        rules=list(mappings.rulebook.transitions.items()),
        hash=mappings.hash,
    )


def defects(room: Room) -> ResponseReturnValue:
    """Read the files, and show what is wrong in them as `mapping validate` finds it."""
    return part("parts/defects.html", defects=room.desk.defects())
