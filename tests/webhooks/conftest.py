"""One hooked stage for a module that changes little of it; a fresh one for the others."""

import pytest

from tests.webhooks.hooked import open_hooked


@pytest.fixture
def hooked(tmp_path):
    opened = open_hooked(tmp_path)
    yield opened
    opened.stage.application.close()
