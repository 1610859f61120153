"""The documented payloads: what the index says of a file, and the file as an answer."""

import json
from decimal import Decimal
from pathlib import Path

from tests.connector.scripted import DATAVERSE, Told

DATA = Path(__file__).parents[1] / "data"
OF_DATAVERSE = DATA / "dataverse-examples"
OF_PARTNER_CENTER = DATA / "partner-center-examples" / "documented"
RECORDED = DATA / "partner-center-examples" / "recorded"


def index(folder):
    """Return what the index says, by file; it names every file of the folder and no other."""
    document = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    entries = document["examples"] if isinstance(document, dict) else document
    return {entry["file"]: entry for entry in entries}


def files(folder):
    return {path.name for path in folder.iterdir()} - {"index.json"}


def placed(text):
    """Put the address of the tests where the documentation leaves it open."""
    for hole in ("[Organization URI]", "[Organization Uri]"):
        text = text.replace(hole, DATAVERSE)
    return text


def document(path):
    """Return a documented body as it is meant: fractions exact."""
    return json.loads(placed(path.read_text(encoding="utf-8-sig")), parse_float=Decimal)


def answer(folder, name, status=None, **headers):
    """Return a documented response, as the wire would tell it."""
    entry = index(folder)[name]
    body = placed((folder / name).read_bytes().decode()).encode()
    told = {n: v for n, v in headers_of(entry).items() if n.lower() != "content-length"}
    return Told(status=status or entry["status"], body=body, headers={**told, **headers})


def headers_of(entry):
    told = entry.get("headers", {})
    return told.get("response", {}) if {"request", "response"} & set(told) else told


def http_message(folder, name):
    """Return a documented message with its head: (first line, headers, body)."""
    text = placed((folder / name).read_bytes().decode()).replace("\r\n", "\n")
    head, _, body = text.partition("\n\n")
    first, *lines = head.split("\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return first, headers, body
