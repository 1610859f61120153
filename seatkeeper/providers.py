"""For other packages: connections to providers; see docs/extending.md. Stable."""

from connector.errors import NotSent
from connector.http import Call, Http, Reply
from connector.simple_provider import ALWAYS, Holding, SimpleProvider, Tools
from sync.ports import Provider
from sync.remote import LicenceRef, NotFound, Refused, SignInFailed, Unavailable

__all__ = [
    "ALWAYS",
    "Call",
    "Holding",
    "Http",
    "LicenceRef",
    "NotFound",
    "NotSent",
    "Provider",
    "Refused",
    "Reply",
    "SignInFailed",
    "SimpleProvider",
    "Tools",
    "Unavailable",
]
