"""Sign-in and the Partner Center client against the sandbox."""

from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate

from connector.auth import (
    PARTNER_CENTER_SCOPE,
    Certificate,
    ClientSecret,
    PfxCertificate,
    RefreshToken,
    dataverse_scope,
    token_source,
)
from connector.http import Http
from sync.remote import (
    Action,
    NotFound,
    Outcome,
    SignInFailed,
    Unavailable,
)
from tests.connector.sandboxed import ORIGIN, sign_in

# --- sign-in -----------------------------------------------------------------------------------


def test_a_certificate_and_a_refresh_token_sign_in(reach, tmp_path):
    identity = reach.world.identity
    (tmp_path / "key.pem").write_bytes(identity.client_key)
    (tmp_path / "cert.pem").write_bytes(identity.client_certificate)
    (tmp_path / "both.pfx").write_bytes(
        pkcs12.serialize_key_and_certificates(
            None,
            load_pem_private_key(identity.client_key, None),
            load_pem_x509_certificate(identity.client_certificate),
            None,
            BestAvailableEncryption(b"pass"),
        )
    )
    kept = []
    credentials = [
        PfxCertificate(pfx_file=tmp_path / "both.pfx", passphrase="pass"),
        Certificate(key_file=tmp_path / "key.pem", certificate_file=tmp_path / "cert.pem"),
        RefreshToken(
            recall=lambda: next(iter(identity.refresh_tokens)),
            remember=kept.append,
            client_secret=identity.client_secret,
        ),
    ]
    http = Http(reach.effects, None, {"https://": reach.adapter})
    for credential in credentials:
        source = sign_in(reach.world, PARTNER_CENTER_SCOPE, credential)
        assert token_source(source, http, reach.effects).token()
    assert len(kept) == 1


def test_a_wrong_secret_is_refused_with_advice(reach):
    wrong = sign_in(reach.world, dataverse_scope(ORIGIN), ClientSecret(secret="wrong-secret"))
    http = Http(reach.effects, None, {"https://": reach.adapter})
    with pytest.raises(SignInFailed, match="AADSTS7000215") as caught:
        token_source(wrong, http, reach.effects).token()
    assert "wrong-secret" not in str(caught.value)


def test_a_sign_in_that_is_down_is_unavailable(reach):
    reach.fault(service="sign_in", path=".", times=9, status=503)
    with pytest.raises(Unavailable):
        reach.rows()


# --- Partner Center ----------------------------------------------------------------------------


@pytest.fixture
def bought(reach):
    """Return a reference to a New Commerce subscription whose windows have closed."""
    customer = next(iter(reach.partner.customers()))
    made = reach.control(
        "partner-center/subscriptions",
        {
            "customerId": customer.id,
            "quantity": 10,
            "autoRenewEnabled": True,
            "creationDate": "2025-01-10T08:00:00Z",
        },
    )
    found = {ref.subscription_id: ref for ref, _ in reach.partner.subscriptions(customer.id)}
    return found[made["id"].lower()]


def act(reach, ref, action, quantity=None, held=None):
    licence = reach.partner.read(ref)
    body = reach.partner.compose(licence, action, quantity=quantity, held=held)
    return reach.partner.send(ref, body, request_id=str(uuid4()), etag=licence.etag)


def test_suspend_reactivate_and_restore_bring_everything_back(reach, bought):
    assert act(reach, bought, Action.SCHEDULE_QUANTITY, 4).outcome is Outcome.DONE
    before = reach.partner.read(bought)
    assert before.is_new_commerce
    assert before.held["scheduledNextTermInstructions"]["quantity"] == 4
    suspended = act(reach, bought, Action.SUSPEND)
    assert suspended.outcome is Outcome.DONE
    assert reach.partner.licence(suspended.body).status == "suspended"
    assert not reach.partner.licence(suspended.body).auto_renew
    assert act(reach, bought, Action.REACTIVATE).outcome is Outcome.DONE
    assert not reach.partner.read(bought).auto_renew
    assert act(reach, bought, Action.RESTORE, held=before.held).outcome is Outcome.DONE
    after = reach.partner.read(bought)
    assert (after.status, after.held) == ("active", before.held)


def test_seats_are_added_and_refused_to_go(reach, bought):
    quantity = reach.partner.read(bought).quantity
    assert act(reach, bought, Action.SET_QUANTITY, quantity + 5).outcome is Outcome.DONE
    result = act(reach, bought, Action.SET_QUANTITY, 1)
    assert (result.outcome, result.code) == (Outcome.REFUSED, "800090")
    assert "renewal" in result.message


def test_seats_of_a_suspended_subscription_are_refused(reach, bought):
    act(reach, bought, Action.SUSPEND)
    result = act(reach, bought, Action.SET_QUANTITY, 50)
    assert result.outcome is Outcome.REFUSED
    assert "Activate the subscription first." in result.message


def test_a_lost_answer_is_ambiguous_and_the_same_request_id_may_follow(reach, bought):
    licence = reach.partner.read(bought)
    body = reach.partner.compose(licence, Action.SUSPEND, quantity=None, held=None)
    reach.fault(service="partner_center", method="PATCH", path=".", times=1, drop="after_commit")
    request_id = str(uuid4())
    first = reach.partner.send(bought, body, request_id=request_id, etag=licence.etag)
    assert first.outcome is Outcome.AMBIGUOUS
    again = reach.partner.send(bought, body, request_id=request_id, etag=licence.etag)
    assert again.outcome is Outcome.DONE
    assert reach.partner.read(bought).status == "suspended"


def test_an_unknown_subscription_is_not_found(reach, bought):
    unknown = type(bought)(customer_id=bought.customer_id, subscription_id=str(uuid4()))
    with pytest.raises(NotFound):
        reach.partner.read(unknown)


def test_what_was_done_is_in_the_audit_records(reach, bought):
    act(reach, bought, Action.SUSPEND)
    today = reach.crm.now().date()
    records = [
        record
        for record in reach.partner.audit_records(today)
        if record.subscription_id == bought.subscription_id
    ]
    changes = {(r.old.get("status"), r.new["status"], r.succeeded) for r in records}
    assert ("active", "suspended", True) in changes
