"""rules.md 7.3: the story holds in every position of the sandbox's switches, without threads."""

import threading

import pytest

from tests.durability.story import deactivate, judge, play

SWITCHES = [
    {"delta_token_at": "end"},
    {"delta_counts_selected_columns_only": True},
    {"delta_days": 0},
    {"max_page_size": 1},
    {"audit": False},
    {"audit_delay_seconds": 30},
    {"audit_delay_seconds": 400},
    {"history_has_audit_record": False},
    {"state_alone_audits_reason": False},
    {"enforce_status_transitions": True},
    {"status_reason_moves_state": True},
    {"patch_answers_etag": True},
    {"batch_needs_crlf": True},
    {"caller_time_zone": "Pacific/Kiritimati"},
    {"partner_center_bom": True, "partner_center_crlf": True},
    {"partner_center_omits_empty": True},
    {"partner_dates": "no_zone"},
    {"partner_dates": "fraction"},
    {"new_commerce_etag": "empty"},
    {"error_codes_are_text": True},
    {"accepted_seconds": 20},
    {"accepted_seconds": 300},
    {"not_ready_seconds": 1},
    {"request_id_window_seconds": 0},
    {"suspend_keeps_scheduled_actions": True},
    {"webhook_copies": 2, "webhook_order": "reversed"},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda one: "-".join(map(str, one.items())))
def test_rule_7_3_the_story_holds_in_every_position_of_the_switches(make_site, switches):
    site = make_site(subscriptions=2, **switches)
    play(site)
    site.quiesce(3)
    judge(site)


def test_rule_7_3_the_sandbox_has_no_background_threads(make_site):
    """What is due later (202s, renewals, events) is computed at the next request or clock move."""
    before = {thread.ident for thread in threading.enumerate()}
    site = make_site(accepted_seconds=60, webhook_delay_seconds=60)
    deactivate(site)
    site.run()
    site.advance(400)
    site.run()
    assert {thread.ident for thread in threading.enumerate()} <= before
