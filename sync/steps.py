"""Steps of others around a change of a subscription: what they are given, and what they may say.

Stable: `seatkeeper.steps` hands these names out to other packages. `API` rises when a step that
was written for an earlier one would not work any more.

```
stage      called                                      may
validate   whenever a change is planned, by `plan`     return a sentence: the change is refused with
           too, any number of times                    it; no I/O, nothing changed, same answer for
                                                       the same change, so that plan = apply
after      once the change stands in Dynamics, at      do what it likes; raising parks this one
           least once, in the order of the changes     subscription until it succeeds or is skipped
```
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

API: Final = 1
TABLES: Final[Mapping[str, frozenset[str]]] = {"subscription": frozenset({"status", "quantity"})}
"""The tables whose changes have steps, and the fields that change; names are those of mappings/."""


class Stage(StrEnum):
    """When a step is called."""

    VALIDATE = "validate"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The status (`active`, `paused`, `suspended`, `cancelled`, `expired`) and the seats."""

    status: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one subscription."""

    key: str
    """Its identity for ever; the same in every call, so that work can be done once by it."""
    log_id: str
    """The row of its change log."""
    table: str
    columns: frozenset[str]
    """The fields that changed: `status`, `quantity`."""
    subscription_id: str
    subscription_name: str
    provider_subscription_id: str
    customer_tenant_id: str
    contract_id: str
    provider: str
    """The name of the provider's row."""
    kind: str
    """`deactivation`, `activation`, `quantity_change` and so on."""
    rule: str
    """The rule of lifecycle.yaml."""
    was: State | None
    """None for a new row."""
    now: State
    effective_on: date
    requested_at: datetime
    requested_by: str
    origin: str = "dynamics"
    """`dynamics`, or `partner_center`: it was made at the provider, and cannot be refused."""
    amount: Decimal | None = None
    """The net amount of the invoice lines that the change brought; None while validating."""
    currency: str = ""
    provisioning: str = ""
    """How far its provider was when the step was called; empty while validating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something of yours that is called around a change."""

    name: str
    stage: Stage
    run: Callable[[Change], str | None]
    """`validate` returns a sentence to refuse, or None; what `after` returns is not looked at."""
    table: str = "subscription"
    columns: frozenset[str] = frozenset()
    """Only changes of one of these fields; empty: all."""
    api: int = API

    def is_meant(self, stage: Stage, change: Change) -> bool:
        """Tell whether a change is for this step."""
        of_columns = not self.columns or bool(self.columns & change.columns)
        return self.stage is stage and self.table == change.table and of_columns


def document(change: Change) -> dict[str, str | list[str]]:
    """Write a change as text, to be stored until its `after` steps were called."""
    was = change.was
    return {
        "key": change.key,
        "log_id": change.log_id,
        "table": change.table,
        "columns": sorted(change.columns),
        "subscription_id": change.subscription_id,
        "subscription_name": change.subscription_name,
        "provider_subscription_id": change.provider_subscription_id,
        "customer_tenant_id": change.customer_tenant_id,
        "contract_id": change.contract_id,
        "provider": change.provider,
        "kind": change.kind,
        "rule": change.rule,
        "was": [was.status, str(was.quantity)] if was else [],
        "now": [change.now.status, str(change.now.quantity)],
        "effective_on": change.effective_on.isoformat(),
        "requested_at": change.requested_at.isoformat(),
        "requested_by": change.requested_by,
        "origin": change.origin,
        "amount": "" if change.amount is None else str(change.amount),
        "currency": change.currency,
    }


def read_change(stored: Mapping[str, object], provisioning: str) -> Change:
    """Read what `document` wrote."""
    told = {name: str(value) for name, value in stored.items() if isinstance(value, str)}
    return Change(
        key=told["key"],
        log_id=told["log_id"],
        table=told["table"],
        columns=frozenset(_list(stored["columns"])),
        subscription_id=told["subscription_id"],
        subscription_name=told["subscription_name"],
        provider_subscription_id=told["provider_subscription_id"],
        customer_tenant_id=told["customer_tenant_id"],
        contract_id=told["contract_id"],
        provider=told["provider"],
        kind=told["kind"],
        rule=told["rule"],
        was=_state(stored["was"]),
        now=_state(stored["now"]) or State(status="", quantity=0),
        effective_on=date.fromisoformat(told["effective_on"]),
        requested_at=datetime.fromisoformat(told["requested_at"]),
        requested_by=told["requested_by"],
        origin=told["origin"],
        amount=Decimal(told["amount"]) if told["amount"] else None,
        currency=told["currency"],
        provisioning=provisioning,
    )


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _state(value: object) -> State | None:
    parts = _list(value)
    return State(status=parts[0], quantity=int(parts[1])) if parts else None
