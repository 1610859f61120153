"""Ids of the scenarios: derived from names, so that every run and every seed has the same ones."""

from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("5ea7ceef-0000-4000-8000-000000000001")
_BEGUN = sha1(NAMESPACE.bytes, usedforsecurity=False)
_VARIANTS = "89ab" * 4


def id_of(*names: str) -> str:
    """Return the same id for the same names, always: their uuid5, written at once.

    `scale` asks for three million, and the standard library's way takes five times as long.
    """
    digest = _BEGUN.copy()
    digest.update("/".join(names).encode())
    text = digest.hexdigest()
    variant = _VARIANTS[int(text[16], 16)]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


HERO_CUSTOMER_NAME = "Fabrikam Coffee Roasters"
HERO_CUSTOMER = id_of("account", HERO_CUSTOMER_NAME)
HERO_CUSTOMER_TENANT = id_of("tenant", HERO_CUSTOMER_NAME)
HERO_CONTRACT_TITLE = "Cloud services"
HERO_CONTRACT = id_of("contract", HERO_CUSTOMER_NAME, HERO_CONTRACT_TITLE)
HERO_AUTOMATIC = id_of("subscription", HERO_CONTRACT, "Microsoft 365 Business Premium")
HERO_AUTOMATIC_AT_PROVIDER = id_of("at provider", HERO_AUTOMATIC)
HERO_MANUAL = id_of("subscription", HERO_CONTRACT, "Acronis Cyber Backup")
