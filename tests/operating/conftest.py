"""A sandbox and a watched daemon that has worked on it; one for all tests of a module."""

import pytest

from sandbox.scenarios.identity import HERO_AUTOMATIC
from tests.acceptance.installed import running_daemon, running_sandbox, wait_for

WATCHED = {"SEATKEEPER__HEALTH__LISTEN": "127.0.0.1:0", "SEATKEEPER__POLL_SECONDS": "1"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("watched")) as running:
        yield running


@pytest.fixture
def own_sandbox(tmp_path):
    with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def daemon(sandbox, tmp_path_factory):
    """Return a daemon that has done a deactivation."""
    log = tmp_path_factory.mktemp("log") / "daemon.log"
    with running_daemon(sandbox, log, WATCHED) as running:
        wait_for(lambda: running.said("adopted"))
        sandbox.deactivate(HERO_AUTOMATIC)
        wait_for(lambda: running.said("dataverse answered"))
        yield running


@pytest.fixture(scope="module")
def address(daemon):
    (said,) = daemon.said("health answers")
    return said["listen"]
