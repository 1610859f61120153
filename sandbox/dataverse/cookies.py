"""The `$skiptoken`: a page number, and a paging cookie with the first and last key of a page.

Beside the keys, which is all that the service is seen to put there, the cookie carries where the
page ended in the order that was asked for.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from sandbox.dataverse.columns import Scalar
from sandbox.dataverse.errors import bad_query
from sandbox.documents import dump, load

COOKIE = re.compile(
    r'<cookie pagenumber="(?P<page>\d+)" (?:pagingcookie="(?P<cookie>[^"]+)" )?'
    r'istracking="(?P<tracking>True|False)" />'
)
MOST_ENCODINGS = 3
STATE = re.compile(r'<state value="([\w=-]+)" />')


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """What a next link carries; `version` is the row version at the start of a tracked walk.

    `key` is the primary key column, `ends` are the ids of the first and the last row of the page.
    """

    page: int = 1
    key: str = ""
    ends: tuple[str, str] = ("", "")
    last: tuple[Scalar, ...] = ()
    tracking: bool = False
    version: int = 0

    def text(self) -> str:
        """Return the token; one that says only a page number has no paging cookie."""
        inner = f' pagingcookie="{encoded(self._inner())}"' if self.last or self.tracking else ""
        head = f'<cookie pagenumber="{self.page}"{inner}'
        return f'{head} istracking="{self.tracking}" />'

    def twice_encoded(self) -> str:
        """Return the cookie as FetchXml pages carry it."""
        inner = encoded(encoded(self._inner()))
        return f'<cookie pagenumber="{self.page}" pagingcookie="{inner}" istracking="False" />'

    def _inner(self) -> str:
        first, last = (f"{{{row_id.upper()}}}" for row_id in self.ends)
        keys = f'<{self.key} last="{last}" first="{first}" />' if self.key else ""
        state = urlsafe_b64encode(dump({"last": self.last, "version": self.version})).decode()
        return f'<cookie page="{self.page - 1}">{keys}<state value="{state}" /></cookie>'


def encoded(text: str) -> str:
    """Return percent-encoded text, its hexadecimal digits in lower case as the service has them."""
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote(text, safe=""))


def read_cookie(text: str) -> Cookie:
    """Return what a `$skiptoken` carries; raise Refused when it is not one of ours."""
    found = COOKIE.fullmatch(text)
    if found is None:
        raise bad_query("The skip token is not valid.")
    if found["cookie"] is None:
        return Cookie(page=int(found["page"]))
    inner = read_inner(found["cookie"])
    return Cookie(
        page=int(found["page"]),
        last=tuple(inner["last"]),
        tracking=found["tracking"] == "True",
        version=inner["version"],
    )


def read_inner(text: str) -> dict[str, Any]:
    """Return the state inside a paging cookie, encoded however often; raise Refused if none."""
    for _ in range(MOST_ENCODINGS):
        text = unquote(text)
    state = STATE.search(text)
    try:
        return load(urlsafe_b64decode(state[1] if state else ""))
    except ValueError as error:
        raise bad_query("The skip token is not valid.") from error
