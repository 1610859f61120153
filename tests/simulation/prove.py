"""`make prove`: the whole proof, in chunks, so that it can be stopped and resumed.

What was reached is kept in `.prove.json` and written into docs/reliability.md.
SHARE=0.01 proves a hundredth of it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path

from sandbox.faults import Drop
from tests.durability.killing import killing
from tests.simulation.run import Mix
from tests.simulation.seeds import outcomes

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".prove.json"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- measured by make prove -->", "<!-- end of what was measured -->"
CHUNK = 50
LONG = Mix(steps=(40, 100))
"""Long histories, in which more can come together than in the short runs of `make test`."""
LIVES = 25
TARGETS = {
    "cycles": 100_000,
    "kills": 10_000,
    "restores": 1_000,
    "doubles": 1_000,
    "cold_kills": 500,
}
NAMES = {
    "cycles": "simulated cycles",
    "kills": "kills in the simulation",
    "restores": "restores of a backup",
    "doubles": "second daemons",
    "cold_kills": "processes killed with SIGKILL",
}


@dataclass(slots=True, kw_only=True)
class Proof:
    """What was reached so far."""

    runs: int = 0
    """Seeds 0 to `runs` - 1 were played."""
    cycles: int = 0
    kills: int = 0
    restores: int = 0
    doubles: int = 0
    cold_kills: int = 0
    at_writes: int = 0
    sandboxes: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)


def load() -> Proof:
    return Proof(**json.loads(KEPT.read_text(encoding="utf-8"))) if KEPT.exists() else Proof()


def keep(proof: Proof) -> None:
    """Keep what was reached, and write it into the page."""
    KEPT.write_text(json.dumps(asdict(proof)), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{measured(proof)}{END}{after}", encoding="utf-8")


def measured(proof: Proof) -> str:
    """Return the table of what was reached."""
    drawn = "STEPS={}-{}".format(*LONG.steps)
    rows = [f"| {words} | {getattr(proof, name):,} |" for name, words in NAMES.items()]
    return "\n".join(
        [
            "",
            "| what | how many |",
            "|---|---|",
            f"| simulated runs ({drawn}, seeds 0 to {proof.runs - 1}) | {proof.runs:,} |",
            *rows,
            f"| of these, killed at a write | {proof.at_writes:,} |",
            f"| violations | {len(proof.violations)} |",
            f"| time | {proof.seconds / 60:.0f} minutes |",
            "",
            "",
        ]
    )


def simulate(proof: Proof) -> None:
    """Play the next seeds."""
    for outcome in outcomes(range(proof.runs, proof.runs + CHUNK), LONG):
        proof.cycles += outcome.cycles
        proof.kills += outcome.kills
        proof.restores += outcome.restores
        proof.doubles += outcome.doubles
        if outcome.violations:
            proof.violations.append(outcome.told())
            sys.stdout.write(f"{outcome.told()}\n")
    proof.runs += CHUNK


def kill(proof: Proof) -> None:
    """Kill the real daemon in a town of its own."""
    with killing(1000 + proof.sandboxes) as lives:
        points = list(product([1, 2, 3], Drop)) * LIVES
        for number, drop in points[: LIVES - LIVES // 3]:
            lives.life(number, drop)
        for _ in range(LIVES // 3):
            lives.short_life()
        lives.rest()
        proof.violations += list(lives.violations())
    proof.cold_kills += lives.kills
    proof.at_writes += lives.at_writes
    proof.sandboxes += 1


def prove(share: float) -> int:
    """Go on until every target is reached; return 1 when something was violated."""
    proof = load()
    while missing := [name for name in TARGETS if getattr(proof, name) < TARGETS[name] * share]:
        step: Callable[[Proof], None] = kill if missing == ["cold_kills"] else simulate
        began = time.monotonic()
        step(proof)
        proof.seconds += time.monotonic() - began
        keep(proof)
        sys.stdout.write(f"{proof.runs} runs, {proof.cycles} cycles, {proof.cold_kills} killed\n")
    return 1 if proof.violations else 0


if __name__ == "__main__":
    sys.exit(prove(float(os.environ.get("SHARE") or 1)))
