"""Who may be touched: `scope` in the configuration (rules.md 6). Pure.

What lies outside is seen and adopted; its changes wait until the scope holds it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.model import Context
from sync.settling import Trouble

OUTSIDE = Trouble(
    code="out-of-scope",
    reason="Its account or its provider is not in the scope of the configuration, so that nothing"
    " is done for it.",
    advice="Add it under scope: in the configuration; what waits is then done.",
)


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in names)


@dataclass(frozen=True, slots=True)
class Scope:
    """Accounts by row id or tenant id, providers by row id, name or connection; empty = all."""

    accounts: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, accounts: Iterable[str], providers: Iterable[str]) -> "Scope":
        return cls(_names(accounts), _names(providers))

    @property
    def is_limited(self) -> bool:
        return bool(self.accounts or self.providers)

    def holds(self, context: Context) -> bool:
        """Tell whether a subscription may be touched."""
        row, provider = context.subscription, context.provider
        if row is None:
            return True  # a deleted row is told, and nothing is done for it
        accounts = (row.customer_id or "", context.customer_tenant_id)
        return self.covers(accounts, _ids(context) if provider else ())

    def covers(self, accounts: Iterable[str], providers: Iterable[str]) -> bool:
        """Tell whether the scope holds one of the accounts and one of the providers."""
        return _meets(self.accounts, _names(accounts)) and _meets(self.providers, _names(providers))


def _ids(context: Context) -> tuple[str, ...]:
    provider = context.provider
    return (provider.id, provider.name, provider.connector) if provider else ()


def _meets(wanted: frozenset[str], ids: Iterable[str]) -> bool:
    return not wanted or bool(wanted & {one for one in ids if one})


EVERYBODY = Scope()
