"""Who acts: the application user, people, impersonation; and the rows every organisation has."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from sandbox.dataverse.calls import Call
from sandbox.dataverse.columns import Row, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, privilege_missing
from sandbox.dataverse.ports import Principal
from sandbox.dataverse.tables import CURRENCY, ORGANIZATION, UNIT, USER
from sandbox.dataverse.values import GUID, four_places, wire_instant
from sandbox.dataverse.writer import Actor

SYSTEM = "SYSTEM"
FOLLOWING = ("isauditenabled", "expirechangetrackingindays")
"""Columns of the organisation that follow the settings of the sandbox."""
CURRENCIES = (("USD", "US Dollar", "$"), ("EUR", "Euro", "€"))


class People:
    """The users of the organisation; made when first needed, the same again after a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made_for = ""

    def ensure(self) -> None:
        """Make the system rows of this organisation, and let it tell what the settings say."""
        world = self._database.world
        if self._made_for != world.organisation_id:
            self._made_for = world.organisation_id
            self._seed_all()
        row = self._database.tables["organization"].get(world.organisation_id)
        at, shown = ORGANIZATION.position, self._organization()
        if row is None or any(row[at[name]] != shown[name] for name in FOLLOWING):
            self._seed(ORGANIZATION, world.organisation_id, shown)

    def forget(self) -> None:
        """Make the system rows anew when next asked: the organisation is another one."""
        self._made_for = ""

    def actor(self, call: Call, principal: Principal) -> Actor:
        """Return who a request acts as; raise Refused for an unknown user to impersonate."""
        caller = principal.user_id
        self.add(caller, principal.name)
        self._check_enabled(caller)
        wanted = call.header("callerobjectid") or call.header("mscrmcallerid")
        if wanted is None:
            return Actor(user_id=caller)
        if not self._database.world.settings.may_impersonate:
            raise privilege_missing("prvActOnBehalfOfAnotherUser")
        column = (
            "azureactivedirectoryobjectid" if call.header("callerobjectid") else USER.primary_id
        )
        at = USER.position[column]
        users = self._database.tables["systemuser"].all()
        found = next((user for user in users if user[at] == wanted.lower()), None)
        if found is None:
            raise Refused(403, "0x80040204", f"Invalid user auth: no user {wanted}")
        return Actor(user_id=str(found[0]), caller_id=caller)

    def _check_enabled(self, user_id: str) -> None:
        """Raise Refused for a disabled user; the code is the platform's, not from the sheet."""
        user = self._database.tables["systemuser"].get(user_id)
        if user is not None and user[USER.position["isdisabled"]]:
            text = "is either disabled or is not a member of any business unit."
            raise Refused(403, "0x80040225", f"The specified user (Id = {user_id}) {text}")

    def by(self, who: str | None) -> Actor:
        """Return the actor for an id or a full name, SYSTEM for None; people are made as needed."""
        name = who or SYSTEM
        if GUID.fullmatch(name):
            return Actor(user_id=name.lower())
        self.add(self._id(name), name)
        return Actor(user_id=self._id(name))

    def add(self, user_id: str, name: str) -> None:
        """Make a user's row unless it is there."""
        if self._database.tables["systemuser"].get(user_id) is None:
            facts = {"azureactivedirectoryobjectid": self._id(f"object of {user_id}")}
            unit = {"_businessunitid_value": self.unit_id}
            self._seed(USER, user_id, {"fullname": name, **facts, **unit})

    @property
    def unit_id(self) -> str:
        return self._id("business unit")

    def _seed_all(self) -> None:
        if self._database.tables["businessunit"].get(self.unit_id) is not None:
            return  # loaded
        self._seed(UNIT, self.unit_id, {"name": "Contoso"})
        for code, name, symbol in CURRENCIES:
            facts = {"isocurrencycode": code, "currencyname": name, "currencysymbol": symbol}
            rate = {"currencyprecision": 2, "exchangerate": four_places(Decimal(1))}
            self._seed(CURRENCY, self._id(code), {**facts, **rate})
        self.by(SYSTEM)
        self.add(self._database.world.application_user_id, "# Seatkeeper")

    def _organization(self) -> dict[str, Any]:
        settings = self._database.world.settings
        return {
            "name": "contoso",
            "isauditenabled": settings.audit,
            "expirechangetrackingindays": int(settings.delta_days),
            "languagecode": 1033,
        }

    def _seed(self, table: Table, row_id: str, facts: dict[str, Any]) -> None:
        now = wire_instant(self._database.world.clock.now())
        version = self._database.next_version()
        stamps = {"versionnumber": version, "createdon": now, "modifiedon": now}
        values = {**table.defaults, "statecode": 0, "statuscode": 1, **stamps, **facts}
        values[table.primary_id] = row_id
        known = self._database.tables[table.logical].table  # clients may have added columns
        row: Row = tuple(values.get(column.wire) for column in known.columns)
        self._database.seed(known, row)

    def _id(self, name: str) -> str:
        return str(uuid5(UUID(self._database.world.organisation_id), name))
