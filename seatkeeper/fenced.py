"""Ask for the lease before each send: who lost it sends nothing (rules.md 2.12)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sync.ports import Crm, Provider, Store
from sync.remote import LicenceRef, Row, Write, WriteResult

if TYPE_CHECKING:
    from store.lease import Lease


@runtime_checkable
class Leased(Protocol):
    """A store that several processes may open, of which one holds the lease."""

    lease: "Lease | None"

    def demand_lease(self) -> None:
        """Raise LeaseLostError unless we hold the lease now."""
        ...


class FencedCrm:
    """Dataverse, behind the lease."""

    def __init__(self, crm: Crm, lease: Leased) -> None:
        self._crm = crm
        self._lease = lease

    def write(self, writes: Sequence[Write]) -> WriteResult:
        self._lease.demand_lease()
        return self._crm.write(writes)

    def write_sets(self, sets: Sequence[Sequence[Write]]) -> Sequence[WriteResult]:
        self._lease.demand_lease()
        return self._crm.write_sets(sets)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # what reads goes through
        return getattr(self._crm, name)


class FencedProvider:
    """A provider, behind the lease."""

    def __init__(self, provider: Provider, lease: Leased) -> None:
        self._provider = provider
        self._lease = lease

    def send(self, ref: LicenceRef, body: Row, *, request_id: str, etag: str) -> WriteResult:
        self._lease.demand_lease()
        return self._provider.send(ref, body, request_id=request_id, etag=etag)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # what reads goes through
        return getattr(self._provider, name)


def fenced_crm(crm: Crm, store: Store) -> Crm:
    """Return the way to Dataverse that asks for the lease, where there is one."""
    fenced: Any = FencedCrm
    found: Crm = fenced(crm, store) if isinstance(store, Leased) else crm
    return found


def fenced_providers(providers: Mapping[str, Provider], store: Store) -> dict[str, Provider]:
    """Return the ways to the providers that ask for the lease, where there is one."""
    if not isinstance(store, Leased):
        return dict(providers)
    fenced: Any = FencedProvider
    return {name: fenced(one, store) for name, one in providers.items()}
