"""Configurations and mappings on disk, and what is said about them."""

import shutil

import pytest
import yaml

from seatkeeper.config import load_config
from seatkeeper.mapping_folder import open_mappings, shipped
from seatkeeper.yaml_files import ConfigurationError

SECRET = "canary-secret-7f3a"

VALID = f"""\
mode: apply
dataverse:
  url: https://contoso.crm.dynamics.com
  sign_in: {{tenant_id: t, client_id: c, client_secret: {SECRET}}}
providers:
  partner-center:
    kind: partner_center
    sign_in: {{tenant_id: t, client_id: c, client_secret: {SECRET}}}
state: sqlite:///state.db
"""


def write(folder, text=VALID, name="config.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(folder, text=VALID, environment=None):
    return load_config(write(folder, text), environment or {})


def problems(folder, text=VALID, environment=None):
    """Return what is wrong, as (line, field, sentence)."""
    with pytest.raises(ConfigurationError) as raised:
        load(folder, text, environment)
    return [(one.line, one.field, f"{one.message} {one.remedy}") for one in raised.value.problems]


def own_mappings(folder):
    """Return a copy of the shipped mappings."""
    return shutil.copytree(shipped(), folder / "mappings")


def change(mappings, name, edit):
    """Change one parsed mapping file by a function."""
    path = mappings / name
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def findings(mappings):
    """Return the findings of a folder, as (file, field, sentence)."""
    with pytest.raises(ConfigurationError) as raised:
        open_mappings(mappings)
    found = raised.value.problems
    return [(one.file.rsplit("/", 1)[1], one.field, f"{one.message} {one.remedy}") for one in found]
