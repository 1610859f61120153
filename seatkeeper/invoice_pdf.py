"""An invoice as PDF: A4, as many pages as it takes, the heading of the table on each."""

from datetime import datetime
from pathlib import Path

from font_roboto import Roboto, RobotoBold
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from seatkeeper.invoice_words import Document, Written

_HEAD = ("#", "What", "Seats", "Price", "Tax", "Net")
_WIDTHS = (8, 92, 14, 24, 16, 32)
_ALIGN = ("LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT")
_GREY, _BLACK, _RULE = (91, 102, 117), (29, 36, 48), (223, 227, 232)


class _Sheet(FPDF):
    """A sheet with the title and the page number at its foot."""

    title_below = ""

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("text", size=8)
        self.set_text_color(*_GREY)
        self.cell(w=0, text=self.title_below, align="L", new_x=XPos.LEFT)
        self.cell(w=0, text=f"{self.page_no()} / {{nb}}", align="R")
        self.set_text_color(*_BLACK)


def pdf_of(document: Document, *, made_at: datetime, font: Path | None = None) -> bytes:
    """Write a document as PDF; `font` is for writing systems that Roboto does not have."""
    sheet = _Sheet(format="A4")
    sheet.title_below = document.title
    sheet.add_font("text", fname=font or Roboto)
    sheet.add_font("text", style="B", fname=font or RobotoBold)
    sheet.set_title(document.title)
    sheet.set_creation_date(made_at)
    sheet.set_text_shaping(False)
    sheet.set_margin(12)
    sheet.set_auto_page_break(auto=True, margin=20)
    sheet.set_draw_color(*_RULE)
    sheet.set_text_color(*_BLACK)
    sheet.add_page()
    _heading(sheet, document)
    _table(sheet, document)
    _totals(sheet, document)
    return bytes(sheet.output())


def _heading(sheet: FPDF, document: Document) -> None:
    sheet.set_font("text", style="B", size=18)
    sheet.multi_cell(w=0, h=9, text=document.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(3)
    for name, value in document.facts:
        sheet.set_font("text", size=10)
        sheet.set_text_color(*_GREY)
        sheet.cell(w=28, h=5.5, text=name)
        sheet.set_text_color(*_BLACK)
        sheet.multi_cell(w=0, h=5.5, text=value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(6)


def _table(sheet: FPDF, document: Document) -> None:
    sheet.set_font("text", size=9)
    with sheet.table(
        col_widths=_WIDTHS,
        text_align=_ALIGN,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD", color=_GREY),
        line_height=4.6,
        padding=1.2,
        v_align="TOP",
    ) as table:
        table.row(_HEAD)
        for line in document.lines:
            table.row(_cells(line))


def _cells(line: Written) -> tuple[str, ...]:
    what = "\n".join(part for part in (line.title, line.days, line.explanation) if part)
    return line.number, what, line.quantity, line.price, line.tax, line.amount


def _totals(sheet: FPDF, document: Document) -> None:
    if sheet.will_page_break(6 * len(document.totals) + 4):
        sheet.add_page()
    sheet.ln(4)
    for place, (name, value) in enumerate(document.totals):
        is_last = place == len(document.totals) - 1
        sheet.set_font("text", style="B" if is_last else "", size=11 if is_last else 10)
        sheet.cell(w=140, h=6, text=name, align="R")
        sheet.cell(w=0, h=6, text=value, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
