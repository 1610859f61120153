"""The tables of what the sandbox does name tests that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("sandbox.md", "sandbox-partner-center.md")]
TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
}
NAMED = sorted(
    {
        (page.name, name)
        for page in PAGES
        for name in re.findall(r"`(test_\w+\*?)`", page.read_text("utf-8"))
    }
)
CHECKLIST = 14  # rows of the emulator checklist for Partner Center


def rows(page, heading):
    """Return the cells of the rows of the first table under a heading."""
    part = (ROOT / "docs" / page).read_text("utf-8").split(f"\n{heading}\n", 1)[1]
    lines = [line for line in part.split("\n## ", 1)[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def exists(name):
    start = name.removesuffix("*")
    return name in TESTS if start == name else any(test.startswith(start) for test in TESTS)


@pytest.mark.parametrize(("page", "name"), NAMED)
def test_a_test_that_a_page_of_the_sandbox_names_is_there(page, name):
    assert exists(name), page


def test_a_name_that_no_test_has_is_seen():
    assert not exists("test_row_15_nothing")
    assert not exists("test_9_9_*")


def test_the_checklist_of_partner_center_is_whole_and_every_row_has_a_test_of_its_own():
    checklist = rows("sandbox.md", "## The Partner Center checklist")

    assert [int(row[0]) for row in checklist] == list(range(1, CHECKLIST + 1))
    for number, client_meets, tests in checklist:
        assert client_meets
        assert f"`test_row_{number}_" in tests


def test_every_row_of_the_facts_of_partner_center_has_a_test():
    facts = rows("sandbox-partner-center.md", "## The facts")

    assert {section for row in facts for section in row[0].split(", ")} >= {"1", "2", "5", "6", "8"}
    assert [row for row in facts if "`test_" not in row[2]] == []


def test_every_test_of_a_row_of_the_checklist_is_named_in_its_row():
    checklist = {row[0]: row[2] for row in rows("sandbox.md", "## The Partner Center checklist")}
    folder = ROOT / "tests" / "sandbox_partner_center"
    found = [
        match
        for file in folder.glob("test_*.py")
        for match in re.findall(r"^def (test_row_(\d+)_\w+)", file.read_text("utf-8"), re.MULTILINE)
    ]

    assert found
    assert [name for name, row in found if f"`{name}`" not in checklist[row]] == []
