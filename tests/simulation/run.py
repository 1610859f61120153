"""One seed is one run: draw what happens, let it happen, hold the end against the invariants."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog
from sqlite_utils import Database

from store.schema import migrations
from tests.simulation import both_sides, evidence, invariants
from tests.simulation.acts import TROUBLES, Act, Happening, Work, happen
from tests.simulation.town import Town, found

USUAL = (8, 21)
"""Between how many acts the number of a run is drawn."""
UNFORESEEN = frozenset({"unforeseen", "two daemons", "cycle failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What may happen in a run, and how often: verb or point of work to weight."""

    steps: tuple[int, int] = USUAL
    ending: float = 0.2
    """How often terms end soon: they go on, with the same or other seats, or expire."""
    settings: tuple[str, ...] = ("late audit", "no audit", "end token", "bom", "short tokens")
    troubles: tuple[str, ...] = tuple(sorted(TROUBLES))
    acts: dict[str, int] = field(
        default_factory=lambda: {
            "status": 30,
            "back-dated": 5,
            "both": 4,
            "quantity": 10,
            "price": 3,
            "refund choice": 4,
            "hold": 4,
            "schedule": 4,
            "unschedule": 1,
            "touch": 4,
            "delete row": 1,
            "delete line": 1,
            "edit line": 1,
            "note on log": 2,
            "provision": 5,
            "touch contract": 2,
            "touch draft": 3,
            "pay": 2,
            "by hand": 14,
            "auto-renew": 3,
            "sweep": 1,
            "wait": 14,
            "clock": 24,
            "settings": 3,
            "configure": 2,
            "stop": 2,
            "second daemon": 2,
            "back up": 7,
            "restore": 7,
            "lose": 1,
        }
    )
    works: dict[str, int] = field(
        default_factory=lambda: {
            "": 30,
            "store": 14,
            "wire": 20,
            "trouble": 24,
            "person": 10,
            "second": 4,
        }
    )


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a run ended."""

    seed: int
    drawn: tuple[int, int] = (0, 0)
    """Between how many acts the number was drawn; the seed alone tells for the usual ones."""
    happened: list[Happening]
    violations: list[str]
    digest: str
    cycles: int = 0
    kills: int = 0
    restores: int = 0
    doubles: int = 0
    """How often a second daemon was started."""
    seconds: int = 0

    def told(self) -> str:
        """Return what to read when it failed."""
        steps = "\n".join(f"  {one}" for one in self.happened)
        wrong = "\n".join(f"  {one}" for one in self.violations)
        few, many = self.drawn
        drawn = "" if self.drawn in {(0, 0), USUAL} else f" STEPS={few}-{many}"
        return f"seed {self.seed}; again with: make sim SEED={self.seed}{drawn}\n{steps}\n{wrong}"


# --- drawing -----------------------------------------------------------------------------------


def draw(seed: int, mix: Mix) -> list[Happening]:
    """Return what happens in the run of a seed."""
    rng = Random(f"steps {seed}")  # noqa: S311  # repeatable on purpose
    drawn: list[Happening] = []
    for _ in range(rng.randint(*mix.steps)):
        drawn.append(draw_act(rng, mix))
        if rng.random() < 0.6:
            drawn.append(draw_work(rng, mix))
    return drawn


def draw_act(rng: Random, mix: Mix) -> Act:
    verb = rng.choices(list(mix.acts), list(mix.acts.values()))[0]
    value, detail = _DETAILS.get(verb, _plain)(rng)
    return Act(verb, rng.randrange(5), value, detail)


def draw_work(rng: Random, mix: Mix) -> Work:
    how = rng.choices(["cycle", "once", "invoice", "hear"], [66, 14, 14, 6])[0]
    point = rng.choices(list(mix.works), list(mix.works.values()))[0]
    if point == "trouble":
        point = rng.choice(mix.troubles)
    act = None
    if point == "person":
        verbs = {name: weight for name, weight in mix.acts.items() if name in _MEDDLING}
        act = draw_act(rng, Mix(acts=verbs))
    return Work(how, point, rng.randint(1, 16), rng.choice([1, 1, 1, 3]), act)


_MEDDLING = frozenset(
    {"status", "quantity", "touch", "touch contract", "touch draft", "note on log", "provision"}
    | {"hold", "by hand", "refund choice", "pay", "auto-renew"}
)
_STATES = ["active"] * 4 + ["suspended"] * 4 + ["paused"] * 2 + ["cancelled"]


def _plain(rng: Random) -> tuple[int, str]:
    return rng.randrange(4), ""


_DETAILS: dict[str, Callable[[Random], tuple[int, str]]] = {
    "status": lambda rng: (0, rng.choice(_STATES)),
    "back-dated": lambda rng: (rng.randint(1, 9), rng.choice(_STATES[:10])),
    "both": lambda rng: (rng.randint(0, 14), rng.choice(_STATES)),
    "quantity": lambda rng: (rng.randint(0, 14), ""),
    "price": lambda rng: (rng.randint(8, 13), ""),
    "refund choice": lambda rng: (rng.randrange(3), ""),
    "hold": lambda rng: (rng.randrange(2), ""),
    "schedule": lambda rng: (rng.randint(0, 4), ""),
    "auto-renew": lambda rng: (rng.randrange(2), ""),
    "edit line": lambda rng: (-rng.randint(1, 50), ""),
    "by hand": lambda rng: (
        rng.randint(1, 14),
        rng.choice(["suspend", "reactivate", "seats", "auto-renew", "name"]),
    ),
    "wait": lambda rng: (rng.choice([1, 10, 70, 130, 400, 3600]), ""),
    "clock": lambda rng: (rng.choice([86_400, 86_400, 172_800, 604_800, -3_600, 3_600]), ""),
    "settings": lambda rng: (0, rng.choice(["202", "not ready", "few requests a minute"])),
    "configure": lambda rng: (rng.randrange(2), rng.choice(["refunds", "change day"])),
    "lose": lambda rng: (rng.randrange(2), ""),
}
_WORLDS: dict[str, dict[str, Any]] = {
    "late audit": {"audit_delay_seconds": 30},
    "no audit": {"audit": False},
    "end token": {"delta_token_at": "end"},
    "bom": {"partner_center_bom": True, "partner_center_crlf": True},
    "short tokens": {"token_seconds": 400},
}


def world_of(seed: int, mix: Mix) -> dict[str, Any]:
    """Draw the settings of the sandbox."""
    rng = Random(f"world of {seed}")  # noqa: S311  # repeatable on purpose
    chosen: dict[str, Any] = {}
    for name in mix.settings:
        if rng.random() < 0.15:
            chosen |= _WORLDS[name]
    return chosen


def is_ending(seed: int, mix: Mix) -> bool:
    """Draw whether the terms of the licences end soon."""
    return Random(f"terms {seed}").random() < mix.ending  # noqa: S311  # repeatable on purpose


# --- running -----------------------------------------------------------------------------------


def run(
    seed: int,
    mix: Mix | None = None,
    *,
    steps: Sequence[Happening] | None = None,
    wrap: Any = None,
) -> Outcome:
    """Run a seed, or given steps in its world, and judge."""
    mix = mix or Mix()
    steps = draw(seed, mix) if steps is None else steps
    with structlog.testing.capture_logs() as said:
        town = found(seed, ending=is_ending(seed, mix), **world_of(seed, mix))
        town.wrap = wrap
        happened = list(steps)
        outcome = Outcome(seed=seed, drawn=mix.steps, happened=happened, violations=[], digest="")
        town.cycle()
        town.sweep()
        for one in steps:
            happen(town, one)
            _count(outcome, one, town)
        tidy_up(town)
        outcome.violations = judge(town, said)
        outcome.cycles = town.cycles
        town.stop()
    outcome.digest = digest(town)
    outcome.seconds = int(town.chronos.time)
    return outcome


def _count(outcome: Outcome, one: Happening, town: Town) -> None:
    if isinstance(one, Work):
        outcome.doubles += one.point in {"second", "rival"}
        outcome.kills += town.wire.tally.died or town.store_tally.died
    elif one.verb == "restore" and town.backups:
        outcome.restores += 1
    elif one.verb == "second daemon":
        outcome.doubles += 1


def tidy_up(town: Town) -> None:
    """Everything calms down: people take holds away, and touch what may have been late."""
    town.calm()
    with town.world.lock:
        town.world.clock.advance(2 * 86_400)  # past everything that was scheduled for a while
    town.settle_down(2)
    town.touch(sk_hold=False, sk_deactivateon=None)
    town.settle_down(1)
    town.sweep()
    town.settle_down(2)


def judge(town: Town, said: Sequence[Any]) -> list[str]:
    """Hold the run against every invariant."""
    for _ in range(2):
        town.cycle()
    mark = town.world.journal.last
    town.quiet_cycle()
    seen = evidence.read(
        town.world,
        is_lossy=town.lossy,
        is_audited=town.world.settings.audit and not town.went_back,
        lost_on=town.lost_on,
        is_restored=town.restored,
        told=frozenset(town.told()),
    )
    return [*_unforeseen(town), *_judged(town, seen, mark), *_local(town, said)]


def _unforeseen(town: Town) -> list[str]:
    return [f"unforeseen: {told}" for told in town.watch.log.told if told[0] in UNFORESEEN]


def _judged(town: Town, seen: evidence.Evidence, mark: int) -> Iterator[str]:
    for subscription in town.subscriptions:
        yield from invariants.i1_one_log_per_change(seen, subscription)
        yield from invariants.i3_money_to_the_cent(seen, subscription)
        if subscription in town.licences:
            licence = town.licences[subscription]
            yield from invariants.i2_turned_as_needed(seen, subscription, licence)
            yield from invariants.i4_both_sides_agree(seen, subscription, licence)
            yield from both_sides.i11_what_comes_over(seen, subscription, licence)
    yield from invariants.i2_nothing_twice(seen, town.watch.unseen)
    yield from invariants.i3_invoices_add_up(seen)
    yield from invariants.i9_nothing_deleted(seen)
    if not town.went_back:
        yield from invariants.i10_quiet_when_nothing_happens(seen, mark)


def _local(town: Town, said: Sequence[Any]) -> Iterator[str]:
    connection = town.durable.copy()._connection
    answers = town.durable.damage() or ["ok"]
    pending = [one.name for one in migrations.pending(Database(connection))]
    yield from invariants.i5_intent_before_write(town.watch.unintended)
    yield from invariants.i6_state_is_sound(answers, pending)
    places = {
        "log": f"{town.watch.log.told} {said}",
        "state": "\n".join(connection.iterdump()),
    }
    yield from invariants.i8_no_secret([town.world.client_secret, *town.watch.tokens], places)


def digest(town: Town) -> str:
    """Return the fingerprint of everything that the sandbox noted."""
    hashed = hashlib.sha256()
    for entry in town.world.journal.since(0):
        hashed.update(repr(entry).encode())
    return hashed.hexdigest()
