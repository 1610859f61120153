"""The HTTP client that MSAL is given: our sessions, time limits and repeats.

Trouble on the way is raised as `Unavailable`, before MSAL can remember and replay it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from connector.http import PASSING, Call, Http
from sync.remote import Unavailable


@dataclass(frozen=True, slots=True)
class MsalReply:
    """The three facts of an answer that MSAL reads."""

    status_code: int
    text: str
    headers: dict[str, str]

    def raise_for_status(self) -> None:
        """Raise Unavailable for a server's trouble; MSAL handles the 4xx itself."""
        if self.status_code >= 500:  # noqa: PLR2004  # an HTTP status is its own name
            raise Unavailable("sign-in: the service is in trouble", status=self.status_code)


class MsalHttp:
    """What MSAL calls instead of its own session; trouble on the way is raised as ours."""

    def __init__(self, http: Http, *, safe: bool, direct: bool = False) -> None:
        self._send = http.safely if safe else http.once
        self._direct = direct

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> MsalReply:
        address = f"{url}?{urlencode(params)}" if params else url
        return self._answer("GET", address, dict(headers or {}), None)

    def post(
        self,
        url: str,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> MsalReply:
        form = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._answer("POST", url, form, urlencode(data or {}).encode())

    def close(self) -> None:
        """MSAL asks for it; the sessions belong to `Http`."""

    def _answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> MsalReply:
        call = Call(
            method=method,
            url=url,
            headers=headers,
            body=body,
            lane="sign-in",
            correlation_headers=("client-request-id",),
            direct=self._direct,
        )
        try:
            reply = self._send(call)
        except Unavailable as error:
            # Never NoAnswer: for the call that needs the token nothing was sent.
            raise Unavailable(
                f"sign-in: {error.message}", retry_after_seconds=error.retry_after_seconds
            ) from error
        if reply.status in PASSING:
            raise Unavailable(
                "sign-in: the service is busy or in trouble",
                status=reply.status,
                correlation_id=reply.correlation_id,
                retry_after_seconds=reply.retry_after_seconds(),
            )
        return MsalReply(reply.status, reply.content.decode("utf-8-sig"), dict(reply.headers))
