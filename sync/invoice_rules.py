"""What the configuration says about issuing invoices. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRules:
    """A part of the section `money` of the configuration."""

    automatic: bool = True
    """The daemon issues invoices by itself, on their day."""
    interim: bool = True
    """What waits on a contract with cycles longer than a month is issued monthly (4.15)."""
    issue_lone_credits: bool = False
    """An invoice with nothing but credits is issued below zero; else they roll on (4.16)."""
