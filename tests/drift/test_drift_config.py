"""The section `partner_sweep` of the configuration."""

from datetime import time, timedelta

import pytest
import yaml
from pydantic import ValidationError

from seatkeeper.config import PartnerSweepConfig
from sync.sweep_state import SweepPlan


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("{}", time(2)),
        ('at: "02:30"', time(2, 30)),
        ("at: 12:30", time(12, 30)),
        ("at: 00:00", time(0)),
        ("at: 23:59", time(23, 59)),
        ("at: off", None),
        ('at: "off"', None),
        ("at: null", None),
    ],
)
def test_the_hour_is_read_however_yaml_takes_it(text, at):
    assert PartnerSweepConfig.model_validate(yaml.safe_load(text)).at == at


@pytest.mark.parametrize(
    "text",
    ['at: "24:00"', "at: 2", "at: noon", "at: true", "at: -5", "share_percent: 0",
     "share_percent: 91", "jitter_minutes: -1"],
)  # fmt: skip
def test_what_is_no_hour_or_share_is_refused(text):
    with pytest.raises(ValidationError):
        PartnerSweepConfig.model_validate(yaml.safe_load(text))


def test_the_plan_of_the_sweep_is_what_the_section_says():
    section = PartnerSweepConfig(at="03:00", jitter_minutes=5)
    assert section.plan == SweepPlan(at=time(3), jitter=timedelta(minutes=5))
