"""What lies over the configuration file, and what stands for its values.

First the `SEATKEEPER__` variables are laid over the file, then `${NAME}` and the references of
`secret_places` are replaced. Knows no key of the configuration but those that hold secrets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from seatkeeper.secret_places import UNREAD, VARIABLE, Places, UnreadableError, is_reference
from seatkeeper.yaml_files import Document, Problem

PREFIX = "SEATKEEPER__"
_FILE = "_FILE"

Place: TypeAlias = tuple[str | int, ...]


@dataclass(slots=True)
class Source:
    """Where values came from: the file, or the environment variable that lies over it."""

    document: Document
    overrides: dict[Place, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Place, message: str, remedy: str = "") -> Problem:
        """Describe what is wrong with a value, where it was written."""
        named = ".".join(map(str, path))
        if variable := self.variable_of(path):
            return Problem(file=variable, line=None, field=named, message=message, remedy=remedy)
        return Problem(
            file=self.document.file,
            line=self.document.line(path),
            field=named,
            message=message,
            remedy=remedy,
        )

    def variable_of(self, path: Place) -> str | None:
        """Return the variable that set a value, None for one of the file."""
        found = (name for place, name in self.overrides.items() if path[: len(place)] == place)
        return next(found, None)

    def find(self, path: Place, message: str, remedy: str = "") -> None:
        self.problems.append(self.problem(path, message, remedy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Reads the values of one configuration."""

    source: Source
    places: Places
    secrets: frozenset[str]
    """The names of keys that hold secrets."""
    read_secrets: bool = True
    """False leaves them unread, for work that signs in nowhere."""
    always: frozenset[str] = frozenset()
    """The names of keys that are read even so: the state itself asks for them."""

    def read(self, data: Mapping[str, object]) -> object:
        """Lay the variables over the file's data, and replace what stands for a value."""
        laid = _copied(data)
        self._override(laid)
        return self._filled(laid, ())

    def _override(self, data: dict[str, object]) -> None:
        """Lay the variables over the data; remember which one set what."""
        env = self.places.environment
        for name in sorted(env):
            if not name.startswith(PREFIX):
                continue
            parts = name.removeprefix(PREFIX).split("__")
            value = _value(env[name])
            bare = parts[-1].removesuffix(_FILE)
            if bare != parts[-1] and bare.lower() in self.secrets:
                parts, value = [*parts[:-1], bare], f"file:{env[name]}"
            place = _put(data, parts, value)
            if place is None:
                message = "this variable names no key of the configuration."
                self.source.problems.append(
                    Problem(file=name, line=None, field="", message=message)
                )
            else:
                self.source.overrides[place] = name

    def _filled(self, value: object, path: Place) -> object:
        if isinstance(value, dict):
            return {key: self._filled(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, (*path, at)) for at, item in enumerate(value)]
        return self._replaced(value, path) if isinstance(value, str) else value

    def _replaced(self, text: str, path: Place) -> str:
        """Return what a text stands for; one that cannot be had is a problem."""
        unread = frozenset() if self.read_secrets else self.secrets - self.always
        if unread.intersection(map(str, path[-2:])):
            return UNREAD
        if is_reference(text):
            return self._had(lambda: self.places.referred(text), path)
        if self.source.variable_of(path) is not None:
            return text
        return VARIABLE.sub(
            lambda match: self._had(lambda: self.places.variable(match.group(1)), path), text
        )

    def _had(self, read: Callable[[], str], path: Place) -> str:
        try:
            return read()
        except UnreadableError as error:
            self.source.find(path, error.message, error.remedy)
            return UNREAD


def _copied(data: Mapping[str, object]) -> dict[str, object]:
    return {
        str(key): _copied(value) if isinstance(value, dict) else value
        for key, value in data.items()
    }


def _value(text: str) -> object:
    """Return a variable's value: its text, so that no secret is taken for YAML; or a mapping."""
    if text in {"", "null"}:
        return None
    if not text.startswith("{"):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _put(target: dict[str, object], parts: list[str], value: object) -> Place | None:
    """Set a value; return its place, None when there can be no such key."""
    known = {key.upper().replace("-", "_"): key for key in target}
    key = known.get(parts[0].upper(), parts[0].lower())
    if not key:
        return None
    if len(parts) == 1:
        target[key] = value
        return (key,)
    if target.get(key) is None:
        target[key] = {}
    child = target[key]
    below = _put(child, parts[1:], value) if isinstance(child, dict) else None
    return None if below is None else (key, *below)
