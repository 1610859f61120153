"""Ids of the scenarios: derived from names, so that every run and every seed has the same ones."""

from functools import lru_cache
from uuid import UUID, uuid5

NAMESPACE = UUID("5ea7ceef-0000-4000-8000-000000000001")


@lru_cache(maxsize=10_000)  # a third of the time of `scale` went into asking for the same ids
def id_of(*names: str) -> str:
    """Return the same id for the same names, always."""
    return str(uuid5(NAMESPACE, "/".join(names)))


HERO_CUSTOMER_NAME = "Fabrikam Coffee Roasters"
HERO_CUSTOMER = id_of("account", HERO_CUSTOMER_NAME)
HERO_CUSTOMER_TENANT = id_of("tenant", HERO_CUSTOMER_NAME)
HERO_CONTRACT_TITLE = "Cloud services"
HERO_CONTRACT = id_of("contract", HERO_CUSTOMER_NAME, HERO_CONTRACT_TITLE)
HERO_AUTOMATIC = id_of("subscription", HERO_CONTRACT, "Microsoft 365 Business Premium")
HERO_AUTOMATIC_AT_PROVIDER = id_of("at provider", HERO_AUTOMATIC)
HERO_MANUAL = id_of("subscription", HERO_CONTRACT, "Acronis Cyber Backup")
