"""Failures on order: rules that refuse, delay or cut off requests to the three services."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from http import HTTPMethod
from typing import Any


class Service(StrEnum):
    DATAVERSE = "dataverse"
    PARTNER_CENTER = "partner_center"
    SIGN_IN = "sign_in"
    REST_PROVIDER = "rest_provider"


class Drop(StrEnum):
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


_WITH_CODES = (Service.PARTNER_CENTER, Service.DATAVERSE)


class RuleRefused(ValueError):
    """A fault rule cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which requests fail, and how. What is None matches everything or does nothing."""

    service: Service | None = None
    method: str | None = None
    path: re.Pattern[str] | None = None
    times: int | None = None
    probability: float = 1.0
    status: int | None = None
    code: int | None = None
    retry_after: int | None = None
    delay_seconds: float = 0.0
    drop: Drop | None = None

    def matches(self, service: Service, method: str, path: str) -> bool:
        """Say whether a request is meant; `path` comes without its query."""
        return (
            self.service in (None, service)
            and self.method in (None, method)
            and (self.path is None or self.path.search(path) is not None)
        )

    def wire(self, left: int | None) -> dict[str, object]:
        """Return the rule as the control API shows it, with how often it still strikes."""
        shown: dict[str, object] = {name: getattr(self, name) for name in FIELDS}
        return shown | {"path": self.path.pattern if self.path else None, "times": left}


FIELDS = tuple(field.name for field in fields(Rule))


class Faults:
    """The rules in force; the first that matches and strikes is spent once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._rules: list[tuple[Rule, int | None]] = []

    def replace(self, rules: Sequence[Rule]) -> None:
        """Put these rules in place of all earlier ones."""
        self._rules = [(rule, rule.times) for rule in rules]

    def strike(self, service: Service, method: str, path: str) -> Rule | None:
        """Return the rule that hits this request, and count it."""
        for place, (rule, left) in enumerate(self._rules):
            if left != 0 and rule.matches(service, method, path) and self._falls(rule):
                self._rules[place] = (rule, None if left is None else left - 1)
                return rule
        return None

    def wire(self) -> list[dict[str, object]]:
        """Return what is left of the rules."""
        return [rule.wire(left) for rule, left in self._rules if left != 0]

    def _falls(self, rule: Rule) -> bool:
        return rule.probability >= 1 or self._rng.random() < rule.probability


def read_rule(raw: Mapping[str, Any]) -> Rule:
    """Read a rule of the control API. Raises RuleRefused, which says what is accepted."""
    for name in raw:
        if name not in FIELDS:
            near = get_close_matches(name, FIELDS) or FIELDS
            msg = f"a fault rule has no {name!r}; near it: {', '.join(near)}"
            raise RuleRefused(msg)
    given = {name: value for name, value in raw.items() if value is not None}
    values: dict[str, Any] = {name: _READERS[name](name, given[name]) for name in given}
    rule = Rule(**values)
    if rule.status is None and rule.drop is None and not rule.delay_seconds:
        msg = "a fault rule needs a status, a drop or delay_seconds, else it does nothing"
        raise RuleRefused(msg)
    if rule.code is not None and (rule.status is None or rule.service not in _WITH_CODES):
        msg = f"a fault rule with a code needs a status and the service {' or '.join(_WITH_CODES)}"
        raise RuleRefused(msg)
    return rule


def _service(name: str, value: object) -> Service:
    return Service(_one_of(name, value, [str(service) for service in Service]))


def _drop(name: str, value: object) -> Drop:
    return Drop(_one_of(name, value, [str(drop) for drop in Drop]))


def _method(name: str, value: object) -> str:
    return _one_of(name, value.upper() if isinstance(value, str) else value, list(HTTPMethod))


def _pattern(name: str, value: object) -> re.Pattern[str]:
    try:
        return re.compile(str(value))
    except re.error as error:
        msg = f"{name} {value!r} is no regular expression: {error}"
        raise RuleRefused(msg) from error


def _count(name: str, value: object) -> int:
    return int(_number(name, value, whole=True))


def _code(name: str, value: object) -> int:
    """Read a code; those of Dataverse are 32 bits and may be written as "0x80044150"."""
    if isinstance(value, str) and re.fullmatch("0x[0-9a-fA-F]{8}", value):
        return int(value, 16)
    return int(_number(name, value, whole=True, high=0xFFFF_FFFF))


def _status(name: str, value: object) -> int:
    return int(_number(name, value, whole=True, low=400, high=599))


def _probability(name: str, value: object) -> float:
    return _number(name, value, high=1)


def _seconds(name: str, value: object) -> float:
    return _number(name, value)


def _one_of(name: str, value: object, accepted: Sequence[str]) -> str:
    if value not in accepted:
        msg = f"{name} is one of {', '.join(accepted)}, not {value!r}"
        raise RuleRefused(msg)
    return str(value)


def _number(
    name: str, value: object, *, whole: bool = False, low: float = 0, high: float = 1_000_000
) -> float:
    kinds = int if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high:
        msg = f"{name} is a {'whole ' if whole else ''}number from {low:g} to {high:g}"
        raise RuleRefused(f"{msg}, not {value!r}")
    return value


_READERS: dict[str, Callable[[str, object], object]] = {
    "service": _service,
    "method": _method,
    "path": _pattern,
    "times": _count,
    "probability": _probability,
    "status": _status,
    "code": _code,
    "retry_after": _count,
    "delay_seconds": _seconds,
    "drop": _drop,
}
