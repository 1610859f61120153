"""Forged, oversized, malformed, replayed and excessive calls are refused and counted."""

import base64
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from seatkeeper.webhooks.server import DATAVERSE, PARTNER_CENTER
from tests.webhooks.hooked import HOST, KEY, event, open_hooked, remote_execution_context, sealed

CONTEXT = remote_execution_context("sk_subscription")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Return one stage for all calls without an effect; each call has an address of its own."""
    opened = open_hooked(tmp_path_factory.mktemp("hooked"))
    yield opened
    opened.stage.application.close()


def refused(hooked, reason, service):
    return hooked.counted().get((service, reason), 0)


def is_refused(hooked, reason, status, path, body, **told):
    """Call, and see that it is refused, counted by its reason, and asks for nothing."""
    service = "dataverse" if path == DATAVERSE else "partner_center"
    before = refused(hooked, reason, service)
    told.setdefault("address", f"address of {reason} {body[:40]!r} {told!r}")
    assert hooked.calls(path, body, **told) == status
    assert refused(hooked, reason, service) == before + 1
    assert not hooked.nudges.wake.is_set()


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"query": "code="},
        {"query": f"code={KEY[:-1]}"},
        {"query": f"code={KEY}x"},
        {"query": f"key={KEY}"},
        {"query": "code=%C3%A4%F0"},
        {"headers": {"x-key": KEY}},
    ],
)
def test_a_call_of_dataverse_needs_the_key_where_it_was_registered(quiet, told):
    is_refused(quiet, "forged", 401, DATAVERSE, CONTEXT, **told)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"PrimaryEntityName": 1}', b"[" * 9999]
)
def test_a_malformed_call_of_dataverse_is_refused(quiet, body):
    with capture_logs() as logged:
        is_refused(quiet, "malformed", 400, DATAVERSE, body, query=f"code={KEY}")
    assert logged == []


@pytest.mark.parametrize("path", [DATAVERSE, PARTNER_CENTER])
@pytest.mark.parametrize("length", [None, "x", "-1", "99"])
def test_a_call_that_lies_about_its_length_is_refused(quiet, path, length):
    is_refused(quiet, "malformed", 400, path, b"{}", length=length, query=f"code={KEY}")


@pytest.mark.parametrize(("path", "longest"), [(DATAVERSE, 512 * 1024), (PARTNER_CENTER, 16384)])
def test_a_call_that_is_too_long_is_refused_unread(quiet, path, longest):
    is_refused(quiet, "oversized", 413, path, b"", length=str(longest + 1))


@pytest.mark.parametrize("path", [DATAVERSE, PARTNER_CENTER])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_is_answered(quiet, path, method):
    is_refused(quiet, "method", 405, path, CONTEXT, method=method, query=f"code={KEY}")


def test_other_paths_are_unknown(quiet):
    assert quiet.calls("/", b"{}", address="lost") == 404
    assert quiet.counted()["nobody", "unknown"] >= 1


def changed(**headers):
    """Return what lays other headers over the honest ones of a body; None takes one away."""

    def lay(body):
        laid = {**sealed(body), **{name.replace("_", "-"): v for name, v in headers.items()}}
        return {name: value for name, value in laid.items() if value is not None}

    return lay


@pytest.mark.parametrize(
    "lay",
    [
        pytest.param(changed(Authorization=None), id="no signature"),
        pytest.param(changed(Authorization="Bearer x"), id="another scheme"),
        pytest.param(changed(Authorization="Signature !!"), id="no base64"),
        pytest.param(
            changed(Authorization="Signature " + base64.b64encode(b"x" * 256).decode()),
            id="made up",
        ),
        pytest.param(changed(**{"X-MS-Signature-Algorithm": "rsa-sha1"}), id="another algorithm"),
        pytest.param(changed(**{"X-MS-Certificate-Url": None}), id="no certificate"),
        pytest.param(
            changed(**{"X-MS-Certificate-Url": "https://evil.example/cert/x.cer"}),
            id="another host",
        ),
        pytest.param(
            changed(**{"X-MS-Certificate-Url": f"http://{HOST}/cert/root.cer"}), id="no https"
        ),
        pytest.param(
            changed(**{"X-MS-Certificate-Url": f"https://x@{HOST}/cert/root.cer"}), id="a user"
        ),
        pytest.param(
            changed(**{"X-MS-Certificate-Url": f"https://{HOST}/cert/root.cer"}),
            id="a certificate of another organisation",
        ),
        pytest.param(
            changed(**{"X-MS-Certificate-Url": f"https://{HOST}/cert/none.cer"}),
            id="no certificate there",
        ),
    ],
)
def test_a_call_of_partner_center_needs_its_signature(quiet, lay):
    quiet.hands.seconds += 61  # so that certificates may be asked for again
    body = event(quiet)
    is_refused(quiet, "forged", 401, PARTNER_CENTER, body, headers=lay(body))


def test_the_signature_is_over_the_raw_body(quiet):
    body = event(quiet)
    is_refused(quiet, "forged", 401, PARTNER_CENTER, body + b" ", headers=sealed(body))


@pytest.mark.parametrize(
    ("told", "reason", "status"),
    [
        pytest.param({"AuditUri": "https://evil.example/1"}, "forged", 401, id="audit host"),
        pytest.param({"AuditUri": f"http://{HOST}/1"}, "forged", 401, id="audit without https"),
        pytest.param({"AuditUri": 7}, "malformed", 400, id="audit is no text"),
        pytest.param({"ResourceUri": None}, "malformed", 400, id="no resource"),
        pytest.param({"ResourceChangeUtcDate": "soon"}, "malformed", 400, id="no instant"),
        pytest.param({"age": timedelta(hours=73)}, "replayed", 409, id="too old"),
        pytest.param({"age": timedelta(minutes=-11)}, "replayed", 409, id="of the future"),
    ],
)
def test_a_signed_event_must_be_whole_ours_and_fresh(quiet, told, reason, status):
    body = event(quiet, **told)
    is_refused(quiet, reason, status, PARTNER_CENTER, body, headers=sealed(body))


def test_a_call_that_came_before_is_refused(hooked):
    body = event(hooked)
    assert hooked.calls(PARTNER_CENTER, body, headers=sealed(body)) == 200
    assert hooked.dataverse_says() == 200
    hooked.nudges.take()
    is_refused(hooked, "replayed", 409, PARTNER_CENTER, body, headers=sealed(body))
    is_refused(hooked, "replayed", 409, DATAVERSE, CONTEXT, query=f"code={KEY}")


def test_who_sends_bad_calls_is_not_heard_for_a_minute_and_others_are(hooked):
    for number in range(20):
        assert hooked.calls(DATAVERSE, b"{}", query=f"code={number}") == 401
    assert hooked.dataverse_says() == 429
    assert hooked.dataverse_says(address="203.0.113.9") == 200
    hooked.hands.seconds += 60
    assert hooked.dataverse_says(context={"OperationId": "later"}) == 200
    assert hooked.counted()["dataverse", "limited"] == 1


def test_more_than_six_hundred_calls_a_minute_are_too_many(quiet):
    statuses = [
        quiet.dataverse_says("account", address="busy", context={"OperationId": str(number)})
        for number in range(601)
    ]
    assert (statuses.count(200), statuses[-1]) == (600, 429)


def test_a_caller_cannot_have_us_fetch_certificates_without_end(hooked):
    body = event(hooked)
    for number in range(30):
        url = f"https://{HOST}/cert/{number}.cer"
        headers = {**sealed(body), "X-MS-Certificate-Url": url}
        assert hooked.calls(PARTNER_CENTER, body, headers=headers, address=str(number)) == 401
    assert len(hooked.fetched) == 12


def test_a_certificate_under_another_root_proves_nothing(hooked):
    (hook,) = [hook for name, hook in hooked.app.hooks.values() if name == "partner_center"]
    hook.certificates.roots = ()
    body = event(hooked)
    is_refused(hooked, "forged", 401, PARTNER_CENTER, body, headers=sealed(body))


@pytest.mark.parametrize("years", [-10, 40])
def test_a_certificate_that_is_out_of_date_proves_nothing(hooked, years):
    (hook,) = [hook for name, hook in hooked.app.hooks.values() if name == "partner_center"]
    now = hook.certificates.now() + timedelta(days=365 * years)
    hook.certificates.now = lambda: now
    body = event(hooked)
    is_refused(hooked, "forged", 401, PARTNER_CENTER, body, headers=sealed(body))


def test_what_breaks_in_a_call_is_the_callers_and_shows_nothing(hooked):
    (hook,) = [hook for name, hook in hooked.app.hooks.values() if name == "partner_center"]
    hook.certificates.fetch = lambda url: 1 / 0
    body = event(hooked, canary="canary")
    with capture_logs() as logged:
        is_refused(hooked, "malformed", 400, PARTNER_CENTER, body, headers=sealed(body))
    assert [one["event"] for one in logged] == ["webhook failed"]
    assert "canary" not in repr(logged)
