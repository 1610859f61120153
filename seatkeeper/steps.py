"""For other packages: steps around changes of subscriptions; see docs/extending.md. Stable."""

from sync.steps import API, Change, Stage, State, Step

__all__ = ["API", "Change", "Stage", "State", "Step"]
