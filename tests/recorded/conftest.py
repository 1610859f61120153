"""The stage as a fixture: a sandbox while recording, a blocked network on replay."""

from collections.abc import Iterator

import pytest

from sandbox.server import Options, Running, start
from seatkeeper.mapping_folder import shipped
from tests.recorded import tape
from tests.recorded.names import pairs
from tests.recorded.scrub import Scrubber
from tests.recorded.stage import Stage, recording, replaying


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running | None]:
    """Return a sandbox over HTTPS while recording; nothing on replay."""
    if tape.mode() == "none":
        yield None
        return
    with start(Options(mappings=shipped(), scenario="empty")) as running:
        yield running


@pytest.fixture
def stage(
    sandbox: Running | None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Return a stage whose requests go into, or come from, the test's own cassette."""
    path = tape.CASSETTES / f"{request.node.name}.yaml"
    if sandbox is None:
        tape.block_network(monkeypatch)
        made = replaying()
    else:
        path.unlink(missing_ok=True)
        made = recording(sandbox)
    vcr = tape.recorder(Scrubber(pairs(made.names)), tape.mode())
    with vcr.use_cassette(str(path)) as cassette:
        yield made
    if sandbox is None:
        assert tape.unplayed(cassette) == []
