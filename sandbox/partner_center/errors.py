"""Refusals: to a client by (HTTP status, code), to the control API in plain words."""


class PartnerRefused(Exception):
    """Partner Center refuses a request; the pair of status and code says why."""

    def __init__(self, status: int, code: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description


class InputRefused(ValueError):
    """The control API was given something that is no customer or subscription."""
