"""Solutions, roles, messages, RetrieveMetadataChanges, and definitions over a restart."""

import json
from urllib.parse import quote

import pytest

from sandbox.dataverse import Dataverse
from tests.sandbox_dataverse.sent_definitions import (
    KEY,
    MODEL,
    TABLE,
    attribute,
    options,
    relationship,
)


def test_publishing_is_accepted(crm):
    xml = "<importexportxml><entities><entity>account</entity></entities></importexportxml>"
    assert crm.send("POST", "PublishXml", {"ParameterXml": xml}).status_code == 204
    assert crm.send("POST", "PublishAllXml").status_code == 204
    assert crm.refusal("POST", "PublishXml", {})[0] == 400


def test_a_component_goes_into_a_solution_that_there_is(crm, asset):
    headers = {"MSCRM.SolutionUniqueName": "absent", "Content-Type": "application/json"}
    body = attribute("Picklist", "new_Kind", OptionSet=options(None))
    assert crm.send("POST", f"{TABLE}/Attributes", body, headers).status_code == 400
    [default] = crm.get("solutions?$expand=publisherid($select=customizationprefix)")["value"]
    assert default["publisherid"]["customizationprefix"] == "sk"


def test_roles_take_privileges_with_a_depth(crm, asset):
    unit = crm.get("WhoAmI()")["BusinessUnitId"]
    bind = {"businessunitid@odata.bind": f"/businessunits({unit})"}
    role = crm.create("roles", name="Sync", **bind)
    [right] = crm.get("privileges?$filter=name eq 'prvReadnew_Asset'")["value"]
    given = {"@odata.type": f"{MODEL}.RolePrivilege", "PrivilegeId": right["privilegeid"]}
    url = f"roles({role})/{MODEL}.AddPrivilegesRole"
    for depth in ("Local", "Global"):
        body = {"Privileges": [{**given, "Depth": depth}]}
        assert crm.send("POST", url, body).status_code == 204
    held = crm.get(f"roles({role})/{MODEL}.RetrieveRolePrivilegesRole()")["RolePrivileges"]
    assert held == [
        {
            "Depth": "Global",
            "PrivilegeId": right["privilegeid"],
            "PrivilegeName": "prvReadnew_Asset",
        }
    ]
    wrong = {"Privileges": [{**given, "PrivilegeId": role, "Depth": "Global"}]}
    assert crm.refusal("POST", url, wrong) == (404, "0x80040217")


@pytest.mark.parametrize(
    "verb", ["Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share"]
)
def test_a_table_has_a_privilege_for_every_verb(crm, verb):
    [found] = crm.get(f"privileges?$filter=name eq 'prv{verb}sk_subscription'")["value"]
    assert found["name"] == f"prv{verb}sk_subscription"


def test_messages_of_a_table_come_with_their_names(crm, asset):
    url = "sdkmessagefilters?$filter=primaryobjecttypecode eq 'new_asset'"
    found = crm.get(f"{url}&$expand=sdkmessageid($select=name)")["value"]
    names = {row["sdkmessageid"]["name"] for row in found}
    assert {"Create", "CreateMultiple", "UpdateMultiple", "UpsertMultiple"} <= names


def test_web_resources_and_commands_are_kept(crm):
    script = crm.create("webresourceset", name="sk_/a.js", webresourcetype=3, content="YQ==")
    bind = {"onclickeventjavascriptwebresourceid@odata.bind": f"/webresourceset({script})"}
    crm.create("appactions", name="sk_deactivate", context=1, location=0, **bind)
    [found] = crm.get("appactions?$expand=onclickeventjavascriptwebresourceid")["value"]
    assert found["onclickeventjavascriptwebresourceid"]["name"] == "sk_/a.js"


def changes(crm, query=None, stamp=None):
    url = f"RetrieveMetadataChanges(Query=@p1)?@p1={quote(json.dumps(query or {}))}"
    if stamp is not None:
        url = url.replace("@p1)", "@p1,ClientVersionStamp=@p2)") + f"&@p2='{quote(stamp)}'"
    return crm.get(url)


def named(*tables):
    value = {"Type": "System.String[]", "Value": json.dumps(tables)}
    conditions = [{"PropertyName": "LogicalName", "ConditionOperator": "In", "Value": value}]
    return {"FilterOperator": "And", "Conditions": conditions}


def test_metadata_changes_project_typed_facts_without_a_cast(crm, asset):
    query = {
        "Criteria": named("new_asset"),
        "Properties": {"PropertyNames": ["LogicalName", "Attributes"]},
        "AttributeQuery": {
            "Properties": {"PropertyNames": ["LogicalName", "MaxLength", "OptionSet"]},
            "Criteria": named("new_name", "statuscode"),
        },
    }
    [found] = changes(crm, query)["EntityMetadata"]
    name, status = sorted(found["Attributes"], key=lambda column: column["LogicalName"])
    assert (name["MaxLength"], name["@odata.type"].rpartition(".")[2]) == (
        50,
        "StringAttributeMetadata",
    )
    assert [o["State"] for o in status["OptionSet"]["Options"]] == [0, 1]
    assert "SchemaName" not in found


def test_metadata_changes_since_a_stamp_are_only_those(crm, add):
    stamp = changes(crm)["ServerVersionStamp"]
    nothing = changes(crm, stamp=stamp)
    assert nothing["EntityMetadata"] == []
    assert nothing["DeletedMetadata"]["Count"] == 0
    add("Integer", "new_Late")
    assert [t["LogicalName"] for t in changes(crm, stamp=stamp)["EntityMetadata"]] == ["new_asset"]
    crm.send("DELETE", TABLE)
    after = changes(crm, stamp=stamp)
    assert after["EntityMetadata"] == []
    assert after["DeletedMetadata"]["Values"][0]["Count"] == 1


def test_a_metadata_stamp_expires_like_a_delta_token(crm, world):
    stamp = changes(crm)["ServerVersionStamp"]
    world.clock.advance(days=8)
    url = f"RetrieveMetadataChanges(Query=@p1,ClientVersionStamp=@p2)?@p1={{}}&@p2='{quote(stamp)}'"
    assert crm.refusal("GET", url) == (400, "0x80044352")


def test_definitions_survive_a_restart_with_their_rows(crm, add, post, shared, world):
    add("Picklist", "new_Size", **{"GlobalOptionSet@odata.bind": shared})
    post(f"{TABLE}/Keys", KEY)
    post("RelationshipDefinitions", relationship())
    row = crm.create("new_assets", new_name="A", new_size=126310001)
    gone = crm.create("new_assets", new_name="Gone")
    link = crm.get("new_assets", Prefer="odata.track-changes")["@odata.deltaLink"]
    crm.send("DELETE", f"new_assets({gone})")
    definition, shown = crm.get(f"{TABLE}?$expand=Attributes,Keys"), crm.get(f"new_assets({row})")
    crm.dataverse = Dataverse(world)
    saved = [(table, id_, document) for (table, id_), document in world.saved.items()]
    crm.dataverse.load(reversed(saved))
    assert crm.get(f"{TABLE}?$expand=Attributes,Keys") == definition
    assert crm.get(f"new_assets({row})") == shown
    assert [item["reason"] for item in crm.get(link)["value"]] == ["deleted"]
    assert crm.get("new_assets(new_name='A')")["new_assetid"] == row
    assert crm.get("GlobalOptionSetDefinitions")["value"][0]["Name"] == "new_size"


def test_a_deleted_table_stays_deleted_after_a_restart(crm, asset, world):
    crm.send("DELETE", TABLE)
    crm.dataverse = Dataverse(world)
    crm.dataverse.load((table, id_, document) for (table, id_), document in world.saved.items())
    assert crm.refusal("GET", "new_assets") == (404, "0x8006088a")


def test_a_new_world_has_its_first_definitions_again(crm, asset, shared, dataverse):
    dataverse.clear()
    assert crm.refusal("GET", "new_assets") == (404, "0x8006088a")
    assert crm.get("GlobalOptionSetDefinitions")["value"] == []


def test_a_definition_in_a_failed_change_set_is_undone(crm, asset):
    inner = json.dumps(attribute("Integer", "new_Late"))
    parts = [("POST", f"{TABLE}/Attributes", inner), ("PATCH", "new_assets(1)", "{}")]
    lines = ["--b", "Content-Type: multipart/mixed; boundary=c", ""]
    for number, (method, url, body) in enumerate(parts):
        lines += ["--c", "Content-Type: application/http", f"Content-ID: {number}", ""]
        lines += [f"{method} /api/data/v9.2/{url} HTTP/1.1", "", body]
    body = "\r\n".join([*lines, "--c--", "--b--", ""])
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    assert crm.send("POST", "$batch", body.encode(), headers).status_code == 400
    assert crm.refusal("GET", "new_assets?$select=new_late") == (400, "0x0")


def test_bulk_delete_deletes_the_rows_and_names_a_job(crm, asset):
    ids = [crm.create("new_assets", new_name=str(n)) for n in range(3)]
    values = [{"Value": row, "Type": "System.Guid"} for row in ids[:2]]
    condition = {"AttributeName": "new_assetid", "Operator": "In", "Values": values}
    criteria = {"FilterOperator": "And", "Conditions": [condition]}
    body = {"JobName": "x", "QuerySet": [{"EntityName": "new_asset", "Criteria": criteria}]}
    response = crm.send("POST", "BulkDelete", body)
    assert len(json.loads(response.data)["JobId"]) == 36
    assert [row["new_assetid"] for row in crm.get("new_assets")["value"]] == ids[2:]
