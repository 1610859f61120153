"""Coming in: by a one-time link, or by Microsoft Entra; and going out."""

from datetime import timedelta
from http import HTTPStatus
from secrets import token_urlsafe

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from console.desk import NotDoneError, Person, SignIn
from console.room import Room
from console.sessions import hashed, open_link

_FLOW = "seatkeeper_sign_in"
_PATIENCE = timedelta(minutes=10)
_MOST = 100


def show(room: Room) -> ResponseReturnValue:
    """Say how to come in."""
    return render_template("sign_in.html", by_entra=room.desk.sign_in is not None)


def enter(room: Room) -> ResponseReturnValue:
    """Exchange the token of a link for a session; a link opens once."""
    if room.desk.sign_in is not None:
        abort(HTTPStatus.NOT_FOUND, "People sign in here; a link opens nothing.")
    person = open_link(room.desk.store, request.args.get("token", ""), room.desk.now())
    if person is None:
        abort(HTTPStatus.FORBIDDEN, "This link was used before, or is too old. Make a new one.")
    return _come_in(room, person)


def begin(room: Room) -> ResponseReturnValue:
    """Send the browser to Microsoft Entra."""
    begun = _sign_in(room).begin(_answer_to(room))
    cookie, now = token_urlsafe(32), room.desk.now()
    room.begun = {key: one for key, one in room.begun.items() if one[1] > now}
    if len(room.begun) >= _MOST:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, "Too many sign-ins are under way; try again later.")
    room.begun[hashed(cookie)] = (begun, now + _PATIENCE)
    response = make_response(redirect(str(begun["auth_uri"]), 303))
    _set_cookie(room, response, _FLOW, cookie)
    return response


def answer(room: Room) -> ResponseReturnValue:
    """Take what Microsoft Entra sent the browser back with."""
    sign_in = _sign_in(room)
    begun, ends_at = room.begun.pop(hashed(request.cookies.get(_FLOW, "")), ({}, room.desk.now()))
    if not begun or room.desk.now() >= ends_at:
        abort(HTTPStatus.FORBIDDEN, "This sign-in was not begun here, or took too long.")
    try:
        person = sign_in.finish(begun, request.args.to_dict())
    except NotDoneError as error:
        abort(HTTPStatus.FORBIDDEN, str(error))
    if person is None:
        abort(HTTPStatus.FORBIDDEN, "You have no role here. Ask for viewer, operator or admin.")
    response = _come_in(room, person)
    response.delete_cookie(_FLOW)
    return response


def leave(room: Room) -> ResponseReturnValue:
    """End the session."""
    room.sessions.end(room.cookie)
    response = redirect(url_for("sign_in.show"), 303)
    response.delete_cookie(room.cookie_name, secure=room.desk.settings.is_secure, path="/")
    return response


def _sign_in(room: Room) -> SignIn:
    if room.desk.sign_in is None:
        abort(HTTPStatus.NOT_FOUND)
    return room.desk.sign_in


def _answer_to(room: Room) -> str:
    origin = room.desk.settings.address or request.host_url
    return f"{origin.rstrip('/')}{url_for('sign_in.answer')}"


def _come_in(room: Room, person: Person) -> Response:
    response = make_response(redirect(url_for("overview.index"), 303))
    _set_cookie(room, response, room.cookie_name, room.sessions.begin(person))
    return response


def _set_cookie(room: Room, response: Response, name: str, value: str) -> None:
    """Set a cookie that no script reads; Lax, for the answer of Entra comes from another site."""
    secure = room.desk.settings.is_secure
    response.set_cookie(name, value, path="/", secure=secure, httponly=True, samesite="Lax")
