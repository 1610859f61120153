"""What keeps a stranger's page from acting here: form tokens and response headers."""

from hmac import compare_digest
from secrets import token_urlsafe

from flask import Flask, Response, abort, g, request

COOKIE = "sandbox_form"
FIELD = "form_token"
MOST_BYTES = 256 * 1024
"""Of a form; the largest one holds a version for each subscription of a customer."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def protect(app: Flask) -> None:
    """Check the token of every form, hand it to every page, and set the headers."""
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.before_request(_check_form)
    app.after_request(_finish)
    app.context_processor(lambda: {FIELD: g.form_token})


def _check_form() -> None:
    """Compare cookie and field: another site can send the cookie but cannot read it."""
    known = request.cookies.get(COOKIE, "")
    g.form_token = known or token_urlsafe(32)
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    sent = request.form.get(FIELD, "")
    if not known or not compare_digest(known.encode(), sent.encode()):
        abort(403, "This form is out of date. Go back, load the page again and repeat.")


def _finish(response: Response) -> Response:
    response.headers.update(HEADERS)
    response.set_cookie(
        COOKIE,
        g.form_token,
        path=request.script_root or "/",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response
