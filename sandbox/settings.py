"""What the fact sheets leave open, as switches with a documented default."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import Literal, get_args, get_type_hints
from zoneinfo import available_timezones


class SettingRefused(ValueError):
    """A setting has an unknown name or a value of the wrong kind."""


@dataclass(slots=True, kw_only=True)
class Settings:
    """Each switch of the sandbox; `POST /_sandbox/settings` changes it while it runs."""

    # How Dataverse shows changes
    delta_token_at: Literal["start", "end"] = "start"  # noqa: S105 - no password
    """Where a full tracked walk takes its delta token; with "end", rows that change on pages
    already read are missed."""
    delta_days: int = 7
    """Life of a delta link, by the emulated clock."""
    delta_expired_status: int = 400
    """HTTP status of an expired delta link (0x80044352); not published."""
    delta_untracked_status: int = 400
    """HTTP status of a tracked read of a table that is not tracked (0x80072491)."""
    delta_option_status: int = 400
    """HTTP status of a query option that a tracked read refuses."""
    delta_checks_time_only: bool = False
    """Whether a delta link below the world's first version lives on; one user saw that it does."""
    delta_link_missing_with_annotations: bool = False
    """Whether annotated tracked reads end without a delta link, as reported in 2019 (#439)."""
    delta_counts_selected_columns_only: bool = False
    """Whether a row with only unselected changes is left out of a delta."""
    max_page_size: int = 5000
    """Rows of a Dataverse page when the client asks for none or for more."""
    audit: bool = True
    """Whether auditing is on for the organisation."""
    audit_delay_seconds: float = 0
    """How much later than its change an audit row becomes visible, by the emulated clock."""
    history_has_audit_record: bool = True
    """Whether RetrieveRecordChangeHistory gives the AuditRecord of a change; Learn says it may
    leave it out."""
    state_alone_audits_reason: bool = True
    """Whether a change of the state alone is audited with the status reason that follows."""
    # Whom Dataverse lets do what
    organisation_read: bool = True
    """Whether callers have Read on whole tables, which change tracking needs (403 without)."""
    may_impersonate: bool = True
    """Whether callers have the privilege to act on behalf of another user (403 without)."""
    enforce_roles: bool = False
    """Whether the application user may do only what its security roles say (403 without)."""
    # How Dataverse takes writes
    null_keys_take_part: bool = False
    """Whether rows with an empty key column are held unique by an alternate key."""
    enforce_status_transitions: bool = False
    """Whether status reason transitions are refused on a PATCH; the real API stores them."""
    status_reason_moves_state: bool = False
    """Whether a status reason of the other state alone moves the state instead of failing."""
    patch_answers_etag: bool = False
    """Whether a 204 answer to a PATCH carries an ETag; documented only with representation."""
    batch_needs_crlf: bool = False
    """Whether a batch in LF that does not end in a blank line is unreadable, as reported."""
    key_index_seconds: float = 0
    """How long a new alternate key is Pending, by the emulated clock."""
    key_values_to_avoid_work: bool = False
    """Whether a row can be addressed by a key value with / < > * % & : ? + or a backslash, which
    the documentation says to avoid; the answer without is not published."""
    definition_cache_seconds: float = 0
    """How long a new table or column is unknown without `Consistency: Strong`; about 30 s in
    reality."""
    caller_time_zone: str = "UTC"
    """Time zone of the formatted instants (IANA); really each user's own."""
    duplicate_columns: str = ""
    """Columns with a duplicate rule, as `account.name,account.accountnumber`."""
    # How much Dataverse takes: service protection, per user and web server
    service_protection: bool = False
    """Whether all three limits are on with the real numbers: 6000, 1,200,000 and 52."""
    dataverse_per_5_minutes: int = 0
    """Requests in a sliding window of 300 seconds; 0 leaves it to service_protection."""
    dataverse_execution_ms: int = 0
    """Milliseconds of execution in that window; 0 leaves it to service_protection."""
    dataverse_concurrent: int = 0
    """Requests at the same time; 0 leaves it to service_protection."""
    limits_clock: Literal["real", "emulated"] = "real"
    """Whose 300 seconds these are."""
    dop_hint: int = 4
    """What `x-ms-dop-hint` recommends; 0 leaves the header out."""
    web_servers: int = 1
    """Servers behind the address; a client without affinity cookie goes from one to the next."""
    affinity_cookie: str = "ARRAffinity"
    """Name of the cookie that pins a client to a server; no source gives the real name."""
    # Partner Center
    partner_center_per_minute: int = 500
    """Requests a minute per tenant, in real time; 0 is off."""
    partner_center_limit_per: Literal["tenant", "customer"] = "tenant"
    """Whether these are the partner's requests, or those for each customer; both are documented."""
    request_id_window_seconds: float = 600
    """How long an MS-RequestId replays its stored outcome, by the emulated clock; 0 is off."""
    partner_center_bom: bool = False
    """Whether bodies begin with a UTF-8 byte order mark."""
    partner_center_crlf: bool = False
    """Whether bodies are pretty-printed with CRLF."""
    accepted_seconds: float = 0
    """When positive, a PATCH answers 202 and shows this much later, by the emulated clock."""
    not_ready_seconds: float = 0
    """How long 409/800082 answers a PATCH after a create or an update."""
    partner_audit_delay_seconds: float = 0
    """How much later than its change an audit record becomes visible."""
    audit_refusals: bool = False
    """Whether a refused PATCH leaves an audit record with the status failed; not documented."""
    partner_center_omits_empty: bool = False
    """Whether answers leave out properties that are null, as most documented samples do."""
    partner_dates: Literal["zulu", "offset", "no_zone", "fraction"] = "zulu"
    """How instants are written; clients have met all four."""
    new_commerce_etag: Literal["none", "empty"] = "none"
    """Whether a New Commerce subscription shows no etag or an empty one; samples do both."""
    error_codes_are_text: bool = False
    """Whether the code of an error is a text, as Microsoft's table has it, or a number."""
    malformed_next_links: bool = False
    """Whether next links have two question marks, as some documented samples do."""
    legacy_auto_renew_sticks: bool = False
    """Whether turning auto-renew off does nothing for a legacy subscription, as one user saw."""
    thin_patch_clears_partner: bool = False
    """Whether a body without partnerId clears the reseller, as one user saw."""
    add_on_needs_parent: bool = False
    """Whether a body for an add-on must name parentSubscriptionId (400/2000), as one user saw."""
    orders_visible_seconds: float = 0
    """How much later than its purchase a subscription shows; the docs say up to 15 minutes."""
    pending_seconds: float = 0
    """How long a new purchase is pending; when `pending` shows is not documented."""
    provisioning_seconds: float = 0
    """How long /provisioningstatus says pending after a change; up to 15 minutes in reality."""
    migration_seconds: float = 0
    """How long a migration to new commerce takes, while its source is suspended."""
    migration_fails: bool = False
    """Whether migrations fail; their source stays suspended for 72 hours more."""
    largest_quantity: int = 10_000_000
    """Seats above this are refused (400/2002)."""
    decrease_refusal: Literal[800090, 900257, 900214] = 800090
    """Which documented code refuses to give back seats after their window."""
    cancel_refusal: Literal[900117, 900213] = 900117
    """Which documented code refuses to cancel after the window."""
    suspended_refusal: Literal[800091, 2001] = 800091
    """Which documented code refuses to change a suspended subscription."""
    suspend_keeps_scheduled_actions: bool = False
    """Whether scheduledActions survive a suspend; not documented."""
    list_price: float = 10
    """Price of a seat and month in orders and invoice lines; there is no price list here."""
    cancel_window_days: int = 7
    """Days from purchase, renewal or added seats until cancelling or reducing ends."""
    marketplace_window_hours: int = 0
    """The same for products of other publishers; 0 is 24 hours when paid monthly, else 14 days."""
    cycle_charge_seconds: float = 0
    """How long the charge of a billing cycle is in progress, when its instructions are fixed."""
    renewal_seconds: float = 0
    """How long a renewal is in progress after the term end; up to 24 hours in reality."""
    renewal_blocks_all_edits: bool = True
    """Whether also a rename or other seats are refused while a renewal is in progress."""
    suspended_becomes: Literal["disabled", "expired"] = "disabled"
    """What a suspended subscription is after its term; one Microsoft page says both."""
    suspended_disabled_days: int = 30
    """Days that a subscription which ended while suspended stays disabled."""
    expired_days: int = 30
    """Days a subscription stays expired before it is disabled."""
    disabled_days: int = 90
    """Days a subscription stays disabled before it is deleted."""
    legacy_suspended_days: int = 90
    """Days a suspended legacy subscription lives before it is deleted."""
    extended_service_terms: bool = False
    """Whether a term without renewal and without a Cancel action rolls on month by month: what
    was bought from 1 April 2025 and ends from 4 May 2026 on."""
    update_limit: int = 1200
    """Updates a subscription takes in its life (400/900311)."""
    webhook_delay_seconds: float = 0
    """How much later than its change an event is sent; up to 48 hours in reality."""
    webhook_copies: int = 1
    """How often each event is sent; 2 sends every one twice, 0 loses all."""
    webhook_order: Literal["as_made", "reversed"] = "as_made"
    """In which order events that are due together are sent."""
    webhook_attempts: int = 10
    """Attempts to deliver an event before it is put aside."""
    webhook_retry_seconds: float = 60
    """Pause after the first failed delivery, doubled each time; not published."""
    require_mfa: bool = False
    """Whether a token with a user but without an MFA claim is refused (401/900421)."""
    # Sign-in and people
    token_seconds: int = 3599
    """Life of an access token, in real time."""
    person: str = "Alex Wilber"
    """Who a change by hand is made by."""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def change(self, changes: Mapping[str, object]) -> None:
        """Set several settings, or none of them. Raises SettingRefused."""
        for name, value in changes.items():
            _check(name, value)
        for name, value in changes.items():
            setattr(self, name, value)


NAMES = tuple(field.name for field in fields(Settings))
_TYPES = get_type_hints(Settings)


def _check(name: str, value: object) -> None:
    if name not in _TYPES:
        near = get_close_matches(name, NAMES) or sorted(NAMES)
        msg = f"there is no setting {name!r}; near it: {', '.join(near)}"
        raise SettingRefused(msg)
    choices = get_args(_TYPES[name])
    if choices and value not in choices:
        msg = f"{name} takes one of {', '.join(map(repr, choices))}, not {value!r}"
        raise SettingRefused(msg)
    if name == "caller_time_zone" and value not in available_timezones():
        msg = f"{name} takes the name of a time zone, as Europe/Berlin, not {value!r}"
        raise SettingRefused(msg)
    if not choices and not _fits(_TYPES[name], value):
        msg = f"{name} takes {_NAMED[_TYPES[name]]}, not {value!r}"
        raise SettingRefused(msg)


_NAMED: dict[type, str] = {
    bool: "true or false",
    int: "a whole number from 0",
    float: "a number from 0",
    str: "a text",
}


def _fits(kind: type, value: object) -> bool:
    if kind is bool or kind is str:
        return isinstance(value, kind)
    accepted = (int, float) if kind is float else int
    return isinstance(value, accepted) and not isinstance(value, bool) and value >= 0
