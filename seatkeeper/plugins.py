"""Find what other installed packages add: steps around changes, and kinds of providers.

By the entry point groups `seatkeeper.steps` and `seatkeeper.providers`: installing a package
switches it on. What cannot be loaded is kept with the reason; nothing runs before it is mended.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final, TypeAlias

from connector.simple_provider import SimpleAdapter, SimpleProvider, Tools
from seatkeeper.provider_kinds import PROVIDERS, SHIPPED_KINDS
from seatkeeper.yaml_files import ConfigurationError, Problem
from sync.ports import Provider
from sync.steps import API, TABLES, Stage, Step

STEPS: Final = "seatkeeper.steps"

Settings: TypeAlias = Mapping[str, object]
Factory: TypeAlias = Callable[[Settings, Tools], Provider | SimpleProvider]
_STEP_REMEDY: Final = "Give a Step, or a list of Steps (seatkeeper.steps)."
_VERBS: Final = ("read", "suspend", "reactivate", "cancel", "set_quantity")
_PORT: Final = ("read", "compose", "send", "licence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """An entry point of another package; `broken` says why it cannot be used."""

    group: str
    name: str
    package: str
    told: str = ""
    broken: str = ""

    @property
    def what(self) -> str:
        return f"{self.group.removeprefix('seatkeeper.').removesuffix('s')} {self.name}"

    def problem(self) -> Problem:
        return Problem(file=self.package, line=None, field=self.what, message=self.broken)


@dataclass(slots=True, kw_only=True)
class Extensions:
    """Everything that other packages add."""

    steps: tuple[Step, ...] = ()
    factories: Mapping[str, Factory] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)

    def demand(self) -> None:
        """Raise ConfigurationError when something cannot be used."""
        problems = [one.problem() for one in self.added if one.broken]
        if problems:
            raise ConfigurationError(problems)


def load_extensions() -> Extensions:
    """Load the steps and providers of all installed packages."""
    added: list[Added] = []
    steps = tuple(_steps(added))
    return Extensions(steps=steps, factories=_factories(added), added=added)


def _steps(added: list[Added]) -> Iterator[Step]:
    names: set[str] = set()
    for point in _points(STEPS):
        found, broken = _load(point)
        given = list(found) if isinstance(found, list | tuple) else [found]
        wrong = broken or _list_fault(given, names)
        steps = [one for one in given if isinstance(one, Step) and not wrong]
        added.append(_added(point, ", ".join(map(_described, steps)), wrong))
        names |= {step.name for step in steps}
        yield from steps


def _list_fault(given: Sequence[object], names: set[str]) -> str:
    """Return what is wrong with the first step that has a fault, or nothing."""
    known = set(names)
    for one in given:
        if why := _step_fault(one, known):
            return why
        known.add(getattr(one, "name", ""))
    return ""


def _described(step: Step) -> str:
    columns = f" of {', '.join(sorted(step.columns))}" if step.columns else ""
    return f"{step.name}: {step.stage} each change{columns}"


def _step_fault(step: object, names: set[str]) -> str:
    """Return what is wrong with a step, or nothing."""
    if not isinstance(step, Step):
        return f"it gives {type(step).__name__}. {_STEP_REMEDY}"
    known, columns = TABLES.get(step.table), frozenset(step.columns)
    faults = {
        "columns must be a frozenset": not isinstance(step.columns, frozenset),
        f"the name {step.name!r} is given twice or empty": step.name in names or not step.name,
        f"it is written for version {step.api} of the steps, this is {API}": step.api != API,
        f"the stage {step.stage!r} is not known: use {', '.join(Stage)}": step.stage
        not in list(Stage),
        f"the table {step.table!r} has no steps: use {', '.join(TABLES)}": known is None,
        f"{step.name} filters by fields that never change: {', '.join(sorted(columns))}": not (
            columns <= (known or columns)
        ),
        f"{step.name} must take one change: run(change)": not _takes(step.run, 1),
    }
    return next((why for why, is_so in faults.items() if is_so), "")


def _factories(added: list[Added]) -> dict[str, Factory]:
    found: dict[str, Factory] = {}
    for point in _points(PROVIDERS):
        factory, broken = _load(point)
        if not broken and point.name in {*SHIPPED_KINDS, *found}:
            broken = f"the kind {point.name!r} is there already"
        if not broken and not _takes(factory, 2):
            broken = "it must take the settings and the tools: factory(settings, tools)"
        added.append(_added(point, "" if broken else f"kind: {point.name}", broken))
        if not broken and callable(factory):
            found[point.name] = factory
    return found


def open_other(
    extensions: Extensions, kind: str, settings: Settings, tools: Tools
) -> Provider | None:
    """Make a provider of another package; None, and told among the added, when it fails."""
    factory = extensions.factories.get(kind)
    if factory is None:
        if not any(one.group == PROVIDERS and one.name == kind for one in extensions.added):
            extensions.added.append(_refused(tools.name, kind, f"the kind {kind!r} is not known"))
        return None
    try:
        made = factory(settings, tools)
    except Exception as error:  # noqa: BLE001  # code of others
        why = f"it cannot be made: {type(error).__name__}: {error}"
        extensions.added.append(_refused(tools.name, kind, why))
        return None
    if _has(made, _PORT):
        return made  # type: ignore[return-value]  # told apart by what it has, as protocols are
    if _has(made, _VERBS):
        return SimpleAdapter(tools.name, made)  # type: ignore[arg-type]  # as above
    why = f"{type(made).__name__} lacks {', '.join(one for one in _VERBS if not _has(made, [one]))}"
    extensions.added.append(_refused(tools.name, kind, why))
    return None


def _refused(name: str, kind: str, why: str) -> Added:
    return Added(group=PROVIDERS, name=name, package=f"kind {kind}", broken=why)


def _has(made: object, names: Sequence[str]) -> bool:
    return all(callable(getattr(made, name, None)) for name in names)


@cache
def _points(group: str) -> list[EntryPoint]:
    """Return what is installed; that does not change while a process lives."""
    return sorted(entry_points(group=group), key=lambda point: point.name)


def _load(point: EntryPoint) -> tuple[object, str]:
    try:
        return point.load(), ""
    except Exception as error:  # noqa: BLE001  # code of others: whatever its import raises
        return None, f"it cannot be imported: {type(error).__name__}: {error}"


def _takes(found: object, number: int) -> bool:
    if not callable(found):
        return False
    try:
        inspect.signature(found).bind(*range(number))
    except (TypeError, ValueError):
        return False
    return True


def _added(point: EntryPoint, told: str, broken: str) -> Added:
    package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    return Added(group=point.group, name=point.name, package=package, told=told, broken=broken)
