"""A sandbox in process, and a browser without JavaScript before its pages."""

import re
from dataclasses import dataclass
from typing import Any

from werkzeug.test import Client, TestResponse

from sandbox.app import App
from sandbox.world import World

ORIGIN = "https://sandbox.example"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@dataclass
class Browser:
    """Follows links, and sends forms with the token of the page they are on."""

    client: Client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=ORIGIN, buffered=True)

    def text(self, path: str) -> str:
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def send(self, page: str, action: str, **fields: str) -> TestResponse:
        token = TOKEN.search(self.text(page))
        assert token is not None, f"{page} has no form"
        return self.client.post(
            action,
            data={"form_token": token[1], **fields},
            base_url=ORIGIN,
        )


@dataclass
class Sandbox:
    world: World
    app: App

    @property
    def browser(self) -> Browser:
        return Browser(Client(self.app))

    def row(self, table: str, row_id: str) -> dict[str, Any]:
        rows = self.world.dataverse.rows(table)
        return next(row for row in rows if row[f"{table}id"] == row_id)
