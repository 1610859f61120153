"""How Partner Center answers: headers that always come, and the stored outcomes."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from werkzeug import Request, Response

from sandbox.documents import Document
from sandbox.partner_center.forms import formed
from sandbox.world import World

_JSON = "application/json; charset=utf-8"
_ECHOED = ("MS-RequestId", "MS-CorrelationId")


def json_response(body: Document | list[Document], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type=_JSON)


def finish(world: World, request: Request, response: Response) -> Response:
    """Add what every answer carries (partner-center.md 2), and the form of its body."""
    for name in _ECHOED:
        response.headers[name] = request.headers.get(name) or world.new_id()
    response.headers["MS-CV"] = f"{world.new_id().replace('-', '')[:22]}.0"
    response.headers["MS-ServerId"] = "101012345"
    response.headers["Request-Context"] = f"appId=cid-v1:{world.tenant_id}"
    response.headers["X-Locale"] = request.headers.get("X-Locale", "en-US")
    if response.mimetype == "application/json" and response.get_data():
        response.set_data(formed(world.settings, response.get_data()))
    return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to a request, kept for a retry with the same MS-RequestId."""

    at: datetime
    status: int
    body: bytes
    location: str | None

    def response(self) -> Response:
        response = Response(self.body, self.status, content_type=_JSON)
        if self.location is not None:
            response.headers["Location"] = self.location
        return response


class Outcomes:
    """Answers by MS-RequestId, method and path."""

    def __init__(self) -> None:
        self._kept: dict[str, Outcome] = {}
        self._order: deque[str] = deque()

    def clear(self) -> None:
        self._kept.clear()
        self._order.clear()

    def find(self, request: Request, now: datetime, window_seconds: float) -> Response | None:
        """Return the stored answer, if this request was answered inside the window."""
        outcome = self._kept.get(_key(request))
        window = timedelta(seconds=window_seconds)
        if outcome is None or not window or not abs(now - outcome.at) <= window:
            return None
        return outcome.response()

    def keep(self, request: Request, response: Response, now: datetime) -> None:
        """Remember the answer to a request that names itself."""
        if not request.headers.get("MS-RequestId"):
            return
        if len(self._order) >= _KEPT:
            self._kept.pop(self._order.popleft(), None)
        self._order.append(_key(request))
        self._kept[_key(request)] = Outcome(
            at=now,
            status=response.status_code,
            body=response.get_data(),
            location=response.headers.get("Location"),
        )


_KEPT = 10_000


def _key(request: Request) -> str:
    name = request.headers.get("MS-RequestId", "").lower()
    return f"{name} {request.method} {request.path.lower()}"
