"""npm's dynamics-web-api, unpatched; its cases are in javascript/cases.cjs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "javascript" / "cases.cjs"
NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or "node"


def node(*arguments, **environment):
    return subprocess.run(
        [NODE, str(SCRIPT), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def listed():
    told = node()
    if told.returncode:
        raise RuntimeError(f"the cases cannot be read; run `make test-clients`: {told.stderr}")
    return told.stdout.split()


@pytest.mark.parametrize("case", listed())
def test_dynamics_web_api(sandbox, case):
    told = node(
        case,
        SANDBOX_URL=sandbox.url,
        SANDBOX_AUTHORITY=sandbox.authority,
        SANDBOX_CLIENT_ID=sandbox.client_id,
        SANDBOX_CLIENT_SECRET=sandbox.client_secret,
        NODE_EXTRA_CA_CERTS=sandbox.ca_file,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout == f"ok {case}\n"
