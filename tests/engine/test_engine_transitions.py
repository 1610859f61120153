"""Every row of the table of architecture.md 3 that starts in Dynamics, and every refused pair."""
from decimal import Decimal
from tests.engine.stage import *

def test_x(stage):
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status="suspended")
    print(stage.runs())
    for r in stage.requests_since(mark): print(r)
    print(stage.kinds(), outcome_of(stage.log()), decision_of(stage.log()), stage.amounts(), stage.licence()["status"])
    print(stage.lines())
    print(stage.log())
    print(stage.parked(), stage.message)
    stage.on("2025-06-21")
    mark = stage.mark
    stage.edits(status="active")
    print(stage.runs())
    for r in stage.requests_since(mark): print(r)
    print(stage.kinds(), outcome_of(stage.log()), decision_of(stage.log()), stage.amounts(), stage.licence()["status"])
    mark = stage.mark
    print(stage.runs())
    for r in stage.requests_since(mark): print(r)
    print(stage.invoices_on("2025-07-01"))
    assert 0
