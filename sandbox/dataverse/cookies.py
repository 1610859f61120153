"""The opaque `$skiptoken`: a page number and where the page before it ended."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from sandbox.dataverse.columns import Scalar
from sandbox.dataverse.errors import bad_query
from sandbox.documents import dump, load

COOKIE = re.compile(
    r'<cookie pagenumber="(?P<page>\d+)" pagingcookie="(?P<cookie>[^"]+)" '
    r'istracking="(?P<tracking>True|False)" />'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """What a next link carries; `version` is the row version at the start of a tracked walk."""

    page: int = 1
    last: tuple[Scalar, ...] = ()
    tracking: bool = False
    version: int = 0

    def text(self) -> str:
        state = dump({"last": self.last, "version": self.version})
        inner = urlsafe_b64encode(state).decode().rstrip("=")
        head = f'<cookie pagenumber="{self.page}" pagingcookie="{inner}"'
        return f'{head} istracking="{self.tracking}" />'


def read_cookie(text: str) -> Cookie:
    """Return what a `$skiptoken` carries; raise Refused when it is not one of ours."""
    found = COOKIE.fullmatch(text)
    if found is None:
        raise bad_query("The skip token is not valid.")
    try:
        inner = load(urlsafe_b64decode(found["cookie"] + "=" * (-len(found["cookie"]) % 4)))
    except ValueError as error:
        raise bad_query("The skip token is not valid.") from error
    return Cookie(
        page=int(found["page"]),
        last=tuple(inner["last"]),
        tracking=found["tracking"] == "True",
        version=inner["version"],
    )
