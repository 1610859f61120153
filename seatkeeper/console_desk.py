"""What the console's pages are made of, put together from an application."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib.metadata import version
from urllib.parse import urlsplit

from connector.person_sign_in import PersonSignIn
from console.desk import (
    BillLine,
    Defect,
    Desk,
    Document,
    NextInvoice,
    NotDoneError,
    Settings,
    SignIn,
)
from seatkeeper.bootstrap import Application, meet, person_sign_in
from seatkeeper.config import Config
from seatkeeper.console_sign_in import EntraSignIn
from seatkeeper.dossier import live_sides
from seatkeeper.explain import sentence
from seatkeeper.invoice_words import words_of
from seatkeeper.listen_address import host_and_port
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.yaml_files import ConfigurationError
from sync.engine import apart
from sync.invoicing import Bill, read_bill
from sync.mapping import MalformedRowError
from sync.preview import preview
from sync.reading_invoices import (
    Draft,
    IssuedInvoice,
    contract_due,
    next_invoice_on,
    read_drafts,
    read_issued,
)
from sync.reading_names import Named, find_by_name, read_names
from sync.remote import RemoteError
from sync.settling import Trouble
from sync.sides import Side
from sync.state import StateError
from sync.unmatched import Unmatched, with_values

Ask = Callable[[str, Mapping[str, str | None]], Sequence[Document]]
_FOUND = 50
_TROUBLE = (RemoteError, MalformedRowError, StateError, ConfigurationError)


def desk_of(
    application: Application, ask: Ask, *, now: Callable[[], datetime] | None = None
) -> Desk:
    """Return the desk of an application; commands go through `ask`."""
    desk, config = _Desk(application), application.config
    return Desk(
        store=application.store,
        settings=settings_of(config),
        words=words_of(config.console.locale),
        now=now or _real_now,
        mappings=lambda: application.engine.mappings,
        facts=desk.facts,
        defects=lambda: _defects(config),
        sentence=lambda entry, facts: sentence(
            entry, facts, application.engine.mappings.entity("subscription")
        ),
        names=desk.names,
        find=desk.find,
        sides=desk.sides,
        valued=desk.valued,
        plan=desk.plan,
        drafts=desk.drafts,
        issued=desk.issued,
        next_invoice=desk.next_invoice,
        next_due=desk.next_due,
        ask=ask,
        sign_in=_sign_in(application),
    )


def settings_of(config: Config) -> Settings:
    """Return what the section `console` says."""
    console = config.console
    address = console.address or ""
    named = {host_and_port(console.listen)[0], urlsplit(address).hostname or "localhost"}
    hosts = {f"[{one}]" if ":" in one else one for one in named}
    return Settings(
        hosts=frozenset({"localhost", "127.0.0.1", "[::1]", *hosts}),
        address=address,
        is_secure=bool(console.certificate_file or address),
        session_minutes=console.session_minutes,
        idle_minutes=console.idle_minutes,
    )


def _real_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # sessions live in real time


def _sign_in(application: Application) -> SignIn | None:
    people: PersonSignIn | None = person_sign_in(application)
    return EntraSignIn(people) if people else None


def _defects(config: Config) -> Sequence[Defect]:
    """Validate the files as `mapping validate` does."""
    try:
        open_mappings(config.mappings)
    except ConfigurationError as error:
        return [
            Defect(
                place=f"{one.file}:{one.line}" if one.line else one.file,
                message=f"{one.field}: {one.message}".removeprefix(": "),
                remedy=one.remedy,
            )
            for one in error.problems
        ]
    return ()


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the services are asked; whatever they do not answer is a sentence."""

    application: Application

    def facts(self) -> Mapping[str, str]:
        config = self.application.config
        since = self.application.store.look(lambda tx: tx.meta("organisation"))
        return {
            "mode": config.mode,
            "organisation": since or "not met yet",
            "mapping_hash": self.application.engine.mappings.hash[:12],
            "version": version("seatkeeper"),
        }

    def names(self, ids: Sequence[str]) -> Mapping[str, Named]:
        with _told():
            return read_names(self.application.engine, ids)

    def find(self, name: str) -> Sequence[Named]:
        with _told():
            return find_by_name(self.application.engine, name, _FOUND)

    def sides(self, subject: str) -> Sequence[Side]:
        with _told():
            return list(live_sides(self.application.engine, subject))

    def valued(self, found: Sequence[Unmatched]) -> Sequence[Unmatched]:
        with _told():
            return with_values(self.application.engine, found)

    def plan(self) -> Document:
        """Work out the plan on a copy of the state, as `seatkeeper plan` does."""
        with _told(), _on_a_copy(self.application) as twin:
            meet(twin)
            return preview(twin.engine)

    def drafts(self) -> Sequence[Draft]:
        with _told():
            engine = self.application.engine
            return read_drafts(engine, engine.now().date())

    def issued(self, first: date, last: date) -> Sequence[IssuedInvoice]:
        with _told():
            return read_issued(self.application.engine, first, last)

    def next_due(self) -> date | None:
        with _told():
            return next_invoice_on(self.application.engine)

    def next_invoice(self, contract_id: str) -> NextInvoice | None:
        """Work out the invoice of the day on which it is due, or of today when that is past."""
        with _told():
            engine = self.application.engine
            today = engine.now().date()
            found = read_bill(engine, contract_id, contract_due(engine, contract_id) or today)
            if isinstance(found, Trouble):
                raise NotDoneError(found.sentence)
            return _next_invoice(found) if found else None


@contextmanager
def _told() -> Iterator[None]:
    """Turn what services and state refuse into a sentence for a person."""
    try:
        yield
    except _TROUBLE as error:
        raise NotDoneError(str(error)) from error


@contextmanager
def _on_a_copy(application: Application) -> Iterator[Application]:
    """Give an application whose state is a copy that nobody keeps."""
    engine = application.engine
    store = engine.ports.store.copy()
    try:
        yield replace(application, engine=apart(engine, store))
    finally:
        store.close()


def _next_invoice(bill: Bill) -> NextInvoice:
    waiting = (
        BillLine(is_new=False, kind=one.kind, amount=one.amount, explanation="")
        for one in bill.waiting
    )
    added = (
        BillLine(is_new=True, kind=one.kind.value, amount=one.amount, explanation=one.explanation)
        for one in bill.new_lines
    )
    return NextInvoice(
        contract=bill.contract.name,
        currency=bill.contract.currency,
        first_day=bill.cycle.start,
        lines=[*waiting, *added],
        net=bill.sums.net,
        tax=bill.sums.tax,
        total=bill.sums.total,
        carried=bill.carried,
        rolls=bill.rolls,
    )
