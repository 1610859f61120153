"""What the pages show, and what becomes of what a person asks for."""

import csv
import io
import json
import re
from dataclasses import replace

from console.desk import NotDoneError, Role
from tests.console.desk import open_console

HTMX = {"HX-Request": "true"}


def plain(answer):
    """Return the words of a page, as a person reads them."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]).split())


# --- reading ------------------------------------------------------------------------------------


def test_the_overview_says_how_things_stand(console, told_stage):
    seen = plain(console.enters().get("/"))
    assert "Parked, for a person 1 waits for you" in seen
    assert "Changes waiting 0" in seen
    assert "Subscriptions 2" in seen
    assert "Guard ok" in seen


def test_the_charts_are_drawn_and_told_in_words(console):
    page = console.enters().get("/").text
    assert page.count('<svg role="img"') == 2
    assert re.search(r'aria-label="Writes sent: \d+ in 24 hours, at most \d+ in one hour', page)
    assert len(re.findall(r"<rect ", page)) == 48
    month = console.enters().get("/?span=month").text
    assert len(re.findall(r"<rect ", month)) == 60


def test_the_changes_are_listed_with_who_made_them(console, told_stage):
    seen = plain(console.enters().get("/changes"))
    assert "Microsoft 365 Business Premium" in seen
    assert "suspended 10 Alex Wilber audit history done" in seen
    assert "refused" in seen
    assert "refused" not in plain(console.enters().get("/changes?state=done")).partition("Seen")[2]


def test_the_live_view_is_the_list_alone(console):
    part = console.enters().get("/changes/rows", headers=HTMX).text
    assert "<html" not in part
    assert "Alex Wilber" in part
    assert "<html" in console.enters().get("/changes/rows").text


def test_the_timeline_has_three_lanes_with_the_money(console, told_stage):
    seen = plain(console.enters().get(f"/subscriptions/{told_stage.subscription}"))
    assert "Dynamics Seatkeeper Partner Center" in seen
    assert "suspended 10 seats, by Alex Wilber" in seen
    assert "owed -US$58.33 125.00 x 14/30 days" in seen
    assert "suspend done" in seen
    assert "Effective 16 Jun 2025: Deactivation, -10 seats." in seen


def test_both_sides_are_read_now(console, told_stage):
    seen = plain(console.enters().get(f"/subscriptions/{told_stage.subscription}/sides"))
    assert "Dynamics, now suspended 10 seats" in seen
    assert "suspended 10 seats now;" in seen


def test_a_subscription_is_found_by_id_change_key_and_the_beginning_of_its_name(
    console, told_stage
):
    browser, row = console.enters(), told_stage.subscription
    assert browser.get(f"/subscriptions?q={row}").location == f"/subscriptions/{row}"
    key = told_stage.logs()[-1]["sk_changekey"]
    assert browser.get("/subscriptions", query_string={"q": key}).location.endswith(row)
    assert "Fabrikam" in plain(browser.get("/subscriptions?q=Microsoft+365"))
    assert "Nothing found" in plain(browser.get("/subscriptions?q=Zebra"))


def test_parked_work_is_shown_with_the_reason_and_the_choices(console, told_stage):
    browser = console.enters()
    assert "set the quantity back" in plain(browser.get("/parked"))
    page = browser.get(f"/parked/{told_stage.sound}")
    assert "I mended the cause: look again" in page.text
    assert "Held back behind it change of" in plain(page)


def test_a_viewer_sees_no_button_that_does_something(console, told_stage):
    viewer = console.enters(Role.VIEWER)
    for path in ("/", "/parked", f"/parked/{told_stage.sound}", "/plan", "/invoices"):
        forms = re.findall(r'<form method="post" action="([^"]+)"', viewer.get(path).text)
        assert forms == ["/sign-out"]


def test_the_open_invoices_say_why_they_wait(console):
    seen = plain(console.enters().get("/invoices/drafts"))
    assert "1 Jul 2025 \N{EN DASH} 31 Jul 2025 1 -US$58.33 1 Jul 2025" in seen
    assert "only credits: they roll on to the next invoice" in seen


def test_the_next_invoice_is_previewed_with_every_line(console, told_stage):
    seen = plain(console.enters().get(f"/contracts/{told_stage.contract}/next-invoice"))
    assert "refund -US$58.33" in seen
    assert "on the draft" in seen


def test_issued_invoices_are_exported_for_accounting(console):
    browser = console.enters()
    assert "INV-1" in plain(browser.get("/invoices/issued?from=2025-06-01&to=2025-06-30"))
    answer = browser.get("/invoices/issued.csv?from=2025-06-01&to=2025-06-30")
    assert "invoices-2025-06-01-2025-06-30.csv" in answer.headers["Content-Disposition"]
    head, row = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    told = dict(zip(head, row, strict=True))
    assert (told["number"], told["currency"], told["last_day"]) == ("INV-1", "USD", "2025-06-30")


def test_the_mappings_are_shown_with_their_rules(console):
    browser = console.enters()
    assert "The files are valid." in plain(browser.get("/mappings/defects"))
    seen = plain(browser.get("/mappings"))
    assert "active suspended Deactivation suspend refund" in seen
    assert "sk_providersubscriptionid" in seen


def test_the_trail_is_searched_and_given_away(console, told_stage):
    browser = console.enters()
    assert "58.33" in plain(browser.get("/trail?event=owed"))
    assert "Nothing found" in plain(browser.get("/trail?event=owed&text=nowhere"))
    found = json.loads(browser.get(f"/trail.json?subject={told_stage.subscription}").text)
    assert found == sorted(found, key=lambda one: -one["sequence"])
    assert {"seen", "decided", "owed", "provider answered"} <= {one["event"] for one in found}
    rows = list(csv.DictReader(io.StringIO(browser.get("/trail.csv?event=owed").text[1:])))
    assert [row["event"] for row in rows] == ["owed"]
    assert json.loads(browser.get("/trail.json?event=nothing").text) == []


def test_a_service_that_is_down_is_told_in_words_and_names_give_way_to_ids(own_stage):
    own_stage.on("2025-06-16")
    own_stage.edits(status="suspended")
    own_stage.runs()
    own_stage.fails(service="dataverse", path=".*", status=403, times=999)
    browser = open_console(own_stage.application).enters()
    assert own_stage.subscription in plain(browser.get("/changes"))
    assert "403" in plain(browser.get("/invoices/drafts"))
    assert browser.get("/invoices/issued.csv").status_code == 503


def test_an_empty_console_says_so_on_every_page(own_stage):
    console = open_console(own_stage.application)
    browser = console.enters()
    assert "No changes" in plain(browser.get("/changes"))
    assert "Nothing is parked" in plain(browser.get("/parked"))
    assert "No known difference" in plain(browser.get("/differences"))
    assert "No plan was made yet" in plain(browser.get("/plan"))
    assert "None issued" in plain(browser.get("/invoices/issued?from=2030-01-01&to=2030-01-02"))


# --- acting -------------------------------------------------------------------------------------


def events(stage, name="command"):
    entries = stage.application.store.tx(lambda tx: tx.read_trail())
    return [one for one in entries if one.event == name]


def test_a_command_is_done_and_stands_in_the_trail_with_the_persons_name(own_stage):
    browser = open_console(own_stage.application).enters(Role.OPERATOR, "Olga Operator")
    assert "Paused: nothing is sent." in plain(browser.post("/pause"))
    assert "Paused" in plain(browser.get("/"))
    assert "It goes on." in plain(browser.post("/resume"))
    told = [(one.facts["verb"], one.facts["by"]) for one in events(own_stage)]
    assert told == [("pause", "Olga Operator"), ("resume", "Olga Operator")]
    assert "asked by Olga" not in plain(browser.get("/changes"))


def test_parked_work_is_resolved_by_a_person(own_stage):
    own_stage.edits(sk_quantity=0)
    own_stage.runs()
    assert own_stage.parked()
    browser = open_console(own_stage.application).enters(Role.OPERATOR, "Olga")
    page = f"/parked/{own_stage.subscription}"
    own_stage.edits(sk_quantity=10)
    browser.get(page)
    assert "It is looked at again" in plain(browser.post(page, choice="look"))
    assert own_stage.parked() is None
    (told,) = events(own_stage)
    assert (told.subject, told.facts["choice"]) == (own_stage.subscription, "look")
    assert "It is not parked any more" in plain(browser.get(page))


def test_a_choice_that_does_not_fit_is_refused_and_the_attempt_is_in_the_trail(own_stage):
    own_stage.edits(sk_quantity=0)
    own_stage.runs()
    browser = open_console(own_stage.application).enters()
    seen = plain(browser.post(f"/parked/{own_stage.subscription}", choice="forget"))
    assert "Not done: refused cannot be resolved in this way" in seen
    assert [one.facts["choice"] for one in events(own_stage)] == ["forget"]
    assert own_stage.parked()


def test_a_plan_is_made_shown_and_accepted_by_its_hash(own_stage):
    own_stage.application.engine.limits = _no_changes(own_stage)
    own_stage.on("2025-06-16")
    own_stage.edits(status="suspended")
    own_stage.runs()
    assert own_stage.kinds() == []
    console = open_console(own_stage.application)
    browser = console.enters()
    assert "A guard tripped, nothing is sent" in plain(browser.get("/"))
    page = browser.post("/plan")
    assert "deactivate effective 16 Jun 2025" in plain(page)
    assert "-US$58.33" in plain(page)
    document = json.loads(browser.get("/plan.json").text)
    assert browser.post("/plan/accept", hash="0" * 64).status_code == 409
    assert own_stage.kinds() == []
    done = browser.post("/plan/accept", hash=document["hash"])
    assert "The plan is accepted" in plain(done)
    assert own_stage.kinds() == [("deactivation", -10)]


def _no_changes(stage):
    return replace(stage.application.engine.limits, max_changes=0)


def test_a_plan_that_does_not_hold_any_more_is_refused(own_stage):
    own_stage.application.engine.limits = _no_changes(own_stage)
    own_stage.on("2025-06-16")
    own_stage.edits(status="suspended")
    own_stage.runs()
    browser = open_console(own_stage.application).enters()
    browser.post("/plan")
    wanted = json.loads(browser.get("/plan.json").text)["hash"]
    own_stage.edits(status="active")
    assert "Not done: the world has moved" in plain(browser.post("/plan/accept", hash=wanted))


def test_due_invoices_are_issued_by_an_operator(own_stage):
    own_stage.on("2025-07-01")
    own_stage.runs()
    browser = open_console(own_stage.application).enters(Role.OPERATOR, "Olga")
    assert "What is due today was issued" in plain(browser.post("/invoices/run"))
    assert own_stage.invoices()["2025-07-01"]["sk_number"]


def test_what_is_not_done_is_said_in_words(own_stage):
    def refuses(verb, asked):
        raise NotDoneError("the daemon did not answer within 60 s")

    browser = open_console(own_stage.application, ask=refuses).enters()
    assert "Not done: the daemon did not answer" in plain(browser.post("/pause"))
