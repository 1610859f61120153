"""One request to Partner Center, as the rooms behind it see it."""

import json
from dataclasses import dataclass
from datetime import datetime

from werkzeug import Request

from sandbox.documents import Document
from sandbox.partner_center.audit import Author
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.names import camel
from sandbox.sign_in import address_of
from sandbox.world import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, who makes it, and when."""

    request: Request
    principal: Principal
    now: datetime

    @property
    def parts(self) -> list[str]:
        """The path behind the version, cut at slashes."""
        return self.request.path.partition("/v1/")[2].rstrip("/").split("/")

    @property
    def author(self) -> Author:
        """Who an audit record names."""
        person = None if self.principal.app_only else address_of(self.principal.name)
        return Author(
            person=person,
            application=self.principal.client,
            correlation_id=self.request.headers.get("MS-CorrelationId"),
        )

    def body(self) -> Document:
        """Return the body with camelCase names. Raises PartnerRefused for what is no object."""
        try:
            body = json.loads(self.request.get_data().decode("utf-8-sig"))
        except ValueError as error:
            raise PartnerRefused(400, 800002, f"The input is not valid: {error}") from error
        if not isinstance(body, dict):
            raise PartnerRefused(400, 800002, "The input is not valid: an object is expected.")
        return camel(body)

    def need_person(self) -> None:
        """Refuse a token without a user, where the documentation says so."""
        if self.principal.app_only:
            text = "This endpoint does not support app-only tokens."
            raise PartnerRefused(403, 900329, text)

    def unknown(self) -> PartnerRefused:
        """Return the refusal of a path that is not emulated."""
        text = f"There is no {self.request.method} {self.request.path} in this sandbox."
        return PartnerRefused(404, 1000, text)
