"""A sandbox that cannot start says so and leaves nothing behind that keeps the process alive."""

import threading

import pytest

from sandbox.server import Options, start
from sandbox.world import UnknownScenario
from seatkeeper.mapping_folder import shipped


def test_a_sandbox_that_fails_to_start_leaves_no_thread():
    before = set(threading.enumerate())
    with pytest.raises(UnknownScenario):
        start(Options(mappings=shipped(), scenario="no such scenario"))
    assert set(threading.enumerate()) <= before
