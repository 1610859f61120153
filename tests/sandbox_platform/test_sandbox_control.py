"""The control API: clock, faults, journal, settings, reset."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from werkzeug.test import create_environ, run_wsgi_app

from sandbox.settings import NAMES
from tests.sandbox_platform.reach import ORIGIN, PARTNER_SCOPE, Buy, Client

WHO_AM_I = "/api/data/v9.2/WhoAmI()"
ENTRY = {
    "seq", "at", "service", "type", "client", "method", "path", "status", "delivered",
    "table", "id", "before", "after",
}  # fmt: skip


def fault(client: Client, **rule: Any) -> None:
    answer = client.control("POST", "faults", {"rules": [rule]})
    assert answer.status_code == 200, answer.text


def test_the_date_header_of_every_service_shows_the_emulated_clock(client: Client) -> None:
    client.control("POST", "clock", {"now": "2031-02-03T04:05:06Z"})

    for path in (WHO_AM_I, "/v1/customers", f"/{client.world.tenant_id}/discovery/v2.0/keys"):
        date = client.call("GET", path).headers["Date"]
        assert date == "Mon, 03 Feb 2031 04:05:06 GMT"


def test_the_clock_runs_on_by_real_time_and_may_go_back(client: Client) -> None:
    client.control("POST", "clock", {"now": "2031-02-03T04:05:06+01:00"})
    client.wall.advance(10)
    assert client.control("GET", "clock").json() == {"now": "2031-02-03T03:05:16Z"}

    moved = client.control("POST", "clock", {"advance_seconds": -16}).json()

    assert moved == {"now": "2031-02-03T03:05:00Z"}


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        pytest.param("clock", {}, "exactly one", id="a clock without a time"),
        pytest.param("clock", {"now": "tomorrow"}, "tomorrow", id="no ISO time"),
        pytest.param("clock", {"advance_seconds": "1"}, "number", id="seconds as text"),
        pytest.param("clock", {"advance_seconds": 1e15}, "cannot move", id="beyond the calendar"),
        pytest.param("clock", {"now": "9999-12-31T23:59:59Z"}, "9000", id="the end of time"),
        pytest.param("clock", {"advance": 1}, "advance_seconds", id="an unknown key"),
        pytest.param("reset", {"scenario": "demos"}, "demo", id="an unknown scenario"),
        pytest.param("reset", {"seed": "1"}, "seed", id="a seed as text"),
        pytest.param("settings", {"audits": True}, "audit", id="an unknown setting"),
        pytest.param("settings", {"audit": 1}, "true or false", id="a setting of another kind"),
        pytest.param("settings", {"delta_token_at": "middle"}, "'end'", id="no such choice"),
        pytest.param("faults", {"rules": {}}, "list", id="rules that are no list"),
        pytest.param("faults", {"rules": [{"states": 1}]}, "status", id="an unknown rule key"),
        pytest.param("faults", {"rules": [{"path": "("}]}, "expression", id="a broken pattern"),
        pytest.param("faults", {"rules": [{"service": "x"}]}, "sign_in", id="no such service"),
        pytest.param("faults", {"rules": [{"times": 1}]}, "does nothing", id="a rule of no effect"),
        pytest.param("partner-center/customers", {"nam": "x"}, "companyName", id="no customer key"),
        pytest.param("partner-center/subscriptions", {}, "customerId", id="nobody's subscription"),
        pytest.param("partner-center/subscriptions", {"quantiti": 1}, "quantity", id="no field"),
    ],
)
def test_bad_input_is_answered_with_what_is_wrong_and_accepted(
    client: Client, path: str, body: Any, says: str
) -> None:
    answer = client.control("POST", path, body)

    assert answer.status_code == 400
    assert says in answer.text


def test_a_refused_change_of_settings_changes_none(client: Client) -> None:
    client.control("POST", "settings", {"audit": False, "delta_days": "many"})

    assert client.control("GET", "settings").json()["audit"] is True


def test_every_setting_can_be_set_to_the_value_it_has(client: Client) -> None:
    settings = client.control("GET", "settings").json()

    assert set(settings) == set(NAMES)
    assert client.control("POST", "settings", settings).json() == settings


def test_unknown_paths_name_the_known_ones(client: Client) -> None:
    answer = client.control("GET", "clocks")

    assert answer.status_code == 404
    assert "GET /_sandbox/clock" in answer.json()["accepted"]


def test_only_loopback_addresses_may_control(client: Client) -> None:
    environ = create_environ("/_sandbox/clock", environ_base={"REMOTE_ADDR": "192.0.2.7"})

    _, status, _ = run_wsgi_app(client.app, environ)

    assert status == "403 FORBIDDEN"


def test_requests_are_journaled_with_client_status_and_path_without_query(client: Client) -> None:
    client.call("GET", WHO_AM_I + "?x=1")

    sign_in, request = client.journal()
    assert set(request) == ENTRY
    assert (sign_in["service"], sign_in["client"]) == ("sign_in", client.world.client_id)
    assert request["type"] == "request"
    assert request["service"] == "dataverse"
    assert request["client"] == client.world.client_id
    assert (request["method"], request["path"], request["status"]) == ("GET", WHO_AM_I, 200)
    assert request["delivered"] is True
    assert [sign_in["seq"], request["seq"]] == [1, 2]
    assert request["at"] == "2026-06-16T09:00:00Z"


def test_commits_are_journaled_before_their_request(client: Client) -> None:
    body = {"name": "Contoso"}
    client.call("POST", "/api/data/v9.2/accounts", json=body)

    commit, request = client.journal()[-2:]
    assert (commit["type"], request["type"]) == ("commit", "request")
    assert (commit["table"], commit["before"]) == ("account", None)
    assert commit["after"]["name"] == "Contoso"
    assert commit["client"] == client.world.client_id
    assert request["status"] == 204


def test_the_journal_starts_after_a_number(client: Client) -> None:
    for _ in range(3):
        client.call("GET", WHO_AM_I)

    last = client.control("GET", "journal").json()["last"]
    assert [entry["seq"] for entry in client.journal(last - 2)] == [last - 1, last]
    assert client.journal(last) == []


def test_control_requests_are_neither_journaled_nor_faulted(client: Client) -> None:
    fault(client, status=503)

    assert client.control("GET", "clock").status_code == 200
    assert client.journal() == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(WHO_AM_I, '"0x80072322"', id="dataverse"),
        pytest.param(
            "/v1/customers", '"statusCode":429,"message":"Rate limit', id="partner center"
        ),
    ],
)
def test_a_429_has_the_body_of_its_service(client: Client, path: str, expected: str) -> None:
    fault(client, path=f"^{path[:5]}", status=429, retry_after=7)

    refused = client.call("GET", path)

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "7"
    assert expected in refused.text


def test_a_429_of_sign_in_has_the_shape_of_entra_id(client: Client) -> None:
    fault(client, service="sign_in", status=429)

    refused = client.token()

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json()["error"] == "temporarily_unavailable"


def test_a_rule_strikes_only_what_it_names_and_only_so_often(client: Client) -> None:
    fault(client, service="dataverse", method="GET", path="WhoAmI", status=503, times=2)

    assert client.call("GET", "/api/data/v9.2/accounts").status_code == 200
    assert client.call("GET", "/v1/customers").status_code == 200
    statuses = [client.call("GET", WHO_AM_I).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert client.control("GET", "faults").json() == {"rules": []}


def test_an_empty_list_clears_the_rules(client: Client) -> None:
    fault(client, status=500)
    client.control("POST", "faults", {"rules": []})

    assert client.call("GET", WHO_AM_I).status_code == 200


def test_a_rule_strikes_with_its_probability(client: Client) -> None:
    token = client.token().json()["access_token"]
    fault(client, probability=0.5, status=500)

    url, bearer = ORIGIN + WHO_AM_I, {"Authorization": f"Bearer {token}"}
    statuses = [client.session.get(url, headers=bearer, timeout=5).status_code for _ in range(60)]

    assert 10 < statuses.count(500) < 50


def test_a_status_without_a_drop_executes_nothing(client: Client) -> None:
    fault(client, service="dataverse", method="POST", status=500, times=1)

    assert client.call("POST", "/api/data/v9.2/accounts", json={"name": "A"}).status_code == 500
    assert [entry["type"] for entry in client.journal()] == ["request", "request"]
    assert client.call("GET", "/api/data/v9.2/accounts").json()["value"] == []


@pytest.mark.parametrize(("drop", "rows"), [("before_commit", 0), ("after_commit", 1)])
def test_a_dropped_request_is_executed_only_after_commit(
    client: Client, drop: str, rows: int
) -> None:
    fault(client, service="dataverse", method="POST", drop=drop, times=1)

    with pytest.raises(requests.exceptions.ConnectionError):
        client.call("POST", "/api/data/v9.2/accounts", json={"name": "A"})

    entry = client.journal()[-1]
    assert entry["delivered"] is False
    assert entry["client"] == client.world.client_id
    assert entry["status"] == (204 if rows else None)
    assert len(client.call("GET", "/api/data/v9.2/accounts").json()["value"]) == rows


def test_a_delay_beyond_the_read_timeout_is_a_timeout(client: Client) -> None:
    fault(client, path="WhoAmI", delay_seconds=11)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.call("GET", WHO_AM_I)

    fault(client, path="WhoAmI", delay_seconds=9)
    assert client.call("GET", WHO_AM_I).status_code == 200


def test_reset_makes_another_organisation_and_keeps_the_clock(client: Client, buy: Buy) -> None:
    buy()
    client.call("POST", "/api/data/v9.2/accounts", json={"name": "A"})
    client.control("POST", "clock", {"now": "2027-01-01T00:00:00Z"})
    fault(client, status=500)
    earlier, version = client.world.organisation_id, client.world.next_version()
    last = client.control("GET", "journal").json()["last"]

    answer = client.control("POST", "reset", {"scenario": "empty"})

    assert answer.status_code == 200
    assert client.world.organisation_id not in ("", earlier)
    assert client.world.next_version() > version
    assert client.control("GET", "clock").json() == {"now": "2027-01-01T00:00:00Z"}
    assert client.call("GET", "/api/data/v9.2/accounts").json()["value"] == []
    assert client.call("GET", "/v1/customers").json()["totalCount"] == 0
    assert client.journal()[0]["seq"] == last + 1


def test_what_a_scenario_lays_down_is_not_journaled(client: Client) -> None:
    client.control("POST", "reset", {"scenario": "demo"})

    assert len(list(client.world.dataverse.rows("sk_subscription"))) > 40
    assert client.journal() == []


def test_partner_center_takes_500_requests_a_minute(client: Client) -> None:
    client.world.settings.partner_center_per_minute = 3
    token = client.token(PARTNER_SCOPE).json()["access_token"]
    bearer, url = {"Authorization": f"Bearer {token}"}, f"{ORIGIN}/v1/customers"

    answers = [client.session.get(url, headers=bearer, timeout=5) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "60"

    client.wall.advance(60)
    assert client.session.get(url, headers=bearer, timeout=5).status_code == 200


def test_the_answer_of_a_broken_service_is_500_and_it_goes_on(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.world.dataverse.handle = lambda *_: 1 / 0  # type: ignore[method-assign] # broken on purpose

    answer = client.call("GET", WHO_AM_I)

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "0x80040216")
    assert "ZeroDivisionError" in caplog.text
    assert client.journal()[-1]["status"] == 500


def test_the_http_date_is_one(client: Client) -> None:
    answer = client.call("GET", WHO_AM_I)

    assert parsedate_to_datetime(answer.headers["Date"]) == client.wall.at
