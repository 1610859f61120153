"""`seatkeeper demo --exit` plays the story, reads every step back, and ends."""

import time

from tests.acceptance.installed import seatkeeper


def test_the_demo_passes_within_a_minute(tmp_path):
    begun = time.monotonic()
    done = seatkeeper("demo", "--exit", folder=tmp_path, extra={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 60
    for told in (
        "2. The CRM user deactivates it, and chooses Apply Refund.",
        "Partner Center: suspended,",
        "7. The next automatic invoice carries the subscription.",
        "The story took ",
        "Console         http://127.0.0.1:",
    ):
        assert told in done.stdout
    assert "Traceback" not in done.stderr
