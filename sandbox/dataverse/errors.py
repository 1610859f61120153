"""The refusals of the Web API: HTTP status, code and text, as the fact sheet lists them."""


class Refused(Exception):
    """A request that the service answers with an error; nothing was changed by it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def row_missing(table: str, row_id: str) -> Refused:
    return Refused(404, "0x80040217", f"{table} With Id = {row_id} Does Not Exist")


def key_missing(table: str) -> Refused:
    text = f"A record with the specified key values does not exist in {table} entity"
    return Refused(404, "0x80060891", text)


def segment_missing(segment: str) -> Refused:
    return Refused(404, "0x8006088a", f"Resource not found for the segment '{segment}'.")


def unknown_property(name: str, type_name: str) -> Refused:
    text = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{type_name}'."
    return Refused(400, "0x0", text)


def bad_query(text: str) -> Refused:
    return Refused(400, "0x0", text)


def bad_url(text: str) -> Refused:
    return Refused(400, "0x80060888", text)


def bad_payload(set_name: str, inner: str) -> Refused:
    text = (
        f"Error identified in Payload provided by the user for Entity :'{set_name}', "
        "For more information on this error please follow this help link "
        "https://go.microsoft.com/fwlink/?linkid=2195293  ---->  "
        f"InnerException : Microsoft.OData.ODataException: {inner}"
    )
    return Refused(400, "0x80048d19", text)


def invalid_value(text: str) -> Refused:
    return Refused(400, "0x80044331", f"A validation error occurred.  {text}")


def wrong_status(text: str) -> Refused:
    return Refused(400, "0x80048408", text)


def version_mismatch() -> Refused:
    text = "The version of the existing record doesn't match the RowVersion property provided."
    return Refused(412, "0x80060882", text)


def version_missing() -> Refused:
    """Refuse an If-Match without a version; the HTTP status of the code is not published."""
    text = "The RowVersion property must be provided for a concurrency check."
    return Refused(400, "0x80060883", text)


def row_exists() -> Refused:
    return Refused(412, "", "A record with matching key values already exists.")


def duplicate_id() -> Refused:
    return Refused(412, "0x80040237", "Cannot insert duplicate key.")


def key_violated(key: str, columns: str) -> Refused:
    text = (
        f"Entity Key {key} violated. A record with the same value for {columns} already exists. "
        "A duplicate record cannot be created. Select one or more unique values and try again."
    )
    return Refused(412, "0x80060892", text)


def no_such_operation() -> Refused:
    return Refused(404, "", "No HTTP resource was found that matches the request URI")


def bad_definition(text: str) -> Refused:
    """Refuse a definition; the real codes of most cases are not published."""
    return Refused(400, "0x80040203", text)


def privilege_missing(privilege: str) -> Refused:
    text = f"Principal user is missing {privilege} privilege"
    return Refused(403, "0x80040220", text)


def version_expired(status: int) -> Refused:
    text = "Version stamp associated with the client has expired. Please perform a full sync."
    return Refused(status, "0x80044352", text)


def associated(table: str) -> Refused:
    text = "The object you tried to delete is associated with another object and cannot be deleted."
    return Refused(405, "0x80040227", f"{text} Associated: {table}.")


def duplicate_found() -> Refused:
    text = (
        "A record was not created or updated because a duplicate of the current record already "
        "exists."
    )
    return Refused(412, "0x80040333", text)


def key_not_active(key: str) -> Refused:
    return Refused(412, "0x80060892", f"Entity Key {key} is not active.")


def not_optimistic(table: str) -> Refused:
    text = f"Optimistic concurrency isn't enabled for entity type {table}."
    return Refused(400, "0x8006088d", f"{text} The IfVersionMatch behavior cannot be used.")
