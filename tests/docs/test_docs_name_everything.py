"""The documents name every key, code, setting, command and field that the code has."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from sandbox.settings import Settings
from seatkeeper.cli import Exit
from seatkeeper.config import (
    Config,
    ConsoleConfig,
    DataverseConfig,
    GuardsConfig,
    HealthConfig,
    MoneyConfig,
    ProviderConfig,
    RetentionConfig,
    ScopeConfig,
    SignInConfig,
)
from seatkeeper.config_keys import keys_at
from seatkeeper.config_notify import NotifyConfig
from seatkeeper.config_webhooks import DataverseHookConfig, PartnerHookConfig, WebhooksConfig
from seatkeeper.verbs import command_line
from sync.mapping import Type
from sync.mapping_needs import CHOICES, NEEDED
from sync.sides import DIFFERING

ROOT = Path(__file__).parents[2]
PROSE = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def quoted(name):
    """Return every word that stands in code quotes in a document."""
    return {word for span in re.findall(r"`([^`\n]+)`", text(name)) for word in span.split()}


def table(name, start):
    """Return the first cells of the rows of a table, from its head on."""
    rows = text(name).split(start, 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {row.split("|")[1].strip().strip("`") for row in rows}


def test_every_parked_code_is_explained_and_no_other():
    sources = [*(ROOT / "sync").rglob("*.py"), *(ROOT / "seatkeeper").rglob("*.py")]
    given = re.compile(r'\bcode=(?:[\w.]+ or )?"([a-z-]+)"|\bcode = .+ else "([a-z-]+)"')
    codes = {one or other for path in sources for one, other in given.findall(path.read_text())}
    assert table("docs/operations.md", "| code | what happened") == codes | DIFFERING


def test_every_exit_code_is_explained():
    found = {int(code) for code in table("docs/operations.md", "| code | meaning")}
    assert found == {int(code) for code in Exit}


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_every_command_and_option_is_listed():
    page = text("docs/operations.md")
    rows = {
        line.split("|")[1].strip(): line
        for line in page.split("| command |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    }
    listed = {re.sub(r" [A-Z]+$", "", head.strip("`")): line for head, line in rows.items()}
    known = dict(commands(typer.main.get_command(command_line())))
    assert set(listed) == set(known)
    for name, command in known.items():
        options = {one for param in command.params for one in param.opts if one.startswith("--")}
        for option in options - {"--config", "--help"}:
            assert option in listed[name], (name, option)


def test_every_log_event_is_explained():
    rooms = ("connector", "sync", "seatkeeper")
    sources = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    pattern = re.compile(r'\blog\.(?:info|warning|error)\(\s*"([^"]+)"')
    events = {event for path in sources for event in pattern.findall(path.read_text())}
    assert table("docs/operations.md", "| event | level") == events


def test_every_setting_of_the_sandbox_is_explained_with_its_default():
    page = text("docs/sandbox.md")
    for field in fields(Settings):
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        shown = re.escape("empty" if default == "" else str(default))
        row = rf"^\| `{field.name}` \| `?{shown}`? \|"
        assert re.search(row, page, re.MULTILINE), field.name


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("", Config),
        ("dataverse.", DataverseConfig),
        ("providers.NAME.", ProviderConfig),
        ("sign_in.", SignInConfig),
        ("money.", MoneyConfig),
        ("guards.", GuardsConfig),
        ("scope.", ScopeConfig),
        ("health.", HealthConfig),
        ("retention.", RetentionConfig),
        ("notify.", NotifyConfig),
        ("webhooks.", WebhooksConfig),
        ("webhooks.dataverse.", DataverseHookConfig),
        ("webhooks.partner_center.", PartnerHookConfig),
        ("console.", ConsoleConfig),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_key_of_the_configuration_is_in_the_readme(section, model):
    nested = {"sign_in"} | {name for name in Config.model_fields if keys_at(Config, (name,))}
    nested |= {"providers"}
    keys = {f"{section}{name}" for name in model.model_fields if name not in nested}
    assert keys <= quoted("README.md")


def test_every_field_and_choice_of_the_mappings_is_listed():
    page = text("docs/mappings.md")
    for entity, needed in NEEDED.items():
        row = re.search(rf"^\| `{entity}` \| (.+) \|$", page, re.MULTILINE)
        assert row is not None, entity
        assert set(re.findall(r"`(\w+)`", row.group(1))) == set(needed), entity
    words = quoted("docs/mappings.md")
    assert {str(kind) for kind in Type} <= words
    assert {name.strip('"') for name in words} >= {one for many in CHOICES.values() for one in many}


def test_every_table_of_the_local_state_is_explained():
    source = (ROOT / "store" / "schema.py").read_text()
    tables = set(re.findall(r"CREATE TABLE (\w+)", source))
    assert table("docs/architecture.md", "| table | what it holds") == tables


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_no_link_leads_nowhere_and_no_path_is_of_one_machine(path):
    page = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target
    assert not re.search(r"(?<![\w.])/(?:work|root|opt|home)/", page)
    assert "pypi" not in page.lower()
