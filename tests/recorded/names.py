"""The names that stand in a recording, and the canaries that stood there while it was made.

While recording, the sandbox is given the canaries; the scrubber puts the stand-ins in their
place. On replay the clients work with the stand-ins, so that both runs send the same.
"""

import random
from dataclasses import asdict, dataclass, replace

from sandbox.identity import Identity, new_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Everything in a recording that would say whose it is."""

    origin: str
    tenant_id: str
    client_id: str
    client_secret: str
    refresh_token: str
    application_user_id: str
    person_id: str
    customer_id: str
    customer_name: str


STAND_INS = Names(
    origin="https://sandbox.invalid",
    tenant_id="00000000-0000-4000-9000-000000000001",
    client_id="00000000-0000-4000-9000-000000000002",
    client_secret="REDACTED-SECRET",
    refresh_token="REDACTED-REFRESH-TOKEN",
    application_user_id="00000000-0000-4000-9000-000000000003",
    person_id="00000000-0000-4000-9000-000000000004",
    customer_id="00000000-0000-4000-9000-000000000005",
    customer_name="Customer A",
)

CANARIES = Names(
    origin="https://localhost",  # with the port of the running sandbox
    tenant_id="ca9a2701-7e57-4a01-8b01-c0ffee000001",
    client_id="ca9a2702-7e57-4a02-8b02-c0ffee000002",
    client_secret="sbx~canary-secret-51af&90=d3+7b %c2",
    refresh_token="1.canary-refresh-77be02d1",
    application_user_id="ca9a2703-7e57-4a03-8b03-c0ffee000003",
    person_id="ca9a2704-7e57-4a04-8b04-c0ffee000004",
    customer_id="ca9a2705-7e57-4a05-8b05-c0ffee000005",
    customer_name="Canary Coffee Roasters",
)


def pairs(names: Names) -> list[tuple[str, str]]:
    """Return what to replace by what; longer texts first, so that none cuts another."""
    found = list(zip(asdict(names).values(), asdict(STAND_INS).values(), strict=True))
    return sorted(found, key=lambda pair: -len(pair[0]))


def identity_of(names: Names) -> Identity:
    """Return a sign-in that knows these names; the keys are made for this process alone."""
    return replace(
        new_identity(random.Random(1)),  # noqa: S311  # stand-ins, no secrets
        tenant_id=names.tenant_id,
        client_id=names.client_id,
        client_secret=names.client_secret,
        application_user_id=names.application_user_id,
        person_id=names.person_id,
        refresh_tokens={names.refresh_token},
    )
