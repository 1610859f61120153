"""The table of facts names tests that there are, and every setting of Dataverse."""

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
NAMED = sorted(set(re.findall(r"\btest_\w+\*?", TABLE)))


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_the_table_names_is_there(name):
    begins = name.removesuffix("*")
    found = (
        {test for test in TESTS if test.startswith(begins)} if begins != name else TESTS & {name}
    )
    assert found != set()


def test_the_table_names_every_setting_that_dataverse_reads():
    source = (ROOT / "sandbox" / "dataverse" / "ports.py").read_text(encoding="utf-8")
    source += (ROOT / "sandbox" / "dataverse" / "protection.py").read_text(encoding="utf-8")
    settings = re.findall(r"@property\n    def (\w+)\(self\) -> (?:bool|int|float|str)", source)
    known = {"max_page_size", "audit", "organisation_id", "application_user_id", "building"}
    known |= {"user_id", "name", "milliseconds"}
    assert {s for s in settings if f"`{s}`" not in TABLE} <= known
    assert "delta_days" in settings
