"""Open YAML files, and find the line of a value, so that an error can name it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.constructor import SafeConstructor

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a file."""

    file: str
    line: int | None
    field: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        field = f" {self.field}:" if self.field else ""
        return f"{where}:{field} {self.message}" + (f" {self.remedy}" if self.remedy else "")


class ConfigurationError(Exception):
    """The configuration or a mapping cannot be used; all problems at once (exit code 78)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file, with the means to find lines in it."""

    file: str
    data: object
    text: bytes

    def line(self, path: Path_) -> int | None:
        """Return the line of the value at a path, else of the nearest thing above it."""
        node = _composed(self.text)
        found: int | None = None
        for part in path:
            if node is None:
                break
            found = node.start_mark.line + 1
            node, at = _child(node, part)
            found = at or found
        return found


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node | None, int | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line + 1
    return None, None


_BARE_VARIABLE = re.compile(rb"(?<=[\s,\[{])(\$\{[A-Za-z_][A-Za-z0-9_]*\})(?=[ \t]*[,}\]])")
"""`${NAME}` unquoted between braces, where YAML would take its brace for one of its own."""


def open_yaml(path: Path, *, bare_variables: bool = False) -> Document:
    """Read a YAML file; raise ConfigurationError with the line of a syntax error or double key."""
    name = str(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        told = f"cannot be read: {error.strerror}."
        raise ConfigurationError([_problem(name, None, told)]) from error
    quoted = _BARE_VARIABLE.sub(rb'"\1"', text) if bare_variables else text
    try:
        return _parsed(name, text)
    except ConfigurationError:
        if quoted == text:
            raise
        return _parsed(name, quoted)


def _parsed(name: str, text: bytes) -> Document:
    try:
        node = _composed(text)
        doubles = list(_doubles(name, node, ()))
        data = None if node is None else SafeConstructor().construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        told = f"this is no valid YAML: {error.problem or error.context}."
        raise ConfigurationError([_problem(name, line, told)]) from None
    except yaml.YAMLError as error:
        told = f"this is no valid YAML: {type(error).__name__}."
        raise ConfigurationError([_problem(name, None, told)]) from None
    if doubles:
        raise ConfigurationError(doubles)
    return Document(name, data, text)


def _composed(text: bytes) -> yaml.Node | None:
    """Compose with the fast reader where PyYAML has it; errors come in the words of the other."""
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError):
            return _nodes(text, yaml.CSafeLoader)
    return _nodes(text, yaml.SafeLoader)


def _nodes(text: bytes, loader: type[yaml.SafeLoader | yaml.CSafeLoader]) -> yaml.Node | None:
    node: yaml.Node | None = yaml.compose(text, Loader=loader)
    return node


def _doubles(file: str, node: yaml.Node | None, path: Path_) -> Iterator[Problem]:
    """Find keys that stand twice; YAML readers silently take the last one."""
    if isinstance(node, yaml.MappingNode):
        known: set[str] = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            if str(key.value) in known:
                yield Problem(
                    file=file,
                    line=key.start_mark.line + 1,
                    field=".".join(map(str, here)),
                    message="this key stands twice.",
                    remedy="Keep one of them.",
                )
            known.add(str(key.value))
            yield from _doubles(file, value, here)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _doubles(file, item, (*path, number))


def _problem(file: str, line: int | None, message: str) -> Problem:
    return Problem(file=file, line=line, field="", message=message)
