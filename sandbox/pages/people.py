"""The people who sit before the pages, as users of Dataverse; a cookie says who it is now."""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID, uuid5

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.world import World

COOKIE = "sandbox_person"
COLLEAGUES = ("Megan Bowen", "Diego Siciliani")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the organisation, by systemuserid."""

    id: str
    name: str


def everyone(world: World) -> list[Person]:
    """Return who one can be: the person of the settings first."""
    own = world.identity.person_id
    return [
        Person(id=own, name=world.settings.person),
        *(Person(id=str(uuid5(UUID(own), name)), name=name) for name in COLLEAGUES),
    ]


def current(world: World) -> Person:
    """Return who sits before the page."""
    known = everyone(world)
    chosen = request.cookies.get(COOKIE, "")
    return next((one for one in known if one.id == chosen), known[0])


def change(world: World) -> ResponseReturnValue:
    """Let somebody else take the seat."""
    wanted = request.form.get("person", "")
    if wanted not in {one.id for one in everyone(world)}:
        abort(HTTPStatus.BAD_REQUEST, "Choose one of the people.")
    response = redirect(url_for("home"), HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE,
        wanted,
        path=request.script_root or "/",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def person(world: World) -> str:
    """Return the systemuserid of the person of the settings; make the user when there is none."""
    user_id = world.identity.person_id
    if not any(row["systemuserid"] == user_id for row in world.dataverse.rows("systemuser")):
        world.dataverse.insert(
            "systemuser", {"systemuserid": user_id, "fullname": world.settings.person}
        )
    return user_id
