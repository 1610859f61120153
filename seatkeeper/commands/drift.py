"""`drift`: where the two sides differ, and what is active on one of them alone."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.bootstrap import Application, meet
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.commands.sessions import on_a_copy, run_and_go_on
from seatkeeper.config import Config, load_config
from sync.drift import DriftReport, known_drift
from sync.partner_round import run_partner_round
from sync.ports import Tx
from sync.remote import Unavailable
from sync.standing import LAST_POLL
from sync.sweep_state import sweep_state
from sync.unmatched import ONLY_THERE, Unmatched, find_unmatched, with_values

_DAY_SECONDS, _HOUR_SECONDS, _MINUTE_SECONDS = 86400, 3600, 60


def drift(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="What is active on one side alone.")
    ] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="List everything that Partner Center holds, now.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show every known difference between Dynamics and Partner Center. Exit code 2 for some."""
    settings = load_config(config)
    if sweep and (code := _swept(settings)) is not None:
        return code
    return _unmatched(settings, as_json) if unmatched else _differences(settings, as_json)


def _swept(settings: Config) -> int | None:
    """List everything now, or have the daemon do it; None when it is done."""
    done: list[bool] = []

    def list_all(application: Application) -> int:
        report = run_partner_round(application.engine, whole=True)
        for failure in report.failures.values():
            output.complain(str(failure))
        done.append(not report.failures)
        return Exit.TEMPORARY

    _, code = run_and_go_on(settings, "drift sweep", {}, list_all)
    if done == [True]:
        return None
    if not done:
        output.say("The daemon lists everything now; ask `seatkeeper drift` again later.")
    return code


def _differences(settings: Config, as_json: bool) -> int:  # noqa: FBT001  # private
    store = look_at_store(settings)
    report = store.tx(lambda tx: known_drift(tx, _now(tx)))
    store.close()
    if as_json:
        output.print_json(
            {
                "differences": [asdict(one) for one in report.differences],
                "to_compare": [
                    {"subscription": one, "reason": reason} for one, reason in report.suspects
                ],
            }
        )
    else:
        _print(report)
    return Exit.CHANGES if report.differences else Exit.OK


def _now(tx: Tx) -> datetime:
    """Return business time as of the last look at Dataverse; without one nothing has an age."""
    told = tx.meta(LAST_POLL) or tx.meta("adopted")
    if told:
        return datetime.fromisoformat(told)
    return max((one.since for one in tx.differences()), default=datetime.min.replace(tzinfo=UTC))


def _print(report: DriftReport) -> None:
    for one in report.differences:
        since = f"since {one.since:%Y-%m-%d %H:%M}, {age_words(one.age_seconds)}"
        values = f"Dynamics {one.crm}, Partner Center {one.partner_center}"
        output.say(f"{one.subscription}  {one.field}: {values} ({since})")
        output.say(f"  {one.what}")
    if not report.differences:
        output.say("No difference is known.")
    if waiting := len(report.suspects):
        output.say(f"{waiting} {'is' if waiting == 1 else 'are'} still to be compared.")


def age_words(seconds: int) -> str:
    """Say an age in its largest unit."""
    for unit, length in (("d", _DAY_SECONDS), ("h", _HOUR_SECONDS), ("min", _MINUTE_SECONDS)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _unmatched(settings: Config, as_json: bool) -> int:  # noqa: FBT001  # private
    with on_a_copy(settings) as application:
        found = application.store.tx(find_unmatched)
        listed = application.store.tx(partial(_all_listed, application.engine.ports.feeds))
        try:
            if any(one.subscription for one in found):
                meet(application)
                found = with_values(application.engine, found)
        except Unavailable as error:
            output.complain(f"Values are not known: {error}")
    if as_json:
        output.print_json([{**asdict(one), "monthly_value": _value(one)} for one in found])
    else:
        _print_unmatched(found)
        _conclude(found, listed=listed)
    return Exit.CHANGES if found else Exit.OK


def _all_listed(connectors: Iterable[str], tx: Tx) -> bool:
    return all(sweep_state(tx, one).ended for one in connectors)


def _value(one: Unmatched) -> str:
    return "unknown" if one.monthly_value is None else f"{one.monthly_value} {one.currency}"


def _print_unmatched(found: Sequence[Unmatched]) -> None:
    for one in found:
        where = "Partner Center" if one.active_in == ONLY_THERE else "Dynamics"
        output.say(f"{one.subscription or one.licence}  {one.name}: active in {where} alone")
        output.say(
            f"  {one.seats} seats of customer {one.customer or '-'}, a month {_value(one)};"
            f" licence {one.licence or '-'}"
        )
        output.say(f"  Dynamics: {one.crm_status}; Partner Center: {one.partner_status}")


def _conclude(found: Sequence[Unmatched], *, listed: bool) -> None:
    if not listed:
        output.say("Not everything was listed yet; `seatkeeper drift --sweep` lists it now.")
    elif not found:
        output.say("Everything that is active is active on both sides.")
