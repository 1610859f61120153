"""Every dependency is locked to one version with its hashes, and the audit says what it knows."""

import json
import subprocess

import pytest

from tests.supply.audit import LOCKS, ROOT, audit, unpinned, vulnerable

HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "==" in text
    assert unpinned(text) == []


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (f"a==1.0 \\\n    {HASH}", []),
        (f"a[x]==1.0 ; python_version < '3.12' \\\n    {HASH} \\\n    {HASH}", []),
        ("# a comment\n\n", []),
        ("a==1.0", ["a==1.0: no hashes"]),
        ("a==1.0 \\\n    --hash=md5:00", ["a==1.0: no hashes"]),
        (f"a>=1.0 \\\n    {HASH}", ["a>=1.0: no pin to one version"]),
        (f"a @ https://example.org/a.whl \\\n    {HASH}", ["no pin"]),
        ("--index-url https://example.org", ["no pin"]),
    ],
)
def test_what_is_not_pinned_is_named(entry, told):
    found = unpinned(entry)
    assert len(found) == len(told)
    assert all(part in one for one, part in zip(found, told, strict=True))


def answering(*weaknesses):
    """Return what answers as pip-audit does."""
    vulns = [{"id": one} for one in weaknesses]
    document = {"dependencies": [{"name": "a", "version": "1.0", "vulns": vulns}]}
    return lambda _: json.dumps(document)


def test_a_known_weakness_fails_the_audit_and_is_named():
    told = []
    assert vulnerable(answering("PYSEC-1"), "x") == ["a 1.0: PYSEC-1"]
    assert audit(answering("PYSEC-1"), told.append) == 1
    assert any("a 1.0: PYSEC-1" in one for one in told)


def test_without_a_weakness_the_audit_passes_and_says_so():
    told = []
    assert audit(answering(), told.append) == 0
    assert told[-1] == "requirements-dev.lock: no known weakness"


@pytest.mark.parametrize("trouble", ["no answer", "a timeout", "no pip-audit"])
def test_a_service_that_cannot_be_asked_is_said_and_is_no_clean_bill(trouble):
    def silent(_):
        if trouble == "a timeout":
            raise subprocess.TimeoutExpired("pip-audit", 1)
        if trouble == "no pip-audit":
            raise FileNotFoundError
        return ""

    told = []
    assert audit(silent, told.append) == 0
    assert sum("NOT AUDITED" in one for one in told) == 2
    assert not any("no known weakness" in one for one in told)


def test_an_unpinned_requirement_fails_the_audit(tmp_path):
    for lock in LOCKS:
        (tmp_path / lock).write_text("a==1.0\n", encoding="utf-8")
    assert audit(answering(), lambda _: None, tmp_path) == 1
