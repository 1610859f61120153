"""The state file: two processes may open a new one at the same moment."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from seatkeeper.bootstrap_state import open_store
from tests.wiring.written import load

ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from pathlib import Path
from store.sqlite import SqliteStore
for _ in range(5):
    store = SqliteStore(Path(sys.argv[1]))
    store.tx(lambda tx: tx.set_meta("organisation", "one"))
    store.close()
"""


def test_several_processes_can_open_a_new_state_at_the_same_moment(tmp_path):
    for number in range(4):
        call = [sys.executable, "-c", OPEN, str(tmp_path / f"state-{number}.db")]
        processes = [
            subprocess.Popen(call, cwd=ROOT, stderr=subprocess.PIPE)  # noqa: S603  # ourselves
            for _ in range(4)
        ]
        ended = [(one.communicate()[1], one.returncode) for one in processes]
        assert ended == [(b"", 0)] * 4


def test_a_new_state_can_be_read_by_its_owner_only(tmp_path):
    config = load(tmp_path)
    before = os.umask(0o022)
    try:
        store = open_store(config)
        store.tx(lambda tx: tx.set_meta("organisation", "one"))
        made = list(config.state_file.parent.glob(f"{config.state_file.name}*"))
        assert {stat.S_IMODE(one.stat().st_mode) for one in made} == {0o600}
        assert len(made) > 1  # its log holds the same rows
        store.close()
    finally:
        os.umask(before)
