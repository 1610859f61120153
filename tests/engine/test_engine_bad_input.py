"""Bad input is parked with its reason, delays nobody, and is solved when its cause is gone."""

from pathlib import Path
from shutil import copytree

import pytest

from seatkeeper.mapping_folder import shipped
from sync.cycle import work_is_left
from tests.engine.stage import (
    AUTOMATIC,
    cash,
    outcome_of,
)

NO_SUCH_LICENCE = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def pair(unseen):
    """Open a stage with a second, sound subscription on a contract of its own."""
    return with_sound_one(unseen())


def with_sound_one(stage):
    contract = stage.makes(
        "sk_billingcontract",
        {
            "sk_name": "Sound",
            "sk_accountid": stage.account,
            "sk_frequency": 126310000,
            "sk_startdate": "2025-01-01",
            "sk_currencycode": "USD",
        },
    )
    stage.sound = stage.subscribes(sk_billingcontractid=contract)
    stage.runs()
    stage.on("2025-06-16")
    return stage


def provider_row(stage, **columns):
    return stage.makes("sk_provider", {"sk_name": "Elsewhere", **columns})


# What is wrong, how a person makes it so, the code and words, and how the person mends it.
def no_contract(stage):
    stage.edits(status="suspended", sk_billingcontractid=None)
    return lambda: stage.edits(sk_billingcontractid=stage.contract)


def no_provider(stage):
    stage.edits(status="suspended", sk_providerid=None)
    return lambda: stage.edits(sk_providerid=stage.providers[AUTOMATIC])


def unknown_connector(stage):
    stage.edits(
        status="suspended",
        sk_providerid=provider_row(stage, sk_kind=AUTOMATIC, sk_connector="nowhere"),
    )
    return lambda: stage.edits(sk_providerid=stage.providers[AUTOMATIC])


def no_connector(stage):
    stage.edits(status="suspended", sk_providerid=provider_row(stage, sk_kind=AUTOMATIC))
    return lambda: stage.edits(sk_providerid=stage.providers[AUTOMATIC])


def connector_mended_on_its_own_row(stage):
    row = provider_row(stage, sk_kind=AUTOMATIC, sk_connector="nowhere")
    stage.edits(status="suspended", sk_providerid=row)
    return lambda: stage.writes("sk_provider", row, {"sk_connector": "partner-center"})


def contract_column(column, bad, good):
    def spoil(stage):
        stage.writes("sk_billingcontract", stage.contract, {column: bad})
        stage.edits(status="suspended")
        return lambda: stage.writes("sk_billingcontract", stage.contract, {column: good})

    return spoil


BEFORE_A_LOG = {
    "missing contract": (no_contract, "contract-missing", "has no billing contract"),
    "missing provider": (no_provider, "provider-missing", "has no provider"),
    "unknown connector": (unknown_connector, "provider-unknown", "'nowhere'"),
    "no connector": (no_connector, "provider-unknown", "which Seatkeeper does not have"),
    "connector on the provider": (connector_mended_on_its_own_row, "provider-unknown", "'nowhere'"),
    "unknown currency": (
        contract_column("sk_currencycode", "XQZ", "USD"),
        "currency-unknown",
        "'XQZ'",
    ),
    "no currency": (
        contract_column("sk_currencycode", None, "USD"),
        "currency-unknown",
        "ISO 4217",
    ),
    "no start": (
        contract_column("sk_startdate", None, "2025-01-01"),
        "contract-incomplete",
        "no start date",
    ),
    "no frequency": (
        contract_column("sk_frequency", None, 126310000),
        "contract-incomplete",
        "no frequency",
    ),
    "unknown zone": (
        contract_column("sk_timezone", "Mars/Olympus", "UTC"),
        "time-zone-unknown",
        "Mars/Olympus",
    ),
}


@pytest.mark.parametrize("name", BEFORE_A_LOG)
def test_what_cannot_be_decided_is_parked_and_solved_by_itself_when_it_is_mended(pair, name):
    spoil, code, words = BEFORE_A_LOG[name]
    mark = pair.mark
    mend = spoil(pair)
    pair.edits(row=pair.sound, status="suspended")
    report = pair.runs()
    assert not report.failures
    assert pair.parked_codes() == [code]
    assert words in pair.message
    assert pair.message == f"{pair.parked().reason} {pair.parked().advice}"
    assert (pair.logs(), pair.lines()) == ([], [])
    assert pair.licence()["status"] == "active"
    assert pair.kinds(pair.sound) == [("deactivation", -10)]
    assert outcome_of(pair.logs(pair.sound)[0]) == "provisioned"
    pair.on("2025-06-18")
    pair.runs()
    mend()
    pair.runs()
    pair.runs()
    assert (pair.parked(), pair.message) == (None, "")
    assert pair.kinds() == [("deactivation", -10)]
    # What could not be decided yet keeps its original instant.
    assert pair.log()["sk_effectiveon"] == "2025-06-16"
    assert pair.licence()["status"] == "suspended"
    assert pair.amounts() == cash("-58.33")
    assert len(pair.sent_since(mark)) == 2
    assert len(pair.logs(pair.sound)) == 1


@pytest.fixture
def unmapped(unseen, tmp_path):
    """Open the pair with mappings that do not know the status reason 126310002."""
    folder = Path(copytree(shipped(), tmp_path / "mappings"))
    fields = folder / "subscription.yaml"
    changed = fields.read_text().replace("expired: [1, 126310002]", "expired: [1, 126310009]")
    fields.write_text(changed)
    return with_sound_one(unseen(mappings=folder))


def test_an_unknown_status_reason_is_parked_and_solved_when_it_is_set_back(unmapped):
    pair = unmapped
    pair.edits(status="expired")
    pair.edits(row=pair.sound, status="suspended")
    pair.runs()
    assert pair.parked_codes() == ["row-malformed"]
    assert "column statecode, statuscode holds [1, 126310002]" in pair.message
    assert pair.message.count("Known values: active [0, 1]") == 1
    assert pair.kinds(pair.sound) == [("deactivation", -10)]
    pair.edits(status="active")
    pair.runs()
    assert (pair.parked(), pair.message, pair.logs()) == (None, "", [])


def test_an_unknown_status_reason_that_becomes_a_known_one_is_the_change(unmapped):
    pair = unmapped
    pair.edits(status="expired")
    pair.runs()
    pair.on("2025-06-18")
    pair.edits(status="suspended")
    pair.runs()
    assert (pair.parked(), pair.message) == (None, "")
    assert pair.kinds() == [("deactivation", -10)]
    assert pair.log()["sk_effectiveon"] == "2025-06-18"


def test_a_negative_quantity_is_parked_and_solved_when_it_is_corrected(pair):
    pair.edits(sk_quantity=-3)
    pair.runs()
    assert pair.parked_codes() == ["quantity-negative"]
    assert "-3 is negative" in pair.message
    pair.edits(sk_quantity=12)
    pair.runs()
    assert (pair.parked(), pair.message) == (None, "")
    assert pair.kinds() == [("quantity change", 2)]
    assert pair.licence()["quantity"] == 12


def licence_that_nobody_knows(stage):
    stage.edits(status="suspended", sk_providersubscriptionid=NO_SUCH_LICENCE)
    return lambda: stage.edits(sk_providersubscriptionid=stage.licence_id)


def no_licence(stage):
    stage.edits(status="suspended", sk_providersubscriptionid=None)
    return lambda: stage.edits(sk_providersubscriptionid=stage.licence_id)


def no_tenant(stage):
    stage.writes("account", stage.account, {"sk_customertenantid": None})
    stage.edits(status="suspended")
    return lambda: stage.writes("account", stage.account, {"sk_customertenantid": stage.tenant})


def tenant_that_is_no_guid(stage):
    stage.writes("account", stage.account, {"sk_customertenantid": "fabrikam"})
    stage.edits(status="suspended")
    return lambda: stage.writes("account", stage.account, {"sk_customertenantid": stage.tenant})


AFTER_A_LOG = {
    "unknown licence": (licence_that_nobody_knows, "provider-unknown-subscription", "dead"),
    "no licence": (no_licence, "provider-id-missing", "has no id at its provider"),
    "no tenant": (no_tenant, "provider-id-missing", "has no tenant id"),
}


@pytest.mark.parametrize("name", AFTER_A_LOG)
def test_what_the_provider_cannot_do_fails_with_a_sentence_and_heals_when_it_is_mended(stage, name):
    spoil, code, words = AFTER_A_LOG[name]
    stage.on("2025-06-16")
    mend = spoil(stage)
    stage.runs()
    assert stage.parked_codes() == [code]
    assert words in stage.message
    assert outcome_of(stage.log()) == "failed"
    assert words in stage.log()["sk_message"]
    # Money follows the CRM change, not the provider's outcome (rules.md 2.11).
    assert stage.amounts() == cash("-58.33")
    stage.runs()
    assert len(stage.lines()) == 1
    mend()
    stage.runs()
    stage.runs()
    assert (stage.parked(), stage.message) == (None, "")
    assert outcome_of(stage.log()) == "provisioned"
    assert words not in (stage.log()["sk_message"] or "")
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.licence()["status"] == "suspended"
    assert stage.amounts() == cash("-58.33")


def test_a_customer_tenant_id_that_is_no_guid_is_parked(stage):
    stage.on("2025-06-16")
    mend = tenant_that_is_no_guid(stage)
    stage.runs()
    assert outcome_of(stage.log()) == "failed"
    assert "check sk_customertenantid" in stage.message
    mend()
    stage.writes(
        "sk_changelog", stage.log()["sk_changelogid"], {"sk_provisioningstatus": 126310000}
    )
    stage.runs()
    assert outcome_of(stage.log()) == "provisioned"
    assert (stage.parked(), stage.message) == (None, "")


def test_a_row_that_was_deleted_before_the_poll_leaves_nothing_behind(stage):
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status="suspended")
    stage.deletes("sk_subscription", stage.subscription)
    report = stage.runs()
    assert not report.failures
    assert (stage.logs(), stage.parked_codes()) == ([], [])
    assert stage.sent_since(mark) == []
    assert not work_is_left(stage.application.engine)


class DeletesDuringRead:
    """A CRM whose row is deleted by a person after the poll, before anything is written."""

    def __init__(self, inner, stage, row):
        self.inner, self.stage, self.row = inner, stage, row

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def read(self, reads):
        answers = self.inner.read(reads)
        if self.row:
            row, self.row = self.row, ""
            self.stage.deletes("sk_subscription", row)
        return answers


def test_a_row_that_is_deleted_between_poll_and_apply_is_set_aside_and_the_others_go_on(pair):
    engine = pair.application.engine
    pair.edits(status="suspended")
    pair.edits(row=pair.sound, status="suspended")
    object.__setattr__(
        engine.ports, "crm", DeletesDuringRead(engine.ports.crm, pair, pair.subscription)
    )
    pair.runs()
    pair.runs()
    assert pair.kinds(pair.sound) == [("deactivation", -10)]
    assert outcome_of(pair.logs(pair.sound)[0]) == "provisioned"
    assert pair.parked(pair.sound) is None
    assert pair.parked().code in {"row-deleted", "dataverse-refused"}
    assert pair.logs() == []


# --- what a run reports ------------------------------------------------------------------------


def test_a_run_with_only_parked_work_leaves_nothing_that_can_be_done(stage):
    stage.on("2025-06-16")
    no_contract(stage)
    report = stage.runs()
    assert (report.failures, report.sign_in) == ([], None)
    assert not work_is_left(stage.application.engine)
    assert stage.parked() is not None


def test_rule_2_12_a_run_whose_provider_is_down_says_that_work_is_left(stage):
    stage.on("2025-06-16")
    stage.fails(service="partner_center", status=503)
    stage.edits(status="suspended")
    stage.runs()
    assert work_is_left(stage.application.engine)
    assert stage.parked() is None
    stage.fails()
    stage.runs()
    assert not work_is_left(stage.application.engine)


def test_rule_2_12_a_sound_run_says_that_nothing_is_left(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    report = stage.runs()
    assert (report.failures, report.changes) == ([], 1)
    assert not work_is_left(stage.application.engine)
