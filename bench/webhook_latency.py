"""From the CRM user's write to the suspension at Partner Center, with a webhook in between.

`python -m bench.webhook_latency [N]`: a sandbox and a daemon of their own processes over HTTPS,
a daemon that polls once in ten minutes, and one call of Dataverse's webhook after each write.
"""

import json
import sys
import tempfile
import time
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path

from tests.acceptance.installed import running_daemon, running_sandbox, wait_for

KEY = "a-registered-key-of-dataverse"
SETTINGS = {
    "SEATKEEPER__POLL_SECONDS": "600",
    "SEATKEEPER__GUARDS__MAX_PERCENT": "100",
    "SEATKEEPER__WEBHOOKS__LISTEN": "127.0.0.1:0",
    "SEATKEEPER__WEBHOOKS__DATAVERSE__REGISTERED_KEY": KEY,
}
APART_SECONDS = 2.2
"""Cycles by webhook keep a pace; calls that come faster share one."""


def main(number: int) -> None:
    """Measure and print the spread."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_sandbox(folder) as sandbox:
            sandbox.control("reset", {"scenario": "scale", "subscriptions": number, "seed": 1})
            with running_daemon(sandbox, folder / "daemon.log", SETTINGS) as daemon:
                wait_for(lambda: daemon.said("adopted"))
                (said,) = daemon.said("webhooks answer")
                rows = sandbox.crm("GET", "sk_subscriptions?$filter=statuscode eq 1")["value"]
                mark = sandbox.last()
                for at, row in enumerate(rows):
                    one_deactivation(sandbox, said["listen"], row, at)
                entries = sandbox.commits(mark)
    print_spread(latencies(entries))


def one_deactivation(sandbox, address, row, at):
    sandbox.deactivate(row["sk_subscriptionid"])
    connection = HTTPConnection(address, timeout=10)
    body = json.dumps({"PrimaryEntityName": "sk_subscription", "OperationId": str(at)})
    connection.request("POST", f"/webhooks/dataverse?code={KEY}", body)
    connection.getresponse().read()
    connection.close()
    time.sleep(APART_SECONDS)


def latencies(entries):
    """Return the seconds between each write in Dynamics and the next one at Partner Center."""
    found, written = [], None
    for one in entries:
        at = datetime.fromisoformat(one["at"])
        after = one["after"] or {}
        if one["service"] == "dataverse" and one["table"] == "sk_subscription":
            written = at if after.get("statuscode") == 2 else written
        elif one["service"] == "partner_center" and one["table"] == "subscription" and written:
            found.append((at - written).total_seconds())
            written = None
    return sorted(found)


def print_spread(found):
    p50, p95 = found[len(found) // 2], found[int(len(found) * 0.95)]
    print(
        f"{len(found)} deactivations: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms,"
        f" most {found[-1] * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
