"""Sign-in to the console: Entra's app roles become ours."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.person_sign_in import Claims, PersonSignIn
from console.desk import NotDoneError, Person, Role
from sync.remote import RemoteError


@dataclass(frozen=True, slots=True)
class EntraSignIn:
    """The console's `SignIn` port."""

    people: PersonSignIn

    def begin(self, answer_to: str) -> Mapping[str, object]:
        try:
            return self.people.begin(answer_to)
        except RemoteError as error:
            raise NotDoneError(str(error)) from error

    def finish(self, begun: Mapping[str, object], answer: Mapping[str, str]) -> Person | None:
        try:
            claims = self.people.finish(begun, answer)
        except RemoteError as error:
            raise NotDoneError(str(error)) from error
        role = role_of(claims)
        told = f"{claims.name} <{claims.address}>" if claims.address else claims.name
        return Person(name=told, role=role) if role else None


def role_of(claims: Claims) -> Role | None:
    """Return the highest role; a value such as `Seatkeeper.Admin` counts by its last word."""
    names = {one.rpartition(".")[2].upper() for one in claims.roles}
    return max((role for role in Role if role.name in names), default=None)
