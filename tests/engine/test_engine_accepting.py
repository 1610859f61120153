"""A plan that does not hold any more is refused with what is the matter."""

import json

import pytest

from sync.accepting import accept
from sync.by_hand import RefusedByHandError
from sync.engine import apart
from sync.preview import hash_of, preview


def test_a_plan_of_other_mappings_is_refused_and_both_are_named(stage):
    engine = stage.application.engine
    twin = engine.ports.store.copy()
    made = preview(apart(engine, twin))
    twin.close()
    other = {**made, "mapping_hash": "f" * 64}
    other["hash"] = hash_of(other)
    with pytest.raises(RefusedByHandError) as refused:
        accept(engine, json.dumps(other))
    words = f"with the mappings {'f' * 12}, and {str(made['mapping_hash'])[:12]} are in force"
    assert words in str(refused.value)
    assert "`mappings refused`" in str(refused.value)
