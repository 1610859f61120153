"""`invoice show`: an invoice for a person, with the explanation of every line."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from seatkeeper import output
from seatkeeper.bootstrap import meet
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.invoices import app
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.commands.sessions import on_a_copy
from seatkeeper.config import load_config
from seatkeeper.invoice_html import html_of
from seatkeeper.invoice_words import Document, UnknownLanguageError, document_of, words_of
from sync.statement import Statement, read_statement

__all__ = ["app", "invoice_show"]


@app.command("show")
def invoice_show(  # noqa: PLR0913  # every argument is an option of the command line
    invoice: Annotated[str, typer.Argument(metavar="ID", help="The id or number of an invoice.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    locale: Annotated[
        str, typer.Option("--locale", help="The formats of dates and amounts, such as de_DE.")
    ] = "en",
    html: Annotated[Path | None, typer.Option("--html", help="Write HTML to this file.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write PDF to this file.")] = None,
    font: Annotated[
        Path | None, typer.Option("--font", help="A TrueType font for the PDF.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show an invoice and how each line came about; change nothing."""
    try:
        words = words_of(locale)
    except UnknownLanguageError as error:
        raise typer.BadParameter(str(error)) from None
    with on_a_copy(load_config(config)) as application:
        meet(application)
        statement = read_statement(application.engine, invoice, is_id=_is_id(invoice))
        made_at = application.engine.now()
    if statement is None:
        output.complain(f"There is no invoice {invoice}; give its id or its number.")
        return Exit.ERROR
    document = document_of(statement, words)
    if html:
        html.write_text(html_of(document), encoding="utf-8")
    if pdf:
        from seatkeeper.invoice_pdf import pdf_of  # noqa: PLC0415  # fpdf takes a third of a start

        pdf.write_bytes(pdf_of(document, made_at=made_at, font=font))
    if as_json:
        output.print_json({"title": statement.title, **asdict(statement)})
    elif not (html or pdf):
        _print(document, statement)
    return Exit.OK


def _is_id(named: str) -> bool:
    try:
        UUID(named)
    except ValueError:
        return False
    return True


def _print(document: Document, statement: Statement) -> None:
    for name, value in document.facts:
        output.say(f"{name}: {value}")
    rows = [
        (line.number, f"{line.title}\n{line.days}\n{line.explanation}".strip(), line.amount)
        for line in document.lines
    ]
    output.print_table(document.title, ("#", "what", "net"), rows)
    output.say(", ".join(f"{name.lower()} {value}" for name, value in document.totals))
    if statement.added_up != statement.total:
        output.say(f"The lines add up to {statement.added_up}: one was edited after the totals.")
