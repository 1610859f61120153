"""How a command starts: what it loads before it does anything."""

import subprocess
import sys

_LOADED = (
    "import sys, seatkeeper.cli; print([m for m in sys.modules if m.split('.')[0] == 'sandbox'])"
)


def test_a_command_starts_without_loading_the_sandbox():
    done = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, "-c", _LOADED], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
