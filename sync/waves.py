"""Work on many contracts: decide beside one another, send together, until nothing can be done now.

Contracts are taken in waves, so that memory does not grow with a burst; the change sets of a wave
share `$batch` requests (rules.md 2.7). One contract in trouble delays no other.
"""

from collections.abc import Mapping, Sequence

from sync.apply import Group, send_all
from sync.aside import Failures
from sync.engine import Engine
from sync.take_up import goes_on, take_up

_WAVE = 200
_ROUNDS = 4


def work_on(engine: Engine, contracts: Mapping[str, Sequence[str]], failures: Failures) -> None:
    """Work on the subscriptions of each contract, given by the contract's key."""
    names = list(contracts)
    for start in range(0, len(names), _WAVE):
        wave = {name: contracts[name] for name in names[start : start + _WAVE]}
        _work_on_wave(engine, wave, failures)


def _work_on_wave(
    engine: Engine, contracts: Mapping[str, Sequence[str]], failures: Failures
) -> None:
    waiting = dict(contracts)
    for _ in range(_ROUNDS):
        if not waiting or engine.stopping():
            break
        ready = _decide(engine, waiting, failures)
        send_all(engine, ready.values(), failures)
        left = {name: [one for one in waiting[name] if goes_on(engine, one)] for name in ready}
        waiting = {name: subjects for name, subjects in left.items() if subjects}


def _decide(
    engine: Engine, contracts: Mapping[str, Sequence[str]], failures: Failures
) -> dict[str, list[Group]]:
    """Return the change sets of each contract that has some."""
    ready: dict[str, list[Group]] = {}

    def decide(name: str) -> None:
        if groups := take_up(engine, contracts[name], failures):
            ready[name] = groups

    engine.ports.dispatcher.run(list(contracts), decide)
    return {name: ready[name] for name in contracts if name in ready}
