"""Open YAML files, and find the line of a value, so that an error can name it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

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
        node = yaml.compose(self.text, Loader=yaml.SafeLoader)
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


def open_yaml(path: Path, shown: str | None = None) -> Document:
    """Read a YAML file; raise ConfigurationError with the line of a syntax error."""
    name = shown or str(path)
    try:
        text = path.read_bytes()
        return Document(name, yaml.safe_load(text), text)
    except OSError as error:
        raise ConfigurationError(
            [_problem(name, None, f"cannot be read: {error.strerror}")]
        ) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        told = f"this is no valid YAML: {error.problem or error}"
        raise ConfigurationError([_problem(name, line, told)]) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(
            [_problem(name, None, f"this is no valid YAML: {error}")]
        ) from error


def _problem(file: str, line: int | None, message: str) -> Problem:
    return Problem(file=file, line=line, field="", message=message)
