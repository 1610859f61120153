"""An organisation with the tables and no rows."""

from sandbox.scenarios.stage import Stage


def build(world: Stage, *, subscriptions: int | None, seed: int) -> None:
    """Leave the new world as it is; `subscriptions` and `seed` have no meaning here."""
    del world, subscriptions, seed
