"""Privileges of security roles, and who has which role; `rights` enforces them."""

from typing import Any

from sandbox.dataverse.calls import Answer, Call, answer_empty, answer_json
from sandbox.dataverse.columns import ID
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import bad_payload, row_missing
from sandbox.dataverse.paths import Address
from sandbox.dataverse.payload import address_of, read_object
from sandbox.dataverse.rights import is_held_to_roles, roles_of
from sandbox.dataverse.writer import Actor, Writer

OF_USER = "systemuserroles_association"
"""The navigation property from a user to its roles."""
DEPTHS = {"Basic": 1, "Local": 2, "Deep": 4, "Global": 8}


class Roles:
    """The bound action and function of a role."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def add_privileges(self, call: Call, role: Address, actor: Actor) -> Answer:
        """Give a role privileges, each with its depth; raise Refused for one that is not."""
        role.existing()
        given = read_object(call).get("Privileges")
        if not isinstance(given, list) or not given:
            raise bad_payload("roles", "A collection 'Privileges' was expected.")
        with self._database.transaction():
            for privilege in given:
                self._add(role.row_id, privilege, actor)
        return answer_empty()

    def privileges(self, call: Call, role: Address) -> Answer:
        """Answer the privileges of a role: RetrieveRolePrivilegesRole."""
        role.existing()
        at = self._database.tables["roleprivileges"].table.position
        names = {depth: name for name, depth in DEPTHS.items()}
        held = [
            {
                "Depth": names[int(row[at["privilegedepthmask"]] or 1)],
                "PrivilegeId": row[at["_privilegeid_value"]],
                "PrivilegeName": row[at["name"]],
            }
            for row in self._held(role.row_id)
        ]
        context = f"{call.root}$metadata#Microsoft.Dynamics.CRM.RetrieveRolePrivilegesRoleResponse"
        return answer_json({"@odata.context": context, "RolePrivileges": held})

    def privileges_of_user(self, call: Call, user: Address) -> Answer:
        """Answer what a user may do: RetrieveUserPrivileges; an administrator may do all."""
        user.existing()
        at = self._database.tables["roleprivileges"].table.position
        names = {depth: name for name, depth in DEPTHS.items()}
        if is_held_to_roles(self._database, user.row_id):
            held = [
                (row[at["_privilegeid_value"]], row[at["name"]], row[at["privilegedepthmask"]])
                for role_id in roles_of(self._database, user.row_id)
                for row in self._held(role_id)
            ]
        else:
            known = self._database.tables["privilege"].in_order()
            held = [(row[ID], row[2], DEPTHS["Global"]) for row in known]
        listed = [
            {
                "Depth": names[int(depth or 1)],
                "PrivilegeId": privilege_id,
                "PrivilegeName": name,
                "BusinessUnitId": user.existing()[self._unit_at()],
            }
            for privilege_id, name, depth in held
        ]
        context = f"{call.root}$metadata#Microsoft.Dynamics.CRM.RetrieveUserPrivilegesResponse"
        return answer_json({"@odata.context": context, "RolePrivileges": listed})

    def _unit_at(self) -> int:
        return self._database.tables["systemuser"].table.position["_businessunitid_value"]

    def assign(self, call: Call, user: Address, actor: Actor) -> Answer:
        """Give a user a role: `POST systemusers(id)/systemuserroles_association/$ref`."""
        user.existing()
        role = address_of(self._database, str(read_object(call).get("@odata.id", "")), call.root)
        if role.table.logical != "role":
            raise bad_payload("roles", "A reference to a role was expected.")
        rows = self._database.tables["systemuserroles"]
        if role.row_id not in roles_of(self._database, user.row_id):
            self._writer.create(
                rows.table,
                {"_systemuserid_value": user.row_id, "_roleid_value": role.row_id},
                actor,
            )
        return answer_empty()

    def of_user(self, call: Call, user: Address) -> Answer:
        """Answer the roles of a user."""
        user.existing()
        roles = self._database.tables["role"]
        held = (roles.get(role_id) for role_id in roles_of(self._database, user.row_id))
        documents: list[dict[str, Any]] = [
            roles.table.document(row) for row in held if row is not None
        ]
        return answer_json({"@odata.context": f"{call.root}$metadata#roles", "value": documents})

    def _add(self, role_id: str, privilege: dict[str, Any], actor: Actor) -> None:
        privilege_id = str(privilege.get("PrivilegeId", "")).lower()
        known = self._database.tables["privilege"].get(privilege_id)
        depth = DEPTHS.get(str(privilege.get("Depth")))
        if known is None:
            raise row_missing("privilege", privilege_id)
        if depth is None:
            raise bad_payload("roles", f"'{privilege.get('Depth')}' is no privilege depth.")
        rows = self._database.tables["roleprivileges"]
        at = rows.table.position
        same = [r for r in self._held(role_id) if r[at["_privilegeid_value"]] == privilege_id]
        values = {"_roleid_value": role_id, "_privilegeid_value": privilege_id, "name": known[2]}
        if same:
            row_id = str(same[0][ID])
            self._writer.update(rows.table, row_id, {"privilegedepthmask": depth}, actor)
        else:
            self._writer.create(rows.table, {**values, "privilegedepthmask": depth}, actor)

    def _held(self, role_id: str) -> list[tuple[Any, ...]]:
        rows = self._database.tables["roleprivileges"]
        at = rows.table.position["_roleid_value"]
        return [row for row in rows.in_order() if row[at] == role_id]
