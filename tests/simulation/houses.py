"""What stands in the town before anything happens: contracts, subscriptions and their licences."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.town import Town

YES, NO = 126310001, 126310002
ADVANCE, ARREARS = 126310000, 126310001
ENDING: tuple[dict[str, Any], ...] = (
    {"creationDate": "2024-06-14T00:00:00Z"},  # goes on with the seats of its next term
    {"creationDate": "2024-06-13T00:00:00Z", "scheduledNextTermInstructions": None},
    {
        "creationDate": "2024-06-12T00:00:00Z",
        "scheduledNextTermInstructions": None,
        "autoRenewEnabled": False,
    },
)


def move_in(town: "Town", *, ending: bool) -> None:
    """Lay out customer, providers, contracts and subscriptions; `ending`: terms end soon."""
    world = town.world
    town.tenant = str(world.partner_center.add_customer({"companyName": "Fabrikam"})["id"])
    town.account = town.make("account", name="Fabrikam", sk_customertenantid=town.tenant)
    kinds = {"automatic": 126310000, "manual": 126310001, "nothing": 126310002}
    for name, kind in kinds.items():
        connector = "partner-center" if name == "automatic" else None
        town.providers[name] = town.make(
            "sk_provider", sk_name=name, sk_kind=kind, sk_connector=connector
        )
    for number, (name, refunds, policy) in enumerate(
        [("yes", YES, ADVANCE), ("no", NO, ADVANCE), ("arrears", YES, ARREARS)], start=1
    ):
        _contract(town, name, number, refunds, policy)
    terms = iter(ENDING if ending else ())
    for name, kind in _people():
        town.contract = town.contracts[name]
        _subscribe(town, name, kind, next(terms, {}))


def _people() -> Iterator[tuple[str, str]]:
    yield from [("yes", "automatic"), ("yes", "automatic"), ("no", "automatic")]
    yield from [("yes", "manual"), ("arrears", "nothing")]


def _subscribe(town: "Town", contract: str, kind: str, term: dict[str, Any]) -> None:
    number = len(town.subscriptions) + 1
    subscription = town.make(
        "sk_subscription",
        sk_name=f"Business Premium {number}",
        sk_accountid=town.account,
        sk_billingcontractid=town.contracts[contract],
        sk_providerid=town.providers[kind],
        sk_providersubscriptionid=town._buy(**term) if kind == "automatic" else None,
        sk_quantity=10,
        sk_unitprice=10,
        sk_startdate="2025-01-01",
        sk_autorenew=True if kind == "automatic" else None,
        statecode=0,
        statuscode=1,
    )
    town.subscriptions.append(subscription)
    if kind == "automatic":
        town.licences[subscription] = town.row("sk_subscription", subscription)[
            "sk_providersubscriptionid"
        ]
    if contract != "arrears":
        town.bill(subscription, town.drafts[f"{contract} june"], "2025-06-01", "2025-07-01")


def _contract(town: "Town", name: str, number: int, refunds: int, policy: int) -> None:
    contract = town.make(
        "sk_billingcontract",
        sk_name=f"Fabrikam {name}",
        sk_accountid=town.account,
        sk_frequency=126310000,
        sk_billingpolicy=policy,
        sk_processrefunds=refunds,
        sk_startdate="2025-01-01",
        sk_currencycode="USD",
        sk_timezone="UTC",
        sk_nextinvoiceon="2025-07-01",
    )
    town.contracts[name] = contract
    if policy == ARREARS:
        return
    for month, start, end in [("june", "06-01", "07-01"), ("july", "07-01", "08-01")]:
        is_june = month == "june"
        town.drafts[f"{name} {month}"] = town.make(
            "sk_invoice",
            sk_name=f"{name} {month}",
            sk_number=f"INV-2025-{number:04d}" if is_june else None,
            sk_billingcontractid=contract,
            sk_cyclestart=f"2025-{start}",
            sk_cycleend=f"2025-{end}",
            sk_issuedon="2025-06-01" if is_june else None,
            sk_currencycode="USD",
            statecode=0,
            statuscode=126310000 if is_june else 1,
        )
