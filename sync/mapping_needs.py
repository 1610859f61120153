"""What the engine needs of a mapping: the fields of each entity, their types and choices.

Pure. `Type` says how a value is read; the engine relies on both the type and the names of choices.
"""

from collections.abc import Mapping

from lifecycle.states import LogKind, Provisioning, Status
from sync.mapping import Type

_FIELDS: Mapping[str, Mapping[Type, str]] = {
    "subscription": {
        Type.TEXT: "name provider_subscription_id sync_message",
        Type.LOOKUP: "customer contract provider",
        Type.STATUS: "status",
        Type.INTEGER: "quantity",
        Type.DECIMAL: "unit_price discount_percent discount_amount tax_percent",
        Type.DATE: "start_on bill_from deactivate_on change_effective_on",
        Type.CHOICE: "refund_choice",
        Type.BOOLEAN: "hold",
        Type.INSTANT: "modified_at",
    },
    "customer": {Type.TEXT: "name tenant_id"},
    "provider": {Type.TEXT: "name connector", Type.CHOICE: "kind"},
    "contract": {
        Type.TEXT: "name currency time_zone sync_message",
        Type.LOOKUP: "customer",
        Type.CHOICE: "frequency policy process_refunds prorate_unit",
        Type.DATE: "start_on end_on next_invoice_on",
        Type.INTEGER: "payment_days",
    },
    "change_log": {
        Type.TEXT: "name requested_by change_key held message",
        Type.LOOKUP: "subscription",
        Type.STATUS: "status",
        Type.CHOICE: "kind change_day prorate_unit refund_decision provisioning origin",
        Type.INTEGER: "quantity_change quantity_before quantity_after sequence",
        Type.DATE: "effective_on",
        Type.INSTANT: "requested_at provisioned_at",
        Type.DECIMAL: "unit_price discount_percent tax_percent",
    },
    "invoice": {
        Type.TEXT: "name number currency sync_message",
        Type.LOOKUP: "contract",
        Type.DATE: "cycle_start cycle_end issued_on due_on paid_on",
        Type.DECIMAL: "net_total tax_total total",
        Type.STATUS: "status",
    },
    "invoice_line": {
        Type.TEXT: "name change_key explanation",
        Type.INTEGER: "number quantity",
        Type.LOOKUP: "invoice subscription change_log reverses",
        Type.CHOICE: "kind",
        Type.DATE: "period_start period_end",
        Type.DECIMAL: "unit_price discount_percent tax_percent amount calculated_amount tax_amount",
    },
}

NEEDED: Mapping[str, Mapping[str, Type]] = {
    entity: {name: kind for kind, names in kinds.items() for name in names.split()}
    for entity, kinds in _FIELDS.items()
}
"""The fields that the engine reads or writes, by entity; a mapping must have them all."""

OPTIONAL: Mapping[str, Mapping[str, Type]] = {
    "subscription": {"cost_price": Type.DECIMAL},
    "invoice": {"customer": Type.LOOKUP},
}
"""The fields that the engine uses where they are mapped."""

CREATED = ("change_log", "invoice", "invoice_line")
"""The entities whose rows the engine creates."""

WRITTEN: Mapping[str, tuple[str, ...]] = {
    "subscription": ("status", "deactivate_on", "sync_message"),
    "contract": ("next_invoice_on", "sync_message"),
    **{entity: (*NEEDED[entity], *OPTIONAL.get(entity, {})) for entity in CREATED},
}
"""The fields that the engine writes, by entity; it only reads the others."""

ENDS: Mapping[str, str] = {
    "end_on": "inclusive",
    "term_end": "inclusive",
    "cycle_end": "exclusive",
    "period_end": "exclusive",
}
"""What the engine means by the fields that end something; a column may mean the other."""


def target_of(field: str) -> str:
    """Return the entity that a lookup which the engine knows points to."""
    return "invoice_line" if field == "reverses" else field


_UNITS = "days months none fixed30"
CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {
    place: tuple(names.split())
    for place, names in {
        ("subscription", "status"): " ".join(Status),
        ("subscription", "refund_choice"): "use_contract apply do_not_refund",
        ("provider", "kind"): "automatic manual do_nothing",
        ("contract", "frequency"): "monthly quarterly annual triennial",
        ("contract", "policy"): "advance arrears",
        ("contract", "process_refunds"): "use_global yes no",
        ("contract", "prorate_unit"): _UNITS,
        ("change_log", "kind"): " ".join(LogKind),
        ("change_log", "change_day"): "old_state new_state",
        ("change_log", "prorate_unit"): _UNITS,
        ("change_log", "refund_decision"): "refunded declined_by_subscription"
        " declined_by_contract declined_by_setting nothing_to_refund removed_by_person",
        ("change_log", "provisioning"): " ".join(Provisioning),
        ("change_log", "origin"): "dynamics partner_center",
        ("change_log", "status"): "active archived",
        ("invoice", "status"): "draft issued paid void",
        ("invoice_line", "kind"): "recurring prorated_charge refund one_off usage"
        " credit_carried_forward",
    }.items()
}
"""The choices that the engine knows by name: a mapping gives each one its value, and no others."""


def fits(wanted: Type, given: object) -> bool:
    """Tell whether a field may be mapped as this type; money and decimal are read alike."""
    numbers = (Type.DECIMAL, Type.MONEY)
    return given == wanted or (wanted in numbers and given in numbers)
