"""A partner with one customer, at nine o'clock on 16 June 2026 by a clock that stands."""

from datetime import UTC, datetime

import pytest
import requests

from sandbox.in_process import InProcessAdapter, open_world
from tests.sandbox_partner_center.partner_reach import CUSTOMER, Partner


@pytest.fixture
def partner() -> Partner:
    at = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
    world, app = open_world("empty", wall=lambda: at)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", InProcessAdapter(app))
    made = Partner(world, app, session)
    named = {"id": CUSTOMER, "companyName": "Fabrikam", "domain": "fabrikam.example"}
    made.control("POST", "partner-center/customers", named)
    return made
