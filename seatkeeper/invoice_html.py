"""An invoice as one HTML file: no script, nothing loaded from elsewhere."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from seatkeeper.invoice_words import Document


def html_of(document: Document) -> str:
    """Write a document as HTML; every text in it is escaped."""
    templates = Environment(
        loader=PackageLoader("seatkeeper", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("invoice.html").render(document=document)
