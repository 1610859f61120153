"""config.example.yaml holds every key there is, and can be used as it stands."""

import re
from pathlib import Path

from seatkeeper.config import Config, GuardsConfig, MoneyConfig, ScopeConfig, load_config
from seatkeeper.config_keys import models_of

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
SECRETS = {"DATAVERSE_CLIENT_SECRET": "a", "PARTNER_CENTER_CLIENT_SECRET": "b"}


def test_the_example_holds_every_key_of_the_model_and_no_other():
    text = EXAMPLE.read_text(encoding="utf-8")
    written = set(re.findall(r"^ *(?:# )?([a-z_]+):(?= |$)", text, re.MULTILINE))
    expected = {key for model in models_of(Config) for key in model.model_fields}
    prose = {"observe", "monthly", "out"}
    assert written - expected - prose == set()
    assert expected - written == set()


def test_the_example_loads_when_its_variables_are_set():
    config = load_config(EXAMPLE, SECRETS)
    assert config.mode == "observe"
    assert list(config.providers) == ["partner-center"]


def test_the_example_shows_the_defaults():
    config = load_config(EXAMPLE, SECRETS)
    for name in ("poll_seconds", "partner_poll_seconds", "audit_wait_seconds", "page_size"):
        assert getattr(config, name) == Config.model_fields[name].default
    assert config.workers == Config.model_fields["workers"].default
    assert config.money == MoneyConfig()
    assert config.guards.model_copy(update={"max_refund": {}}) == GuardsConfig()
    assert config.scope == ScopeConfig()
