"""An organisation as it is bought, in which `seatkeeper schema install` has yet to be run."""

from sandbox.scenarios.stage import Stage


def build(world: Stage, *, subscriptions: int | None, seed: int) -> None:
    """Take our tables out of the new world; `subscriptions` and `seed` have no meaning here."""
    del subscriptions, seed
    world.dataverse.strip()
