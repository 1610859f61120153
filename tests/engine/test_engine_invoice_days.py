"""An invoice run knows every change up to its own day, not only those before the cycle."""

from tests.engine.stage import ARREARS, DO_NOT_REFUND, DO_NOTHING, cash


def test_rule_4_2_a_run_in_arrears_gives_nothing_back_of_what_a_deactivation_charged(opened):
    """Found by the year: five seats that were added in the cycle were credited by its invoice."""
    stage = opened(
        provider=DO_NOTHING,
        contract={"sk_billingpolicy": ARREARS},
        subscription={"sk_refundchoice": DO_NOT_REFUND},
        amount="",
    )
    for day, change in (
        ("2025-06-12", {"sk_quantity": 12}),
        ("2025-07-10", {"sk_quantity": 17}),
        ("2025-07-20", {"status": "suspended"}),
    ):
        stage.on(day)
        stage.invoices_on(day)
        stage.edits(**change)
        stage.runs()
    before = sum(stage.amounts())
    stage.on("2025-08-01")

    stage.invoices_on("2025-08-01")

    # June: 12 days of 10 seats, 18 of 12. July: 10 days of 12 seats, 10 of 17, of 31 days.
    assert before == cash("50.00")[0] + cash("90.00")[0] + cash("48.39")[0] + cash("68.55")[0]
    assert sum(stage.amounts()) == before


def test_rule_4_2_a_run_that_comes_late_keeps_the_refund_of_a_change_since(opened):
    """Downtime: July is invoiced on the 20th, after an increase and its end within July."""
    stage = opened(provider=DO_NOTHING)
    for day, seats in (("2025-07-03", 15), ("2025-07-10", 10)):
        stage.on(day)
        stage.edits(sk_quantity=seats)
        stage.runs()
    before = sum(stage.amounts())
    stage.on("2025-07-20")

    stage.invoices_on("2025-07-20")

    assert sum(stage.amounts()) == before
    assert before == cash("139.11")[0]  # 10 x 12.50, and 5 x 12.50 x 7/31
