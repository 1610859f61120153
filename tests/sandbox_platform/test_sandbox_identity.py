"""What sign-in knows can be printed without giving a secret away."""

import random

from sandbox.identity import new_identity


def test_an_identity_prints_its_ids_and_no_secret() -> None:
    identity = new_identity(random.Random(1))  # noqa: S311 - a seed of the test

    shown = repr(identity)

    assert identity.client_id in shown
    assert identity.tenant_id in shown
    assert identity.client_secret not in shown
    assert all(token not in shown for token in identity.refresh_tokens)
    assert "PRIVATE KEY" not in shown
