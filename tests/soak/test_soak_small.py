"""A small share of `make soak`: 200 changes amid failing services, all in this process."""

import pytest

from tests.soak.soak import Soak
from tests.soak.towns import local


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    with local(tmp_path_factory.mktemp("soak"), 60) as (town, application):
        return Soak(town, application).play(200)


def test_after_a_rest_every_change_has_its_log_and_every_licence_its_status(figures):
    assert not figures.left
    assert figures.unequal == []
    assert (figures.changes, figures.logs) == (200, 200)


def test_no_file_and_no_thread_is_left_behind(figures):
    assert figures.files[-1] <= figures.files[1] + 2
    assert figures.threads[-1] <= figures.threads[1]


def test_the_state_grows_by_a_few_kilobytes_with_each_change(figures):
    assert 500 < figures.state_bytes_per_change() < 20_000
