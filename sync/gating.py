"""Plan a judgement, after policies and steps had their say. Writes nothing, sends nothing.

What they refuse is left out; a question makes everything wait, with the consequences told.
"""

from collections.abc import Sequence
from dataclasses import replace

from lifecycle.decisions import Refusal, Standing
from sync.consequences import of_plan, paragraph
from sync.deactivating import CHOICE, Situation, must_wait, verdict
from sync.engine import Engine
from sync.judge import Decided, Judgement, judge
from sync.model import ProviderKind
from sync.plan import plan
from sync.planned import Case, Plan
from sync.settling import Trouble
from sync.state import Fact, FactState, Parked
from sync.stepping import change_of, validate
from sync.withholding import withhold
from sync.wording import join


def gated_plan(
    engine: Engine, case: Case, judgement: Judgement, facts: Sequence[Fact], parked: Parked | None
) -> Plan:
    """Return the plan of what policies let through."""
    book, situation = engine.policy.rulebook, _situation(case)
    if any(must_wait(one, situation, book) for one in judgement.decided):
        return _silent(case, facts, parked)

    def said(decided: Decided, was: Standing | None) -> Refusal | Trouble | None:
        if decided.fact.source.is_foreign:
            return None  # it has happened already
        heard = validate(engine.steps, change_of(case, decided, was)) if engine.steps else None
        return heard or verdict(decided, situation, book)

    def judged(left: Sequence[Fact]) -> Judgement:
        entity = engine.mappings.entity("subscription")
        return judge(case.was, left, case.context, engine.policy, entity)

    judgement = withhold(judgement, case.was, facts, said, judged)
    if judgement.trouble and judgement.trouble.code == CHOICE:
        return _asking(engine, case, judgement, judgement.trouble)
    planned = plan(case, judgement, engine.policy)
    if judgement.trouble:
        return replace(planned, standing=case.was)
    return replace(planned, consequences=of_plan(case, planned))


def _situation(case: Case) -> Situation:
    provider = case.context.provider
    automatic = provider is not None and provider.kind is ProviderKind.AUTOMATIC
    return Situation(
        licence=case.licence,
        is_silent=automatic and case.licence is None and case.provider_trouble is None,
        choice=case.choice,
        moment=case.moment,
    )


def _silent(case: Case, facts: Sequence[Fact], parked: Parked | None) -> Plan:
    """Wait until the provider answers; what was said before stays."""
    told = case.context.subscription.sync_message if case.context.subscription else ""
    trouble = None
    if parked is not None:
        trouble = Trouble(code=parked.code, reason=parked.reason, advice=parked.advice)
    return Plan(
        subscription_id=case.subscription_id,
        states={fact.key: fact.state for fact in facts},
        standing=case.was,
        trouble=trouble,
        retry_provider=True,
        message=told,
    )


def _asking(engine: Engine, case: Case, judgement: Judgement, question: Trouble) -> Plan:
    """Ask a person, with the consequences of the usual way in the question."""
    usual = plan(case, replace(judgement, trouble=None), engine.policy)
    consequence = of_plan(case, usual, count=False)
    told = [paragraph(usual, one, consequence) for one in usual.logs[-1:]]
    asked = replace(question, reason=join(question.reason, *told))
    waiting = dict.fromkeys(judgement.states, FactState.WAITING)
    return Plan(
        subscription_id=case.subscription_id,
        states=waiting,
        standing=case.was,
        trouble=asked,
        message=asked.sentence,
    )
