"""`seatkeeper check`: configuration, mappings, machine and services; all findings at once."""

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from seatkeeper import checks
from seatkeeper.bootstrap import Adapters, build
from seatkeeper.bootstrap_state import empty_store, look_at_store
from seatkeeper.check_machine import Machine, check_machine, config_file_result
from seatkeeper.check_results import CheckResult
from seatkeeper.config import SECRETS, Config, load_config
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.notify.beside import open_transport
from seatkeeper.plugins import load_extensions
from seatkeeper.secret_places import is_literal
from seatkeeper.yaml_files import ConfigurationError, open_yaml
from sync.state import StateError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What `check` was asked to do."""

    config: Path
    offline: bool = False
    environment: Mapping[str, str] | None = None
    machine: Machine = field(default_factory=Machine)
    adapters: Adapters = None


def check_all(asked: Asked) -> list[CheckResult]:
    """Look at everything that can be looked at; a part that is broken hides no other."""
    results: list[CheckResult] = []
    env = os.environ if asked.environment is None else asked.environment
    config = _found("configuration", results, lambda: load_config(asked.config, env))
    if config is not None:
        results.append(CheckResult(what="configuration", ok=True, told=_told(config)))
        results += config_file_result(asked.config, holds_secret=_holds_secret(asked.config))
    folder = config.mappings if config else _mappings_of(asked.config)
    mappings = _found("mappings", results, lambda: open_mappings(folder))
    if mappings is not None:
        told = f"{len(mappings.entities)} entities, hash {mappings.hash[:12]}"
        results.append(CheckResult(what="mappings", ok=True, told=told))
    if config is not None:
        results += check_machine(config, mappings, asked.machine)
        results += [*_notify(config), *_webhooks(config)]
    if config is None or mappings is None or asked.offline:
        results += checks.extension_results(load_extensions())
    else:
        results += _services(config, asked.adapters)
    return results


def _services(config: Config, adapters: Adapters) -> list[CheckResult]:
    """Ask the services, with a copy of the state, or an empty one when ours is in trouble."""
    try:
        with closing(look_at_store(config)) as store:
            twin = store.copy()
    except StateError:
        twin = empty_store()  # told already
    with closing(build(config, store=twin, adapters=adapters, inline=True)) as application:
        return checks.check(application)


def _notify(config: Config) -> list[CheckResult]:
    """Look whether the addresses that are to be told can be; no message goes out."""
    results: list[CheckResult] = []
    count = len(config.notify.urls)
    if count and _found("notify", results, lambda: open_transport(config)) is not None:
        results.append(CheckResult(what="notify", ok=True, told=f"{count} addresses"))
    return results


def _webhooks(config: Config) -> list[CheckResult]:
    """Look whether the listener's files can be used; nothing listens."""
    if config.webhooks.listen is None:
        return []
    # Lazy: only who listens pays for loading the server.
    from seatkeeper.webhooks.server import prove_files  # noqa: PLC0415

    results: list[CheckResult] = []
    heard = _found("webhooks", results, lambda: prove_files(config.webhooks))
    return [*results, CheckResult(what="webhooks", ok=True, told=heard)] if heard else results


def _found(what: str, results: list[CheckResult], read: Callable[[], T]) -> T | None:
    """Return what is read; what is wrong with it is put among the results."""
    try:
        return read()
    except ConfigurationError as error:
        results += [CheckResult(what=what, ok=False, told=str(one)) for one in error.problems]
        return None


def _told(config: Config) -> str:
    named = ", ".join(config.providers) or "none"
    return f"mode {config.mode}, providers: {named}"


def _mappings_of(path: Path) -> Path | None:
    """Return the folder that a broken configuration names; None for the shipped mappings."""
    try:
        data = open_yaml(path, bare_variables=True).data
    except ConfigurationError:
        return None
    named = data.get("mappings") if isinstance(data, dict) else None
    return path.parent.resolve() / named if isinstance(named, str) and named else None


def _holds_secret(path: Path) -> bool:
    """Tell whether the file itself holds a secret."""
    return _any_literal(open_yaml(path, bare_variables=True).data)


def _any_literal(data: object) -> bool:
    if isinstance(data, dict):
        return any(
            (key in SECRETS and isinstance(value, str) and is_literal(value)) or _any_literal(value)
            for key, value in data.items()
        )
    return isinstance(data, list) and any(_any_literal(one) for one in data)
