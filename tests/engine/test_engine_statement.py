"""`invoice show`: what a person reads of an invoice, from what stands at Dataverse."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from seatkeeper.invoice_html import html_of
from seatkeeper.invoice_pdf import pdf_of
from seatkeeper.invoice_words import UnknownLanguageError, document_of, words_of
from sync.statement import read_statement

MADE_AT = datetime(2025, 7, 1, tzinfo=UTC)
ENGLISH = words_of("en")


@pytest.fixture
def july(stage):
    """Issue July's invoice after the story: deactivated on 16 June, activated on 21 June."""
    for day, status in (("2025-06-16", "suspended"), ("2025-06-21", "active")):
        stage.on(day)
        stage.edits(status=status)
        stage.runs()
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    return read_statement(stage.application.engine, issued.number, is_id=False)


def test_every_line_comes_with_its_days_and_its_arithmetic(july):
    refund, charge, recurring = july.lines

    assert (july.title, july.customer, july.total) == (
        f"Invoice {july.number}",
        "Fabrikam",
        Decimal("104.17"),
    )
    assert (july.first_day, july.last_day) == (date(2025, 7, 1), date(2025, 7, 31))
    assert (refund.first_day, refund.last_day) == (date(2025, 6, 17), date(2025, 6, 30))
    assert refund.subscription == "Microsoft 365 Business Premium"
    assert refund.explanation.startswith("125.00 x 14/30 days (17-30 June 2025) of INV-1 line 1")
    assert charge.explanation.startswith("10 x 12.50 x 9/30 days")
    assert [str(one.amount) for one in (refund, charge, recurring)] == [
        "-58.3300",
        "37.5000",
        "125.0000",
    ]
    assert july.added_up == july.total


def test_an_invoice_is_found_by_its_id_and_a_draft_adds_up_its_lines(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()

    draft = read_statement(stage.application.engine, stage.july, is_id=True)

    assert (draft.title, draft.total) == ("Draft invoice", Decimal("-58.33"))
    assert read_statement(stage.application.engine, "INV-0", is_id=False) is None


def test_an_invoice_below_zero_is_a_credit_note_and_a_void_one_says_so(july):
    assert replace(july, total=Decimal("-1.00")).title == f"Credit note {july.number}"
    assert replace(july, status="void").title == f"Invoice {july.number} (void)"


@pytest.mark.parametrize(
    ("locale", "currency", "written", "days"),
    [
        ("en", "USD", "-$58.33", "Jun 17, 2025 \N{EN DASH} Jun 30, 2025"),
        ("de-DE", "EUR", "-58,33\xa0€", "17.06.2025 \N{EN DASH} 30.06.2025"),
        ("ja", "JPY", "-￥58", "2025/06/17 \N{EN DASH} 2025/06/30"),
    ],
)
def test_amounts_and_days_are_written_as_people_there_do(july, locale, currency, written, days):
    document = document_of(replace(july, currency=currency), words_of(locale))

    assert (document.lines[0].amount, document.lines[0].days) == (written, days)
    assert document.lines[0].quantity == "10"


def test_rule_4_19_the_places_of_an_amount_come_from_iso_4217_not_from_the_locale():
    """Locale data writes Iraqi dinars and Lebanese pounds without places."""
    assert ENGLISH.money(Decimal("1.5"), "IQD") == "IQD\xa01.500"
    assert ENGLISH.money(Decimal("1.5"), "LBP") == "LBP\xa01.50"
    assert ENGLISH.price(Decimal("3.1875"), "USD") == "3.1875"
    assert ENGLISH.price(Decimal("12.5"), "USD") == "12.50"


def test_a_locale_that_nobody_has_is_named():
    with pytest.raises(UnknownLanguageError, match="'xx_YY' is no locale"):
        words_of("xx_YY")


def test_html_escapes_what_people_wrote_and_loads_nothing(july):
    nasty = replace(july, customer="<script>alert(1)</script> & Söhne")

    page = html_of(document_of(nasty, ENGLISH))

    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in page
    assert "<script" not in page
    assert "http" not in page
    assert "125.00 x 14/30 days (17-30 June 2025) of INV-1 line 1" in page


def test_a_long_invoice_takes_several_pages_and_long_names_of_any_alphabet(july):
    name = "Łódź Διεύθυνση Подписка " * 12 + "x" * 90
    many = [replace(one, subscription=name) for one in july.lines * 20]

    one_page = pdf_of(document_of(july, ENGLISH), made_at=MADE_AT)
    pages = pdf_of(document_of(replace(july, lines=tuple(many)), ENGLISH), made_at=MADE_AT)

    assert one_page.startswith(b"%PDF-")
    assert (_pages(one_page), _pages(pages) > 5) == (1, True)


def test_the_same_invoice_is_the_same_pdf(july):
    document = document_of(july, ENGLISH)

    assert pdf_of(document, made_at=MADE_AT) == pdf_of(document, made_at=MADE_AT)


def _pages(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n")
