"""Parses a `$filter` with odata-query, after putting right what its grammar does not take.

That is: parameter aliases, JSON arrays in `Microsoft.Dynamics.CRM.*` calls, lists of one value,
and `not(`.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from sandbox.dataverse.errors import Refused, bad_query

STRING = r"'(?:[^']|'')*'"
ALIAS = re.compile(rf"(?P<string>{STRING})|(?P<alias>@\w+)")
ARRAY = re.compile(rf"(?P<string>{STRING})|(?P<array>\[(?:{STRING}|\"[^\"]*\"|[^\]'\"])*\])")
ONE_VALUE = re.compile(
    rf"(?P<skip>{STRING})|(?P<head>\bin\s*)\(\s*(?P<value>{STRING}|[^'(),]+?)\s*\)", re.IGNORECASE
)
BARE_NOT = re.compile(rf"(?P<string>{STRING})|\bnot\(", re.IGNORECASE)


def parse_filter(text: str, aliases: Mapping[str, str]) -> ast._Node:
    """Return the syntax tree; raise Refused when it cannot be read."""
    return _parse(_outside_strings(ALIAS, text, lambda found: _alias(found["alias"], aliases)))


@lru_cache(maxsize=500)
def _parse(text: str) -> ast._Node:
    text = _outside_strings(ARRAY, text, lambda found: _list(found["array"]))
    text = _outside_strings(ONE_VALUE, text, lambda found: f"{found['head']}({found['value']},)")
    text = _outside_strings(BARE_NOT, text, lambda _: "not (")
    try:
        tree = ODataParser().parse(ODataLexer().tokenize(text.strip()))
    except (ODataException, AttributeError) as error:
        raise bad_query(f"Syntax error in $filter: '{text}'.") from error
    if not isinstance(tree, ast._Node):  # noqa: SLF001 - the library has no public base class
        raise bad_query(f"Syntax error in $filter: '{text}'.")
    return tree


def _outside_strings(
    pattern: re.Pattern[str], text: str, change: Callable[[re.Match[str]], str]
) -> str:
    return pattern.sub(lambda found: found[0] if found[1] is not None else change(found), text)


def _alias(name: str, aliases: Mapping[str, str]) -> str:
    if name not in aliases:
        raise Refused(400, "0x0", f"The parameter alias '{name}' has no value.")
    return aliases[name]


def _list(array: str) -> str:
    try:
        values = json.loads(array)
    except ValueError:
        return f"({array[1:-1].rstrip()},)" if array.count(",") == 0 else f"({array[1:-1]})"
    written = [_literal(value) for value in values]
    return f"({written[0]},)" if len(written) == 1 else f"({','.join(written)})"


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)
