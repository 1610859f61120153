"""The sandbox as a fixture."""

import pytest

from connector.auth import (
    PARTNER_CENTER_SCOPE,
    dataverse_scope,
    token_source,
)
from connector.dataverse.client import DataverseClient
from connector.http import Http, Limits
from connector.partner_center.client import PartnerCenterClient
from sandbox.in_process import InProcessAdapter, open_world
from tests.connector.sandboxed import ORIGIN, Reach, sign_in
from tests.connector.scripted import Clockwork


@pytest.fixture
def reach():
    world, app = open_world("demo")
    adapter, effects = InProcessAdapter(app), Clockwork()
    http = Http(effects, None, {"https://": adapter}, limits=Limits(read_seconds=30))
    crm_tokens = token_source(sign_in(world, dataverse_scope(ORIGIN)), http, effects)
    partner_tokens = token_source(sign_in(world, PARTNER_CENTER_SCOPE), http, effects)
    return Reach(
        world=world,
        adapter=adapter,
        effects=effects,
        crm=DataverseClient(http, crm_tokens, effects, ORIGIN, page_size=3),
        partner=PartnerCenterClient(http, partner_tokens, effects, ORIGIN),
    )
