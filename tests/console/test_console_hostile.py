"""Texts that people write in Dynamics stay texts: no script runs, no formula, no secret shows."""

import csv
import io
import re

import pytest

from console.app import ROUTES
from tests.console.desk import open_console
from tests.console.test_console_access import GETS, address

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"


@pytest.fixture(scope="module")
def hostile(told_stage):
    """Put a script into every text field that a CRM user can write, and a person's name."""
    for table, row, columns in (
        ("sk_subscription", told_stage.subscription, ("sk_name", "sk_offerid")),
        ("sk_subscription", told_stage.sound, ("sk_name", "sk_syncmessage")),
        ("account", told_stage.account, ("name",)),
        ("sk_billingcontract", told_stage.contract, ("sk_name", "sk_syncmessage")),
        ("sk_invoice", told_stage.june, ("sk_name", "sk_number")),
    ):
        told_stage.writes(table, row, dict.fromkeys(columns, SCRIPT))
    told_stage.application.store.tx(lambda tx: tx.trail([_entry(told_stage)]))
    console = open_console(told_stage.application)
    return console, told_stage


def _entry(stage):
    return stage.application.engine.trail(stage.subscription, SCRIPT, **{SCRIPT: SCRIPT})


@pytest.mark.parametrize("rule", GETS)
def test_script_in_any_text_is_shown_and_not_run(hostile, rule):
    console, stage = hostile
    browser = console.enters(name=SCRIPT)
    row = stage.contract if "contracts" in rule else stage.subscription
    path = address(rule, stage.sound if "parked" in rule else row)
    given = {"from": "2025-06-01", "to": "2025-06-30"} if "invoices" in rule else {}
    answer = browser.get(path, query_string=given)
    if "html" in answer.content_type:
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "49" not in re.findall(r"onerror=alert\(1\)&gt;(..)", answer.text)
    else:
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_hostile_text_does_reach_the_pages(hostile):
    console, stage = hostile
    browser = console.enters()
    for path in ("/changes", "/invoices/drafts", "/trail", f"/subscriptions/{stage.subscription}"):
        assert "&lt;script&gt;alert" in browser.get(path).text


def test_a_text_that_a_spreadsheet_would_run_is_quoted(own_stage):
    name = "=HYPERLINK(1)"
    own_stage.writes("account", own_stage.account, {"name": name})
    answer = (
        open_console(own_stage.application)
        .enters()
        .get("/invoices/issued.csv?from=2025-06-01&to=2025-06-30")
    )
    _, row = csv.reader(io.StringIO(answer.text))
    assert f"'{name}" in row
    assert all(not cell.startswith("=") for cell in row)


def test_no_page_has_inline_script_or_style_and_none_loads_from_elsewhere(console, told_stage):
    browser = console.enters()
    for method, rule, _, _ in ROUTES:
        row = told_stage.contract if "contracts" in rule else told_stage.subscription
        answer = browser.get(address(rule, row)) if method == "GET" else None
        page = answer.text if answer and "html" in answer.content_type else ""
        assert not re.search(r"<script(?![^>]* src=)|<style|<[^>]*\sstyle=|<[^>]*\son\w+=", page), (
            rule
        )
        assert not re.search(r'(?:src|href|action|hx-get)="(?:https?:)?//', page), rule


def test_no_secret_is_on_any_page(console, told_stage):
    browser = console.enters()
    secret = told_stage.world.client_secret
    for rule in GETS:
        row = told_stage.contract if "contracts" in rule else told_stage.subscription
        assert secret not in browser.get(address(rule, row)).text
