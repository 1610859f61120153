"""The tables of facts name tests that there are, every row of the sheet, every setting."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "sandbox-dataverse.md").read_text(encoding="utf-8")
TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in [file.stem, *re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)]
}
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
CHECKLIST = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in PAGE.partition("## The Dataverse checklist")[2].partition("\n## ")[0].splitlines()
    if re.match(r"\| \d", line)
]
ROWS = (
    *("TLS with a test CA", "IdP endpoints", "row version", "delta log", "knob: 429 of each kind"),
    *("paging", "state and reason", "alternate keys", "money", "`$batch`", "metadata reads"),
    "who did it",
)
"""The twelve rows of the sheet's emulator checklist, by what each begins with."""
NAMED = sorted({n for text in (TABLE, str(CHECKLIST)) for n in re.findall(r"\btest_\w+\*?", text)})


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_the_table_names_is_there(name):
    begins = name.removesuffix("*")
    found = (
        {test for test in TESTS if test.startswith(begins)} if begins != name else TESTS & {name}
    )
    assert found != set()


@pytest.mark.parametrize(("number", "begins"), [*enumerate(ROWS, start=1)])
def test_every_row_of_the_checklist_is_there(number, begins):
    assert f"{number} {begins}" in [row for row, _, _ in CHECKLIST]


def test_the_checklist_has_no_row_but_those_of_the_sheet():
    assert {int(row.split()[0]) for row, _, _ in CHECKLIST} == set(range(1, len(ROWS) + 1))


@pytest.mark.parametrize("line", CHECKLIST, ids=lambda line: line[0])
def test_every_line_of_the_checklist_says_what_a_client_meets_and_names_a_test(line):
    _, meets, tests = line
    assert len(meets) > 10
    assert re.search(r"`(\w+: )?test_\w+", tests)


@pytest.mark.parametrize("number", range(1, 9))
def test_the_facts_of_every_section_have_a_table(number):
    heading = rf"^## Sections? (\d and )?{number}\b|^## Sections {number} and "
    assert re.search(heading, TABLE, re.MULTILINE)


def test_the_table_names_every_setting_that_dataverse_reads():
    source = (ROOT / "sandbox" / "dataverse" / "ports.py").read_text(encoding="utf-8")
    source += (ROOT / "sandbox" / "dataverse" / "protection.py").read_text(encoding="utf-8")
    settings = re.findall(r"@property\n    def (\w+)\(self\) -> (?:bool|int|float|str)", source)
    known = {"max_page_size", "audit", "organisation_id", "application_user_id", "building"}
    known |= {"user_id", "name", "milliseconds", "storing"}
    assert {s for s in settings if f"`{s}`" not in TABLE} <= known
    assert "delta_days" in settings
