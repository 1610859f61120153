"""What a page must not do while a test looks at it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

OUR_HOSTS = {"localhost", "127.0.0.1"}
SCHEMES_WITHOUT_HOST = {"data", "blob", "about"}


@dataclass  # playwright keeps its wrappers on the object
class Watch:
    """Collects console errors, uncaught errors, and requests to hosts that are not ours."""

    troubles: list[str] = field(default_factory=list)
    _expected: set[str] = field(default_factory=set)

    def expect(self, status: int) -> None:
        """Let the browser complain about an answer of this status: the test provokes it."""
        self._expected.add(f"status of {status} ")

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of a context."""
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(one in message.text for one in self._expected):
            self.troubles.append(f"console: {message.text} at {message.location['url']}")

    def _error(self, error: WebError) -> None:
        self.troubles.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in SCHEMES_WITHOUT_HOST and asked.hostname not in OUR_HOSTS:
            self.troubles.append(f"asked another host: {request.url}")
