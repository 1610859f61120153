"""What happens to a request of a kind: a fault, a death, or something that a person does then."""

from collections.abc import Callable
from typing import Any

from requests import PreparedRequest

from tests.durability.site import Killed, Site

Kind = Callable[[PreparedRequest], bool]


def change_set(request: PreparedRequest) -> bool:
    """Tell a change set from a batch of reads."""
    return request.method == "POST" and b"\nPATCH /" in _body(request)


def provider_write(request: PreparedRequest) -> bool:
    return request.method == "PATCH" and "/v1/customers/" in str(request.url)


def provider_read(request: PreparedRequest) -> bool:
    return request.method == "GET" and "/v1/customers/" in str(request.url)


def table_read(request: PreparedRequest) -> bool:
    """Tell a page of the table of subscriptions."""
    return request.method == "GET" and "/sk_subscriptions?" in str(request.url)


def any_request(_: PreparedRequest) -> bool:
    return True


def _body(request: PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)


def at(site: Site, kind: Kind, number: int, act: Callable[[], object]) -> None:
    """Do something just before the n-th request of a kind, once."""
    left = [number]

    def before(request: PreparedRequest) -> None:
        if kind(request):
            left[0] -= 1
            if left[0] == 0:
                act()

    site.wire.before = before


def each(site: Site, kind: Kind, **rule: Any) -> None:
    """Let every request of a kind meet a fault, until `site.calm()`."""

    def before(request: PreparedRequest) -> None:
        site.fault(**({"times": 1, **rule} if kind(request) else {}))

    site.wire.before = before


def fault_at(site: Site, kind: Kind, number: int = 1, **rule: Any) -> None:
    """Let the n-th request of a kind meet a fault."""
    at(site, kind, number, lambda: site.fault(times=1, **rule))


def death_at(site: Site, kind: Kind, number: int = 1) -> None:
    """Let the process die just before the n-th request of a kind."""

    def die() -> None:
        raise Killed

    at(site, kind, number, die)


def bodies(site: Site, kind: Kind) -> list[bytes]:
    """Return the bodies of the requests of a kind that were sent."""
    return [_body(request) for request in site.wire.sent if kind(request)]
