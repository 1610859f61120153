"""The control API under /_sandbox/: JSON, loopback only, never faulted, never in the journal."""

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug import Request, Response

from sandbox.clock import iso, parse_instant
from sandbox.documents import dump
from sandbox.faults import RuleRefused, read_rule
from sandbox.partner_center.errors import InputRefused
from sandbox.settings import SettingRefused
from sandbox.world import Stopping, UnknownScenario, World

Body = Mapping[str, Any]
Answer = dict[str, Any]


class ControlRefused(Exception):
    """A control request cannot be carried out."""

    def __init__(self, status: int, text: str, accepted: object = None) -> None:
        super().__init__(text)
        self.status = status
        self.accepted = accepted


def handle(world: World, request: Request) -> Response:
    """Carry out a control request; bad input answers 400 with what is wrong and accepted."""
    try:
        return _json(200, _carry_out(world, request))
    except ControlRefused as refused:
        body: Answer = {"error": str(refused)}
        return _json(refused.status, body | _accepted(refused.accepted))
    except Stopping:
        return _json(503, {"error": "the sandbox is ending"})
    except (InputRefused, RuleRefused, SettingRefused, UnknownScenario) as error:
        return _json(400, {"error": str(error)})


def _accepted(accepted: object) -> Answer:
    return {} if accepted is None else {"accepted": accepted}


def _carry_out(world: World, request: Request) -> Answer:
    _local_only(request)
    name = request.path.removeprefix("/_sandbox").strip("/")
    with world.acting(world.settings.person):
        if name.startswith("partner-center/"):
            return _partner_center(world, request, name.removeprefix("partner-center/"))
        act = _ROUTES.get((request.method, name))
        if act is None:
            raise _unknown(request)
        return act(world, request)


def _local_only(request: Request) -> None:
    address = request.remote_addr
    if address is None or not ipaddress.ip_address(address).is_loopback:
        raise ControlRefused(403, "the control API answers loopback addresses only")


def _unknown(request: Request) -> ControlRefused:
    known = [f"{method} /_sandbox/{name}" for method, name in _ROUTES]
    text = f"there is no {request.method} {request.path}"
    paths = {path.rpartition(" ")[2] for path in known}
    return ControlRefused(405 if request.path in paths else 404, text, known + _PARTNER_ROUTES)


def _body(request: Request, accepted: Mapping[str, str] | None = None) -> Body:
    """Read a JSON object; with `accepted`, refuse other keys."""
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise ControlRefused(400, f"the body is no JSON: {error}", accepted) from error
    if not isinstance(body, dict):
        raise ControlRefused(400, "the body must be a JSON object", accepted)
    unknown = [key for key in body if accepted is not None and key not in accepted]
    if unknown:
        raise ControlRefused(400, f"unknown: {', '.join(map(repr, unknown))}", accepted)
    return body


def _reset(world: World, request: Request) -> Answer:
    body = _body(
        request,
        {
            "scenario": " | ".join(world.scenarios),
            "subscriptions": "whole number, optional",
            "seed": "whole number, optional",
        },
    )
    scenario = body.get("scenario", "empty")
    subscriptions, seed = _whole(body, "subscriptions"), _whole(body, "seed")
    world.reset(str(scenario), subscriptions=subscriptions, seed=1 if seed is None else seed)
    return {"scenario": scenario, "organisation_id": world.organisation_id}


def _whole(body: Body, key: str) -> int | None:
    value = body.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ControlRefused(400, f"{key} must be a whole number from 0, not {value!r}")
    return value


def _read_clock(world: World, _: Request) -> Answer:
    return {"now": iso(world.clock.now())}


def _move_clock(world: World, request: Request) -> Answer:
    accepted = {"now": "ISO 8601 instant", "advance_seconds": "number, negative goes back"}
    body = _body(request, accepted)
    if len(body) != 1:
        raise ControlRefused(400, "give exactly one of now and advance_seconds", accepted)
    try:
        if "now" in body:
            world.clock.set(parse_instant(str(body["now"])))
        else:
            world.clock.advance(_seconds(body["advance_seconds"], accepted))
    except ValueError as error:
        raise ControlRefused(400, str(error), accepted) from error
    world.partner_center.catch_up()
    world.keep()
    return _read_clock(world, request)


def _seconds(value: object, accepted: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ControlRefused(400, f"advance_seconds must be a number, not {value!r}", accepted)
    return value


def _read_faults(world: World, _: Request) -> Answer:
    return {"rules": world.faults.wire()}


def _set_faults(world: World, request: Request) -> Answer:
    rules = _body(request, {"rules": "list of fault rules; an empty list clears"}).get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ControlRefused(400, "rules must be a list of objects; an empty list clears")
    world.faults.replace([read_rule(rule) for rule in rules])
    return _read_faults(world, request)


def _read_journal(world: World, request: Request) -> Answer:
    since = request.args.get("since", "0")
    if not since.isdecimal():
        raise ControlRefused(400, f"since must be a whole number from 0, not {since!r}")
    entries = [entry.wire() for entry in world.journal.since(int(since))]
    return {"entries": entries, "last": world.journal.last}


def _read_settings(world: World, _: Request) -> Answer:
    return world.settings.as_dict()


def _change_settings(world: World, request: Request) -> Answer:
    world.settings.change(_body(request))
    world.partner_center.reschedule()
    world.keep()
    return _read_settings(world, request)


_ROUTES: dict[tuple[str, str], Callable[[World, Request], Answer]] = {
    ("POST", "reset"): _reset,
    ("GET", "clock"): _read_clock,
    ("POST", "clock"): _move_clock,
    ("GET", "faults"): _read_faults,
    ("POST", "faults"): _set_faults,
    ("GET", "journal"): _read_journal,
    ("GET", "settings"): _read_settings,
    ("POST", "settings"): _change_settings,
}
_PARTNER_ROUTES = [
    "POST /_sandbox/partner-center/customers",
    "POST /_sandbox/partner-center/subscriptions",
    "GET /_sandbox/partner-center/subscriptions/{id}",
    "PATCH /_sandbox/partner-center/subscriptions/{id}",
]


def _partner_center(world: World, request: Request, path: str) -> Answer:
    kind, _, key = path.partition("/")
    match request.method, kind, bool(key):
        case "POST", "customers", False:
            return world.partner_center.add_customer(dict(_body(request)))
        case "POST", "subscriptions", False:
            return world.partner_center.add_subscription(dict(_body(request)))
        case "GET", "subscriptions", True:
            return _known(key, world.partner_center.subscription(key))
        case "PATCH", "subscriptions", True:
            _known(key, world.partner_center.subscription(key))
            return world.partner_center.change_by_hand(key, dict(_body(request)))
        case _:
            raise _unknown(request)


def _known(key: str, found: Answer | None) -> Answer:
    if found is None:
        raise ControlRefused(404, f"there is no subscription {key}")
    return found


def _json(status: int, body: Answer) -> Response:
    return Response(dump(body), status, content_type="application/json; charset=utf-8")
