"""`$batch`: section 5 of the fact sheet."""

import re

import pytest

OWN = "12121212-3434-4565-8787-909090909090"


def single(method, url, body="", headers=()):
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
    lines += [f"{method} {url} HTTP/1.1", "Content-Type: application/json", *headers, "", body]
    return "\r\n".join(lines)


def change_set(*parts):
    lines = ["Content-Type: multipart/mixed; boundary=cs", ""]
    for number, (method, url, body) in enumerate(parts, start=1):
        lines += ["--cs", f"Content-ID: {number}", single(method, url, body)]
    return "\r\n".join([*lines, "--cs--"])


@pytest.fixture
def batch(crm):
    def send(*parts, newline="\r\n", boundary='"b 1"', prefer=None):
        mark = boundary.strip('"')
        lines = [line for part in parts for line in (f"--{mark}", part)]
        text = "\r\n".join([*lines, f"--{mark}--", ""]).replace("\r\n", newline)
        headers = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        headers |= {"Prefer": prefer} if prefer else {}
        return crm.send("POST", "$batch", text.encode(), headers)

    return send


def statuses(response):
    return [
        int(s)
        for s in re.findall(r"^HTTP/1.1 (\d+)", response.get_data(as_text=True), re.MULTILINE)
    ]


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("boundary", ['"b 1"', "plain"])
def test_parts_are_answered_in_order(crm, batch, newline, boundary):
    response = batch(
        single("POST", "/api/data/v9.2/accounts", '{"name": "A"}'),
        single("GET", "https://crm.example:8443/api/data/v9.2/accounts?$select=name"),
        single("GET", "accounts/$count"),
        newline=newline,
        boundary=boundary,
    )
    text = response.get_data(as_text=True)
    assert response.status_code == 200
    assert statuses(response) == [204, 200, 200]
    assert "--batchresponse_" in text
    assert '"name":"A"' in text


def test_a_change_set_is_nested_with_its_content_ids(batch):
    response = batch(change_set(("POST", "accounts", "{}"), ("POST", "accounts", "{}")))
    text = response.get_data(as_text=True)
    assert "Content-Type: multipart/mixed; boundary=changesetresponse_" in text
    assert re.findall(r"Content-ID: (\d)", text) == ["1", "2"]
    assert text.count("Location: ") == text.count("OData-EntityId: ") == 2


def test_a_failed_change_set_leaves_nothing_behind(crm, batch, world, dataverse):
    row = crm.create("sk_subscriptions", sk_name="Plan", sk_quantity=1)
    before, told = crm.get(f"sk_subscriptions({row})"), len(world.commits)
    link = crm.get("sk_subscriptions", Prefer="odata.track-changes")["@odata.deltaLink"]
    response = batch(
        change_set(
            ("PATCH", f"sk_subscriptions({row})", '{"sk_quantity": 2}'),
            ("POST", "accounts", f'{{"accountid": "{OWN}"}}'),
            ("DELETE", f"sk_subscriptions({row})", ""),
            ("POST", "sk_subscriptions", '{"sk_quantity": "wrong"}'),
        )
    )
    assert response.status_code == 400
    assert statuses(response) == [400]
    assert "Content-ID: 4" in response.get_data(as_text=True)
    assert crm.get(f"sk_subscriptions({row})") == before
    assert crm.refusal("GET", f"accounts({OWN})")[0] == 404
    assert crm.get(link)["value"] == []
    assert len(world.commits) == told
    target = f'@t={{"@odata.id":"sk_subscriptions({row})"}}'
    history = crm.get(f"RetrieveRecordChangeHistory(Target=@t)?{target}")
    assert len(history["AuditDetailCollection"]["AuditDetails"]) == 1


def test_a_lookup_that_a_failed_change_set_moved_is_found_where_it_was(crm, batch):
    old, new = (crm.create("accounts", name=name) for name in ("Old", "New"))
    row, gone = (
        crm.create("sk_subscriptions", **{"sk_accountid@odata.bind": f"/accounts({old})"})
        for _ in range(2)
    )
    of = "sk_subscriptions?$filter=_sk_accountid_value eq"
    assert len(crm.get(f"{of} {old}")["value"]) == 2
    bound = f'{{"sk_accountid@odata.bind": "/accounts({new})"}}'
    response = batch(
        change_set(
            ("PATCH", f"sk_subscriptions({row})", bound),
            ("POST", "sk_subscriptions", bound),
            ("DELETE", f"sk_subscriptions({gone})", ""),
            ("POST", "sk_subscriptions", '{"sk_quantity": "wrong"}'),
        )
    )
    assert response.status_code == 400
    found = {one["sk_subscriptionid"] for one in crm.get(f"{of} {old}")["value"]}
    assert found == {row, gone}
    assert crm.get(f"{of} {new}")["value"] == []


def test_a_change_set_that_succeeded_is_journaled_in_order(batch, world):
    parts = [("POST", "accounts", f'{{"name": "{name}"}}') for name in "abc"]
    batch(change_set(*parts))
    assert [after["name"] for *_, after in world.commits] == ["a", "b", "c"]


def test_references_name_rows_of_earlier_parts(crm, batch):
    response = batch(
        change_set(
            ("POST", "accounts", '{"name": "A"}'),
            ("POST", "sk_subscriptions", '{"sk_name": "P", "sk_accountid@odata.bind": "$1"}'),
            ("PATCH", "$2", '{"sk_quantity": 3}'),
        )
    )
    assert statuses(response) == [204, 204, 204]
    [row] = crm.get("sk_subscriptions?$expand=sk_accountid($select=name)")["value"]
    assert (row["sk_quantity"], row["sk_accountid"]["name"]) == (3, "A")


def test_a_forward_reference_is_refused(batch):
    response = batch(change_set(("PATCH", "$2", "{}"), ("POST", "accounts", "{}")))
    assert response.status_code == 400
    assert "Content-ID Reference: '$2' does not exist" in response.get_data(as_text=True)


def test_a_batch_stops_at_the_first_failure_with_its_status(crm, batch):
    response = batch(
        single("GET", f"accounts({OWN})"), single("POST", "accounts", '{"name": "late"}')
    )
    assert response.status_code == 404
    assert statuses(response) == [404]
    assert crm.get("accounts")["value"] == []


def test_a_batch_goes_on_when_the_client_wants_it(crm, batch):
    response = batch(
        single("GET", f"accounts({OWN})"),
        change_set(("POST", "accounts", '{"unknown": 1}')),
        change_set(("POST", "accounts", '{"name": "late"}')),
        prefer="odata.continue-on-error",
    )
    assert response.status_code == 200
    assert statuses(response) == [404, 400, 204]
    assert len(crm.get("accounts")["value"]) == 1


def test_preconditions_hold_inside_a_change_set(crm, batch):
    crm.create("accounts", accountid=OWN)
    part = single("PATCH", f"accounts({OWN})", "{}", ["If-None-Match: *"])
    text = "\r\n".join(["Content-Type: multipart/mixed; boundary=cs", "", "--cs", part, "--cs--"])
    assert statuses(batch(text)) == [412]


def test_a_read_has_no_place_in_a_change_set(batch):
    assert statuses(batch(change_set(("GET", "accounts", "")))) == [400]


def test_a_batch_holds_at_most_a_thousand_requests(crm, batch):
    parts = [("POST", "accounts", "{}")] * 1001
    assert batch(change_set(*parts)).status_code == 400
    assert crm.get("accounts")["value"] == []


def test_a_body_without_parts_is_not_readable(crm):
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    response = crm.send("POST", "$batch", b"nothing", headers)
    assert (response.status_code, response.json["error"]["code"]) == (400, "0x80048d19")


def test_a_batch_holds_no_batch(batch):
    response = batch(single("POST", "$batch", "{}"))
    assert statuses(response) == [400]
    assert "0x80060888" in response.get_data(as_text=True)


def test_a_wrong_base_of_a_part_is_not_understood(batch):
    response = batch(single("GET", "https://crm.example:8443/data/accounts"))
    assert (response.status_code, statuses(response)) == (400, [400])
    assert "0x80060888" in response.get_data(as_text=True)


def test_a_url_in_a_batch_has_at_most_65536_characters(crm, batch):
    crm.create("accounts", name="A")
    head = "/api/data/v9.2/accounts?$filter=name eq 'A' or name eq '".replace(" ", "%20")
    for length, status in ((65_536, 200), (65_537, 400)):
        url = head + "x" * (length - len(head) - 1) + "'"
        assert statuses(batch(single("GET", url))) == [status]


def test_a_reference_names_the_target_of_a_lookup_by_its_odata_id(crm, batch):
    row = crm.create("sk_subscriptions", sk_name="Plan")
    response = batch(
        change_set(
            ("POST", "accounts", '{"name": "A"}'),
            ("PUT", f"sk_subscriptions({row})/sk_accountid/$ref", '{"@odata.id": "$1"}'),
        )
    )
    assert statuses(response) == [204, 204]
    [found] = crm.get("sk_subscriptions?$expand=sk_accountid($select=name)")["value"]
    assert found["sk_accountid"]["name"] == "A"
