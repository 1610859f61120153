"""Pick the concrete classes. The only place that does; tests call it with adapters of their own.

The store is picked in `bootstrap_state`, which needs no client library.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event

import structlog
from requests.adapters import BaseAdapter

import connector.http
from connector.auth import (
    PARTNER_CENTER_SCOPE,
    Certificate,
    ClientSecret,
    Credential,
    ManagedIdentity,
    PfxCertificate,
    SignIn,
    dataverse_scope,
    token_source,
)
from connector.dataverse.client import DataverseClient
from connector.dataverse.definitions.client import Definitions
from connector.http import Http
from connector.meter import Meter
from connector.pace import Pace
from connector.partner_center.client import PartnerCenterClient
from connector.partner_center.feed import PartnerCenterFeed
from connector.person_sign_in import PersonSignIn
from connector.rest_provider.client import RestAddress, RestProvider
from connector.simple_provider import SimpleAdapter, Tools
from connector.token_file import kept_in
from seatkeeper.bootstrap_state import open_store
from seatkeeper.config import Config, GuardsConfig, MoneyConfig, ProviderConfig, SignInConfig
from seatkeeper.dispatch import InlineDispatcher, ThreadDispatcher
from seatkeeper.effects import RealEffects
from seatkeeper.fenced import fenced_crm, fenced_providers
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.plugins import Extensions, load_extensions, open_other
from seatkeeper.tally import CountedLog, Tally
from sync.engine import Engine, Ports
from sync.feed import LicenceFeed
from sync.guards import Limits
from sync.invoice_rules import InvoiceRules
from sync.judge import Policy
from sync.mapping_files import Mappings
from sync.polled_columns import follow_columns
from sync.ports import Crm, Dispatcher, Effects, Provider, Store
from sync.scope import Scope
from sync.state import IncompatibleStateError

Adapters = Mapping[str, BaseAdapter] | None


@dataclass(slots=True, kw_only=True)
class Application:
    """Everything that a command works with."""

    config: Config
    mappings: Mappings
    engine: Engine
    stop: Event
    wake: Event = field(default_factory=Event)
    """Set when the work loop is to look before its time."""
    tally: Tally = field(default_factory=Tally)
    definitions: Definitions | None = None
    """What `check` asks for our rights."""
    extensions: Extensions = field(default_factory=Extensions)
    """What other packages add."""

    @property
    def store(self) -> Store:
        return self.engine.ports.store

    def halt(self) -> None:
        """Have the work loop end, and wake it for that."""
        self.stop.set()
        self.wake.set()

    def close(self) -> None:
        dispatcher = self.engine.ports.dispatcher
        if isinstance(dispatcher, ThreadDispatcher):
            dispatcher.close()
        self.store.close()


def build(
    config: Config,
    *,
    store: Store | None = None,
    effects: Effects | None = None,
    adapters: Adapters = None,
    inline: bool = False,
) -> Application:
    """Put an application together; nothing is sent before it is used."""
    stop, mappings = Event(), open_mappings(config.mappings)
    edge = _Edge(
        effects=effects or RealEffects(stop),
        adapters=adapters,
        tally=Tally(),
        extensions=load_extensions(),
    )
    dispatcher: Dispatcher = InlineDispatcher() if inline else ThreadDispatcher(config.workers)
    ports = _ports(config, edge, dispatcher, store)
    return Application(
        config=config,
        mappings=mappings,
        engine=_engine(config, ports, mappings, edge.extensions),
        stop=stop,
        tally=edge.tally,
        definitions=definitions(config, edge.effects, adapters),
        extensions=edge.extensions,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    """What every connection of one application is made with."""

    effects: Effects
    adapters: Adapters
    tally: Tally
    extensions: Extensions


def _ports(config: Config, edge: _Edge, dispatcher: Dispatcher, store: Store | None) -> Ports:
    """Return the doors of the engine; the state is opened last, when nothing else can fail."""
    effects = edge.effects
    connections = providers(config, effects, edge.adapters, edge.tally, edge.extensions)
    crm = dataverse(config, effects, edge.adapters, edge.tally)
    opened = store or open_store(config)
    return Ports(
        crm=fenced_crm(crm, opened),
        providers=fenced_providers(connections, opened),
        feeds=feeds(connections, effects, config.partner_sweep.share_percent),
        store=opened,
        effects=effects,
        dispatcher=dispatcher,
        log=CountedLog(structlog.get_logger(), edge.tally),
    )


def _engine(config: Config, ports: Ports, mappings: Mappings, extensions: Extensions) -> Engine:
    """Return the engine with the settings of a configuration."""
    return Engine(
        ports=ports,
        mappings=mappings,
        policy=policy(config, mappings),
        audit_wait_seconds=config.audit_wait_seconds,
        observe=config.mode == "observe",
        limits=limits(config.guards),
        scope=Scope.of(config.scope.accounts, config.scope.providers),
        invoices=invoice_rules(config.money),
        steps=extensions.steps,
        sweeps=config.partner_sweep.plan,
    )


def policy(config: Config, mappings: Mappings) -> Policy:
    """Return the settings that decisions read."""
    return Policy(
        rulebook=mappings.rulebook,
        change_day=config.money.change_day,
        process_refunds=config.money.process_refunds,
        max_back_dating_days=config.money.max_back_dating_days,
        connectors=frozenset(config.providers),
    )


def invoice_rules(money: MoneyConfig) -> InvoiceRules:
    """Return what the configuration says about issuing invoices."""
    return InvoiceRules(
        automatic=money.automatic_invoices,
        interim=money.interim_invoices == "monthly",
        issue_lone_credits=money.lone_credits == "issue",
    )


def limits(guards: GuardsConfig) -> Limits:
    """Return how much may change before a person looks at the plan."""
    return Limits(
        window=guards.window_length,
        max_changes=guards.max_changes,
        max_percent=guards.max_percent,
        percent_from=guards.percent_from,
        max_refund=guards.max_refund,
    )


def dataverse(
    config: Config, effects: Effects, adapters: Adapters, meter: Meter | None = None
) -> Crm:
    """Return the Dataverse client of a configuration."""
    settings = config.dataverse
    http = _http(settings.sign_in, effects, adapters, meter)
    sign_in = _sign_in(settings.sign_in, dataverse_scope(settings.url))
    tokens = token_source(sign_in, http, effects)
    return DataverseClient(http, tokens, effects, settings.url, config.page_size)


def definitions(config: Config, effects: Effects, adapters: Adapters = None) -> Definitions:
    """Return what reads and changes the definitions of tables; such a call may take minutes."""
    settings = config.dataverse
    ca_file = str(settings.sign_in.ca_file) if settings.sign_in.ca_file else None
    http = Http(effects, ca_file, adapters, limits=connector.http.Limits(read_seconds=600))
    tokens = token_source(_sign_in(settings.sign_in, dataverse_scope(settings.url)), http, effects)
    return Definitions(http, tokens, effects, settings.url)


def providers(
    config: Config,
    effects: Effects,
    adapters: Adapters,
    meter: Meter | None = None,
    extensions: Extensions | None = None,
) -> dict[str, Provider]:
    """Return the provider connections by name; one that cannot be made is told in `extensions`."""
    added = extensions or load_extensions()
    found: dict[str, Provider] = {}
    for name, settings in config.providers.items():
        if settings.kind == "partner_center" and settings.sign_in is not None:
            http = _http(settings.sign_in, effects, adapters, meter)
            sign_in = _sign_in(settings.sign_in, PARTNER_CENTER_SCOPE)
            tokens = token_source(sign_in, http, effects)
            found[name] = PartnerCenterClient(http, tokens, effects, settings.url)
            continue
        ca_file = str(settings.ca_file) if settings.ca_file else None
        tools = Tools(
            name=name, effects=effects, http=Http(effects, ca_file, adapters, meter=meter)
        )
        other = _other_provider(settings, tools, added)
        if other is not None:
            found[name] = other
    return found


def _other_provider(
    settings: ProviderConfig, tools: Tools, extensions: Extensions
) -> Provider | None:
    if settings.kind != "rest":
        return open_other(extensions, settings.kind, settings.settings, tools)
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    base = "/".join(part for part in (settings.url, settings.path.strip("/")) if part)
    return SimpleAdapter(tools.name, RestProvider(tools.http, RestAddress(url=base, key=key)))


def feeds(
    connections: Mapping[str, Provider], effects: Effects, share_percent: int
) -> dict[str, LicenceFeed]:
    """Return the connections that can tell of all their licences, each with a pace of its own."""
    return {
        name: PartnerCenterFeed(one, Pace(effects, share_percent))
        for name, one in connections.items()
        if isinstance(one, PartnerCenterClient)
    }


def person_sign_in(application: Application, adapters: Adapters = None) -> PersonSignIn | None:
    """Return how people sign in to the console; None when they come by a link."""
    settings = application.config.console.sign_in
    if settings is None:
        return None
    http = _http(settings, application.engine.ports.effects, adapters, application.tally)
    return PersonSignIn(_sign_in(settings, ""), http)


def _http(
    settings: SignInConfig, effects: Effects, adapters: Adapters, meter: Meter | None
) -> Http:
    ca_file = str(settings.ca_file) if settings.ca_file else None
    return Http(effects, ca_file, adapters, meter=meter)


def _sign_in(settings: SignInConfig, scope: str) -> SignIn:
    return SignIn(
        scope=settings.scope or scope,
        credential=_credential(settings),
        client_id=settings.client_id,
        tenant_id=settings.tenant_id,
        authority=settings.authority,
    )


def _credential(settings: SignInConfig) -> Credential:
    passphrase = settings.passphrase.get_secret_value() if settings.passphrase else None
    secret = settings.client_secret.get_secret_value() if settings.client_secret else None
    if settings.refresh_token_file is not None:
        return kept_in(settings.refresh_token_file, client_secret=secret)
    if secret is not None:
        return ClientSecret(secret=secret)
    if settings.certificate_file is not None and settings.key_file is not None:
        return Certificate(
            key_file=settings.key_file,
            certificate_file=settings.certificate_file,
            passphrase=passphrase,
        )
    if settings.pfx_file is not None:
        return PfxCertificate(pfx_file=settings.pfx_file, passphrase=passphrase)
    return ManagedIdentity()


def meet(application: Application) -> None:
    """Learn whom we talk to; refuse a state of another organisation, and broken extensions."""
    application.extensions.demand()
    engine = application.engine
    table = engine.mappings.entity("subscription").table
    organisation = engine.ports.crm.organisation([table])
    known = engine.ports.store.tx(lambda tx: tx.meta("organisation"))
    if known is not None and known != organisation.id:
        raise IncompatibleStateError(
            f"the state belongs to organisation {known}, but Dataverse says {organisation.id};"
            " use another state for it"
        )
    engine.audited = organisation.audited_tables
    engine.ports.store.tx(lambda tx: tx.set_meta("organisation", organisation.id))
    follow_columns(engine)
