"""Every row of the documented error tables has its class and advice; the tables are the data."""

import json
import re

import pytest

from connector.dataverse import faults as crm_faults
from connector.errors import Meaning
from connector.http import Reply
from connector.partner_center import faults as partner_faults
from tests.connector.scripted import DATA

TABLES = DATA / "error-tables"
CLASSES = {
    "T": Meaning.RETRY,
    "R": Meaning.REREAD,
    "P": Meaning.PERMANENT,
    "A": Meaning.SIGN_IN,
}
OF_ONE_CUSTOMER = {(403, "20002"), (403, "900416")}
"""In the table an error of the sign-in, but one customer's: the other customers go on."""

RETRY, REREAD, NEVER = Meaning.RETRY, Meaning.REREAD, Meaning.PERMANENT
ABSENT, SIGN_IN, EXPIRED = Meaning.ABSENT, Meaning.SIGN_IN, Meaning.EXPIRED_CURSOR
OF_DATAVERSE = {
    (404, "0x80040217"): ABSENT,
    (404, "0x80060891"): ABSENT,
    (404, "0x8006088a"): ABSENT,
    (404, ""): ABSENT,
    (400, "0x80060888"): NEVER,
    (400, "0x0"): NEVER,
    (400, "0x80048d19"): NEVER,
    (400, "0x80044331"): NEVER,
    (400, "0x80040203"): NEVER,
    (400, "0x80048408"): NEVER,
    (400, "0x80040265"): NEVER,
    (400, "0x80040216"): NEVER,
    (500, "0x80040216"): RETRY,
    (412, "0x80060882"): REREAD,
    (0, "0x80060883"): NEVER,
    (0, "0x8006088d"): NEVER,
    (412, ""): REREAD,
    (412, "0x80060892"): NEVER,
    (412, "0x80040237"): REREAD,
    (412, "0x80040333"): NEVER,
    (403, "0x80040220"): SIGN_IN,
    (403, "0x80048306"): SIGN_IN,
    (500, "0x80044150"): RETRY,
    (500, "0x80044151"): RETRY,
    (0, "0x80044352"): EXPIRED,
    (0, "0x80072491"): NEVER,
    (429, "0x80072321"): RETRY,
    (429, "0x80072322"): RETRY,
    (429, "0x80072326"): RETRY,
    (0, "0x80072327"): RETRY,
}
"""The class of each row; the table of Dataverse names none. 0: it names no HTTP status."""
STATUSES = (400, 412, 500)
"""Where the table names no HTTP status, the code decides whatever the status is."""
DATAVERSE_BY_STATUS = {
    401: SIGN_IN,
    403: SIGN_IN,
    404: ABSENT,
    405: NEVER,
    412: REREAD,
    413: NEVER,
    429: RETRY,
    501: NEVER,
}
"""The HTTP classes that the documentation lists as errors, whatever the code."""


def cells(name):
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in lines if line[:1] == "|"]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= {"-", " "}]


def documented_at_partner_center():
    """Yield (status, code, letter of the class) for each code of each row."""
    for statuses, codes, _, letters in cells("partner-center.md")[1:]:
        named = re.findall(r"\d+", re.sub(r"\(.*?\)", "", codes)) or [""]
        told = re.findall(r"\b[TRPA]\b", letters)
        each = told if len(told) == len(named) and " / " in letters else told[:1] * len(named)
        for status in re.findall(r"\d+", statuses):
            yield from (
                (int(status), code, letter) for code, letter in zip(named, each, strict=True)
            )


def documented_at_dataverse():
    """Yield (status or 0, code) for each code of each row."""
    for row in cells("dataverse.md")[1:]:
        first, http = row[0], row[3] if len(row) > 3 else ""
        codes = re.findall(r"0x[0-9a-f]+", first)
        if not codes and first == '""':
            codes = [""]
        elif not codes:  # the rows of the limits: the code stands in the text
            codes, http = re.findall(r"0x[0-9a-f]+", " ".join(row)), row[2]
        statuses = re.findall(r"\b[45]\d\d\b", http) or ["0"]
        yield from ((int(status), code) for status in statuses for code in codes)


def dataverse_fault(status, code):
    body = json.dumps({"error": {"code": code, "message": ""}}).encode()
    return crm_faults.fault_of(Reply(status=status, content=body))


def partner_fault(status, code):
    body = json.dumps({"code": int(code), "description": ""}).encode() if code else b""
    return partner_faults.fault_of(Reply(status=status, content=body))


def advice_in(fault, service):
    return fault.message.removeprefix(f"{service} answered HTTP {fault.status}.").strip()


PARTNER_ROWS = list(documented_at_partner_center())


def test_the_tables_are_read_whole():
    assert len(cells("partner-center.md")[1:]) == 39
    assert len(PARTNER_ROWS) == 62
    assert set(documented_at_dataverse()) == set(OF_DATAVERSE)


@pytest.mark.parametrize(("status", "code", "letter"), PARTNER_ROWS)
def test_a_documented_error_of_partner_center_has_its_class_and_advice(status, code, letter):
    found = partner_fault(status, code)
    expected = CLASSES[letter]
    if status == 404:
        expected = ABSENT  # read again, in the engine's words
    if (status, code) in OF_ONE_CUSTOMER:
        expected = NEVER
    assert found.meaning is expected
    assert len(advice_in(found, "Partner Center")) > 10
    assert found.code == code


def test_no_pair_of_partner_center_is_known_that_is_not_documented():
    documented = {(status, code) for status, code, _ in PARTNER_ROWS}
    # the first is seen in the field; the second stands in the words of the row of 400 / 2006
    assert set(partner_faults.BY_PAIR) - documented == {(400, "0"), (403, "2006")}


@pytest.mark.parametrize(
    ("status", "code", "meaning"), [(*pair, meaning) for pair, meaning in OF_DATAVERSE.items()]
)
def test_a_documented_error_of_dataverse_has_its_class_and_advice(status, code, meaning):
    for each in [status] if status else STATUSES:
        found = dataverse_fault(each, code)
        assert found.meaning is meaning
        assert len(advice_in(found, "Dataverse")) > 10


@pytest.mark.parametrize(("status", "meaning"), DATAVERSE_BY_STATUS.items())
def test_a_status_of_dataverse_with_an_unknown_code_has_its_class_and_advice(status, meaning):
    found = dataverse_fault(status, "0x80099999")
    assert found.meaning is meaning
    assert len(advice_in(found, "Dataverse")) > 10


def test_every_known_trouble_of_dataverse_has_advice():
    lessons = [*crm_faults.BY_CODE.values(), *crm_faults.BY_STATUS.values(), crm_faults.UNKNOWN]
    assert all(lesson.advice.endswith(".") for lesson in lessons)
