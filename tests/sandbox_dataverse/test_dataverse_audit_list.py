"""The audit history as a set of rows, and what of it is a setting."""

import json

import pytest

MODEL = "Microsoft.Dynamics.CRM"
ALL = 'odata.include-annotations="*"'


@pytest.fixture
def row(crm):
    return crm.create("sk_subscriptions", sk_name="Plan", sk_quantity=10)


def history(crm, row):
    target = f'@t={{"@odata.id":"sk_subscriptions({row})"}}'
    answer = crm.get(f"RetrieveRecordChangeHistory(Target=@t)?{target}")
    return answer["AuditDetailCollection"]["AuditDetails"]


def test_the_history_may_leave_out_the_audit_record(crm, row, world):
    assert "AuditRecord" in history(crm, row)[0]
    world.settings.history_has_audit_record = False
    assert "AuditRecord" not in history(crm, row)[0]


@pytest.mark.parametrize(
    ("whole", "seen"), [(True, {"statecode", "statuscode"}), (False, {"statecode"})]
)
def test_a_state_alone_may_leave_no_trace_of_its_reason(crm, row, world, whole, seen):
    world.settings.state_alone_audits_reason = whole
    crm.patch(f"sk_subscriptions({row})", {"statecode": 1})
    assert set(history(crm, row)[0]["NewValue"]) - {"@odata.type"} == seen
    crm.patch(f"sk_subscriptions({row})", {"statecode": 0, "statuscode": 1})
    assert {"statecode", "statuscode"} <= set(history(crm, row)[0]["NewValue"])


def test_audit_rows_are_a_set_that_can_be_filtered(crm, row, world):
    world.clock.advance(seconds=60)
    crm.patch(f"sk_subscriptions({row})", {"sk_quantity": 12})
    url = f"audits?$filter=_objectid_value eq {row} and operation eq 2&$expand=userid"
    [found] = crm.get(url, Prefer=ALL)["value"]
    assert found["objecttypecode"] == "sk_subscription"
    assert found["createdon"] == "2025-06-16T09:31:15Z"
    assert found["userid"]["fullname"] == "# Seatkeeper"
    assert found["operation@OData.Community.Display.V1.FormattedValue"] == "Update"
    [change] = json.loads(found["changedata"])["changedAttributes"]
    assert change == {"logicalName": "sk_quantity", "oldValue": 10, "newValue": 12}
    order = crm.get("audits?$orderby=createdon desc&$top=1")["value"]
    assert order[0]["auditid"] == found["auditid"]


def test_one_audit_row_tells_its_details(crm, row):
    [audit] = crm.get("audits")["value"]
    answer = crm.get(f"audits({audit['auditid']})/{MODEL}.RetrieveAuditDetails()")
    assert answer["AuditDetail"] == history(crm, row)[0]
    unknown = f"audits({row})/{MODEL}.RetrieveAuditDetails"
    assert crm.refusal("GET", unknown) == (404, "0x80040217")


def test_audit_rows_appear_late_in_their_set_too_and_cannot_be_written(crm, row, world):
    world.settings.audit_delay_seconds = 30
    assert crm.get("audits")["value"] == []
    world.clock.advance(seconds=30)
    [audit] = crm.get("audits")["value"]
    assert crm.send("DELETE", f"audits({audit['auditid']})").status_code == 405
