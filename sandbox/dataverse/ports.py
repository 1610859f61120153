"""What the Dataverse emulation needs from the world around it.

Protocols, so that the world may import this package and not the other way round.
"""

from datetime import datetime
from typing import Any, Protocol


class Clock(Protocol):
    """The emulated clock of all services; it may go back."""

    def now(self) -> datetime: ...


class Settings(Protocol):
    """The switches for what the fact sheets mark as unknown, as far as Dataverse asks them."""

    @property
    def delta_token_at(self) -> str: ...
    @property
    def delta_days(self) -> float: ...
    @property
    def delta_expired_status(self) -> int: ...
    @property
    def delta_untracked_status(self) -> int: ...
    @property
    def delta_option_status(self) -> int: ...
    @property
    def delta_checks_time_only(self) -> bool: ...
    @property
    def delta_link_missing_with_annotations(self) -> bool: ...
    @property
    def history_has_audit_record(self) -> bool: ...
    @property
    def state_alone_audits_reason(self) -> bool: ...
    @property
    def organisation_read(self) -> bool: ...
    @property
    def may_impersonate(self) -> bool: ...
    @property
    def key_index_seconds(self) -> float: ...
    @property
    def duplicate_columns(self) -> str: ...
    @property
    def delta_counts_selected_columns_only(self) -> bool: ...
    @property
    def max_page_size(self) -> int: ...
    @property
    def audit(self) -> bool: ...
    @property
    def audit_delay_seconds(self) -> float: ...
    @property
    def null_keys_take_part(self) -> bool: ...
    @property
    def enforce_status_transitions(self) -> bool: ...
    @property
    def status_reason_moves_state(self) -> bool: ...
    @property
    def patch_answers_etag(self) -> bool: ...


class Principal(Protocol):
    """Who the bearer token says is calling."""

    @property
    def user_id(self) -> str: ...
    @property
    def name(self) -> str: ...


class World(Protocol):
    """The part of the world that Dataverse reads and writes.

    A Decimal in a document is written as a JSON number with all its digits.
    """

    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def organisation_id(self) -> str: ...
    @property
    def application_user_id(self) -> str: ...
    @property
    def building(self) -> bool: ...

    def new_id(self) -> str: ...

    def next_version(self) -> int: ...

    def commit(
        self,
        *,
        service: str,
        table: str,
        id: str,  # noqa: A002 - the agreed interface names it so
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None: ...

    def save(
        self,
        *,
        service: str,
        table: str,
        id: str,  # noqa: A002 - the agreed interface names it so
        document: dict[str, Any] | None,
    ) -> None: ...
