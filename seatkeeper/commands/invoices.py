"""`invoice`: preview, issue and pay invoices."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.bootstrap import meet
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile, day_text, row_id
from seatkeeper.commands.sessions import application_of, on_a_copy, run_alone_or_ask, run_or_ask
from seatkeeper.config import load_config
from sync.invoicing import Bill, read_bill
from sync.settling import Trouble
from sync.wording import money_words

app = typer.Typer(help="Preview, issue and pay invoices.", no_args_is_help=True)


@app.command("run")
def invoice_run(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Issue what is due then.")
    ] = None,
    contract: Annotated[
        str | None, typer.Option("--contract", callback=row_id, help="Only this contract.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Issue the invoices that are due on a day, and open the next drafts."""
    settings = load_config(config)
    with application_of(settings, inline=True) as application:
        argument: dict[str, object] = {"on": day_text(on), "contract": contract}
        issued = run_or_ask(application, "invoice run", argument)
    if as_json:
        output.print_json(issued)
    else:
        rows = (
            (one["contract_name"], one["cycle_start"], one["number"] or "rolled on", _total(one))
            for one in issued
        )
        output.print_table("Invoices", ("contract", "cycle from", "number", "total"), rows)
    return Exit.OK


def _total(issued: Mapping[str, object]) -> str:
    return money_words(str(issued["currency"]), Decimal(str(issued["total"])))


@app.command("paid")
def invoice_paid(
    invoice: Annotated[str, typer.Argument(metavar="ID", help="The id or number of an invoice.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day of the payment.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Set an invoice to Paid; what comes later goes on the next one."""
    argument: dict[str, object] = {"invoice": invoice, "on": day_text(on)}
    (paid,) = run_alone_or_ask(load_config(config), "invoice paid", argument)
    if as_json:
        output.print_json(paid)
    elif paid["sent"]:
        output.say(f"{paid['number'] or paid['invoice_id']} is paid on {paid['paid_on']}.")
    else:
        output.say("It is stored, and sent later: Seatkeeper is paused, or a service is down.")
    return Exit.OK


@app.command("preview")
def invoice_preview(
    contract: Annotated[str, typer.Argument(callback=row_id, help="The id of a billing contract.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"])] = None,
    as_json: AsJson = False,
) -> int:
    """Show the next invoice of a contract as `invoice run` would issue it; change nothing."""
    with on_a_copy(load_config(config)) as application:
        meet(application)
        day = (on or application.engine.now()).date()
        bill = read_bill(application.engine, contract, day)
    if isinstance(bill, Trouble):
        output.complain(bill.sentence)
        return Exit.ERROR
    if bill is None:
        output.say("No invoice is due for this contract on that day.")
        return Exit.OK
    _print_bill(bill, as_json=as_json)
    return Exit.OK


def _print_bill(bill: Bill, *, as_json: bool) -> None:
    currency, sums = bill.contract.currency, bill.sums
    rows = [("waiting", line.kind, money_words(currency, line.amount)) for line in bill.waiting]
    rows += [
        ("new", line.kind.value, money_words(currency, line.amount)) for line in bill.new_lines
    ]
    if as_json:
        lines = [dict(zip(("state", "kind", "amount"), row, strict=True)) for row in rows]
        output.print_json(
            {
                "contract": bill.contract.id,
                "cycle_start": bill.cycle.start,
                "lines": lines,
                **asdict(sums),
                "carried": bill.carried,
                "currency": currency,
            }
        )
        return
    title = f"{bill.contract.name}, cycle from {bill.cycle.start}"
    output.print_table(title, ("", "kind", "net"), rows)
    net, tax, total = (money_words(currency, one) for one in (sums.net, sums.tax, sums.total))
    output.say(f"net {net}, tax {tax}, total {total}")
