"""axe-core from npm, run on a page as it stands; only what hurts somebody is told."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
HURTS = {"serious", "critical"}


def findings(page: Page) -> list[str]:
    """Return the serious and critical findings, each with the first element it is about."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [_told(one) for one in found["violations"] if one["impact"] in HURTS]


def _told(violation: dict[str, Any]) -> str:
    first = violation["nodes"][0]
    return f"{violation['id']} ({len(violation['nodes'])}): {first['html']} {first['any'][:1]}"
