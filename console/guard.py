"""What stands between a browser and the pages: host, size, session, role, form token, headers.

A route without a role of its own is closed: only the routes named in `PUBLIC` need no session.
"""

from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from console.desk import Role
from console.room import Room
from console.sessions import Session

FIELD = "form_token"
PUBLIC = frozenset({"static", "sign_in.show", "sign_in.enter", "sign_in.begin", "sign_in.answer"})
LONGEST_FORM = 64 * 1024
LONGEST_QUERY = 2048
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def protect(app: Flask, room: Room, roles: dict[str, Role]) -> None:
    """Check every request and mark every answer."""
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_FORM
    app.config["MAX_FORM_MEMORY_SIZE"] = LONGEST_FORM
    app.before_request(lambda: _check(room, roles))
    app.after_request(lambda response: _finish(room, response))


def _check(room: Room, roles: dict[str, Role]) -> ResponseReturnValue | None:
    g.session = None
    _check_address(room)
    if request.endpoint in PUBLIC:
        return None
    g.session = room.sessions.find(room.cookie, awake="HX-Request" not in request.headers)
    if g.session is None:
        return _sign_in()
    if request.endpoint is None:
        return None  # the page for what is not there
    if g.session.person.role < roles.get(request.endpoint, Role.ADMIN):
        abort(HTTPStatus.FORBIDDEN, "Your role does not let you do this.")
    if request.method not in _SAFE:
        _check_form(g.session)
    return None


def _check_address(room: Room) -> None:
    """Refuse names that are not ours: a foreign name may have been pointed at this machine."""
    host = urlsplit(f"//{request.host}")
    name = f"[{host.hostname}]" if ":" in (host.hostname or "") else host.hostname
    if name not in room.desk.settings.hosts:
        abort(HTTPStatus.MISDIRECTED_REQUEST, "This console does not answer under that name.")
    if len(request.query_string) > LONGEST_QUERY:
        abort(HTTPStatus.REQUEST_URI_TOO_LONG)


def _sign_in() -> ResponseReturnValue:
    """Send a reader to the sign-in; refuse a form, for nobody would know whose it was."""
    if "HX-Request" in request.headers:
        return Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": "/sign-in"})
    if request.method not in _SAFE:
        abort(HTTPStatus.UNAUTHORIZED, "Your session has ended; nothing was done. Sign in again.")
    return redirect(url_for("sign_in.show"), 303)


def _check_form(session: Session) -> None:
    """Compare the token: another site can send the cookie but cannot know the token."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(HTTPStatus.FORBIDDEN, "This form came from another site; nothing was done.")
    sent = request.form.get(FIELD, "")
    if not compare_digest(session.form_token.encode(), sent.encode()):
        abort(HTTPStatus.FORBIDDEN, "This form is out of date; nothing was done. Load it again.")


def _finish(room: Room, response: Response) -> Response:
    response.headers.update(HEADERS)
    if room.desk.settings.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    is_fixed = request.endpoint == "static"
    response.headers["Cache-Control"] = "private, max-age=3600" if is_fixed else "no-store"
    return response
