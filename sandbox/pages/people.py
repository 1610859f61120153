"""The person who sits before the pages, as a user of Dataverse."""

from sandbox.world import World


def person(world: World) -> str:
    """Return the systemuserid of the person; make the user when this world has none yet."""
    user_id = world.identity.person_id
    if not any(row["systemuserid"] == user_id for row in world.dataverse.rows("systemuser")):
        world.dataverse.insert(
            "systemuser", {"systemuserid": user_id, "fullname": world.settings.person}
        )
    return user_id
