"""Answers that the services give before they look at a request: 401, 429, outages."""

from http import HTTPStatus
from typing import Any

import orjson
from werkzeug import Request, Response

from sandbox import sign_in
from sandbox.client_proof import SignInRefused
from sandbox.faults import Rule, Service
from sandbox.tokens import Fault
from sandbox.world import World

_GATEWAY = (502, 503, 504)  # these come from in front of the service, and not as JSON

# dataverse.md 2: the names are documented, their numbers are not.
_DATAVERSE_401 = {
    Fault.MISSING: ("MissingCrmAuthenticationToken", "The request carries no access token."),
    Fault.EXPIRED: ("ExpiredAuthTicket", "The access token is expired."),
    Fault.INVALID: ("InvalidAuthTicket", "The access token did not pass validation."),
    Fault.AUDIENCE: ("InvalidAuthTicket", "The access token was made for another audience."),
    Fault.NO_MFA: ("InvalidAuthTicket", "The access token carries no MFA claim."),
}
# partner-center.md 1 and 5
_PARTNER_401 = {
    Fault.MISSING: (800001, "The access token is missing."),
    Fault.EXPIRED: (800001, "The access token is expired."),
    Fault.INVALID: (800001, "The access token is invalid."),
    Fault.AUDIENCE: (900420, "The access token was made for an audience that is not accepted."),
    Fault.NO_MFA: (900421, "The access token carries no MFA claim."),
}
# dataverse.md 7
_DATAVERSE_CODES = {
    400: ("0x80040203", "The request is invalid."),
    401: ("InvalidAuthTicket", "The access token did not pass validation."),
    403: ("0x80040220", "The principal lacks a privilege."),
    404: ("0x80040217", "The row does not exist."),
    412: (
        "0x80060882",
        "The version of the existing record doesn't match the RowVersion property provided.",
    ),
    429: (
        "0x80072322",
        "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
    ),
    500: ("0x80040216", "An unexpected error occurred."),
}
# dataverse.md 5, 6 and 7: what a fault rule with a code says, where a source has the text
_DATAVERSE_TEXTS = {
    "0x80044150": "Generic SQL error.",
    "0x80044151": "SQL timeout expired.",
    "0x80044352": (
        "Version stamp associated with the client has expired. Please perform a full sync."
    ),
    "0x80072321": (
        "Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds "
        "over time window of 300 seconds. Decrease number of concurrent requests or reduce the "
        "duration of requests and try again later."
    ),
    "0x80072322": (
        "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
    ),
    "0x80072326": "Number of concurrent requests exceeded the limit of 52.",
    "0x80072327": "Too many concurrent requests detected.",
}
# partner-center.md 5
_PARTNER_CODES = {
    400: (800002, "The input is invalid."),
    401: (800001, "The access token is invalid."),
    403: (900308, "The caller has no sufficient privilege."),
    404: (20003, "The subscription was not found."),
    409: (800082, "Subscription is not ready to be updated. Try again after sometime."),
    417: (800036, "A precondition failed."),
    500: (800003, "An unexpected error occurred."),
}


def refused_token(world: World, service: Service, fault: Fault, request: Request) -> Response:
    """Answer 401 in the manner of the service."""
    if service is Service.PARTNER_CENTER:
        response = partner_error(401, *_PARTNER_401[fault])
        realm = f"OAuth realm=urn:cpsvc:cpid:{world.tenant_id}"
        response.headers["WWW-Authenticate"] = realm
        return response
    response = _dataverse_error(401, *_DATAVERSE_401[fault])
    response.headers["WWW-Authenticate"] = (
        f"Bearer authorization_uri=https://{request.host}/{world.tenant_id}/oauth2/authorize, "
        f"resource_id=https://{request.host}/"
    )
    return response


def refused_by(world: World, service: Service, rule: Rule) -> Response:
    """Answer as a fault rule with a status says, with its own code if it names one."""
    status = rule.status or HTTPStatus.INTERNAL_SERVER_ERROR
    if rule.code is None:
        return outage(world, service, status, rule.retry_after)
    text = f"The request failed with code {rule.code}."
    if service is Service.DATAVERSE:
        code = f"0x{rule.code:08x}"
        response = _dataverse_error(status, code, _DATAVERSE_TEXTS.get(code, text))
    else:
        response = partner_error(status, rule.code, text)
    if rule.retry_after is not None:
        response.headers["Retry-After"] = str(rule.retry_after)
    return response


def outage(world: World, service: Service, status: int, retry_after: int | None) -> Response:
    """Answer with an error status without having done anything."""
    seconds = 1 if retry_after is None and status == HTTPStatus.TOO_MANY_REQUESTS else retry_after
    response = _failure(world, service, status, seconds)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _failure(world: World, service: Service, status: int, seconds: int | None) -> Response:
    if service is Service.SIGN_IN:
        return sign_in.refusal(world, _sign_in_failure(status))
    if status in _GATEWAY:
        text = f"<html><body><h1>{status} {HTTPStatus(status).phrase}</h1></body></html>"
        return Response(text, status, content_type="text/html")
    if service is Service.DATAVERSE:
        return _dataverse_error(status, *_DATAVERSE_CODES.get(status, ("", "The request failed.")))
    if service is Service.REST_PROVIDER:
        return _json(status, {"title": HTTPStatus(status).phrase, "status": status})
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        text = f"Rate limit is exceeded. Try again in {seconds} seconds."
        return _json(status, {"statusCode": status, "message": text})
    return partner_error(status, *_PARTNER_CODES.get(status, (800003, "The request failed.")))


def _sign_in_failure(status: int) -> SignInRefused:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return SignInRefused(status, "temporarily_unavailable", 90055, "Too many requests.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SignInRefused(
            status, "temporarily_unavailable", 90033, "A transient error occurred."
        )
    return SignInRefused(status, "invalid_client", 7000215, "Invalid client secret provided.")


def partner_error(status: int, code: int, description: str) -> Response:
    """Answer in the error shape of Partner Center."""
    body = {"code": code, "description": description, "data": [], "source": "PartnerFD"}
    return _json(status, body)


def _dataverse_error(status: int, code: str, message: str) -> Response:
    response = _json(status, {"error": {"code": code, "message": message}})
    response.headers["OData-Version"] = "4.0"
    return response


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json; charset=utf-8")
