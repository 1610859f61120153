"""Rows to read and write, and batch answers, for the tests of the Dataverse client."""

import json
from decimal import Decimal

from connector.dataverse.client import DataverseClient
from sync.remote import (
    CREATE_ONLY,
    Condition,
    Read,
    Write,
)
from tests.connector.scripted import (
    DATAVERSE,
    Clockwork,
    FixedTokens,
    Told,
    http_to,
)

ID = "60c4e274-0d87-e711-80e5-00155db19e6d"
OTHER = "2e451703-c686-e711-80e5-00155db19e6d"
ONE = Read(set="accounts", columns=("name", "revenue"), id=ID)
MANY = Read(set="accounts", columns=("name",), where=(Condition(column="name", value="x"),))
CREATE = Write(
    set="sk_lines", id=ID, body={"sk_amount": Decimal("-58.330")}, precondition=CREATE_ONLY
)
UPDATE = Write(set="sk_invoices", id=OTHER, body={"a": 1}, precondition='W/"7"')


def client_of(adapter, effects=None, tokens=None):
    effects = effects or Clockwork()
    tokens = tokens or FixedTokens("token")
    return DataverseClient(http_to(adapter, effects), tokens, effects, DATAVERSE)


def multipart(*parts, status=200, change_set=False):
    """Answer a batch: (status, document or None) each, or the bytes of a part."""
    inner = "".join(
        f"--r\r\nContent-Type: application/http\r\nContent-ID: {n}\r\n\r\n"
        f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n{extra}\r\n{text}\r\n"
        for n, (code, document, extra) in enumerate(
            ((*p, "") if len(p) == 2 else p for p in parts), 1
        )
        for text in [json.dumps(document) if document is not None else ""]
    ) + ("--r--\r\n" if parts else "")
    kind = "multipart/mixed; boundary=r"
    if change_set:
        inner = f"--b\r\nContent-Type: {kind}\r\n\r\n{inner}\r\n--b--\r\n"
        kind = "multipart/mixed; boundary=b"
    return Told(status=status, body=inner.encode(), headers={"Content-Type": kind})


def error(code, status_text="no"):
    return {"error": {"code": code, "message": status_text}}
