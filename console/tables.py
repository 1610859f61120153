"""Rows as a file for a spreadsheet; a text that it would take for a formula is quoted."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from flask import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_file(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Answer with a file, written as its rows come."""
    return download(name, "text/csv; charset=utf-8", _lines(head, rows))


def download(name: str, kind: str, parts: Iterable[str]) -> Response:
    """Answer with a file that the browser keeps."""
    response = Response(parts, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "\ufeff" + _line(head)  # the mark by which spreadsheets know UTF-8
    for row in rows:
        yield _line([_cell(value) for value in row])


def _line(cells: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _cell(value: object) -> object:
    """Quote a text that begins like a formula; amounts stay numbers."""
    if value is None or isinstance(value, Decimal | int):
        return "" if value is None else value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
