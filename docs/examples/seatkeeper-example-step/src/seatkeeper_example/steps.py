"""Two steps: one that refuses a change, one that writes down what was done."""

import json
import os
from pathlib import Path

from seatkeeper.steps import Change, Stage, Step

DECEMBER = 12


def refuse_in_december(change: Change) -> str | None:
    """Refuse to take seats away in December; the sentence is what the CRM user reads."""
    fewer = change.was is not None and change.now.quantity < change.was.quantity
    if fewer and change.effective_on.month == DECEMBER:
        return "Seats are not reduced in December. Do it in January, and set the quantity back."
    return None


def write_down(change: Change) -> None:
    """Append the change to a file, once: a step is called at least once, so it looks first."""
    path = Path(os.environ["EXAMPLE_DIARY"])
    written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if any(json.loads(line)["key"] == change.key for line in written):
        return
    line = {
        "key": change.key,
        "what": change.kind,
        "subscription": change.subscription_name,
        "amount": str(change.amount),
        "provisioning": change.provisioning,
    }
    with path.open("a", encoding="utf-8") as diary_file:
        diary_file.write(json.dumps(line) + "\n")


frozen_december = Step(
    name="frozen-december",
    stage=Stage.VALIDATE,
    run=refuse_in_december,
    columns=frozenset({"quantity"}),
)
diary = Step(name="diary", stage=Stage.AFTER, run=write_down)
