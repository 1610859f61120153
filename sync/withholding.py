"""Take back what a judgement let through but a policy or a step does not. Pure but for `verdict`.

A refused change is left out and the rest is judged again from the same "was", so that a change
that was refused and then set back by the person leaves nothing behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from lifecycle.decisions import Refusal, Standing
from sync.judge import Decided, Judgement
from sync.settling import Trouble
from sync.state import Fact, FactState

Verdict: TypeAlias = Callable[[Decided, Standing | None], Refusal | Trouble | None]
Judge: TypeAlias = Callable[[Sequence[Fact]], Judgement]


def withhold(
    judgement: Judgement,
    was: Standing | None,
    facts: Sequence[Fact],
    verdict: Verdict,
    judge: Judge,
) -> Judgement:
    """Return the judgement without what `verdict` refuses; its trouble makes everything wait.

    A trouble on a change that the person has taken back since refuses it instead.
    """
    left, refused = list(facts), dict[str, Refusal]()
    while not judgement.trouble:
        found = _first(judgement, was, verdict)
        if found is None:
            break
        decided, said = found
        if isinstance(said, Trouble) and _still_stands(decided, judgement):
            return _waiting(judgement, facts, said)
        refused[decided.fact.key] = _refusal(decided, said)
        left = [fact for fact in left if fact.key != decided.fact.key]
        judgement = judge(left)
    return _with_refused(judgement, facts, refused) if refused else judgement


def _first(
    judgement: Judgement, was: Standing | None, verdict: Verdict
) -> tuple[Decided, Refusal | Trouble] | None:
    for decided in judgement.decided:
        said = verdict(decided, was)
        if said is not None:
            return decided, said
        was = decided.decision.standing
    return None


def _still_stands(decided: Decided, judgement: Judgement) -> bool:
    """Tell whether the subscription is still meant to be where the change brought it."""
    standing = judgement.standing
    return standing is not None and standing.status is decided.decision.standing.status


def _refusal(decided: Decided, said: Refusal | Trouble) -> Refusal:
    if isinstance(said, Refusal):
        return said
    return Refusal(transition=decided.decision.transition, sentence=said.sentence)


def _waiting(judgement: Judgement, facts: Sequence[Fact], trouble: Trouble) -> Judgement:
    waiting = {fact.key: FactState.WAITING for fact in facts}
    return replace(judgement, states={**judgement.states, **waiting}, trouble=trouble)


def _with_refused(
    judgement: Judgement, facts: Sequence[Fact], refused: dict[str, Refusal]
) -> Judgement:
    states = {**judgement.states, **dict.fromkeys(refused, FactState.REFUSED)}
    stands = refused.get(facts[-1].key)
    return replace(judgement, states=states, refusal=judgement.refusal or stands)
