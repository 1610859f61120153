"""The harness sees what it promises to see; a page that is clean passes."""

import pytest

from tests.browser.watch import Watch


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        pytest.param("<p>Well.</p>", None, id="a clean page, nothing"),
        pytest.param(
            "<script>console.error('torn')</script>", "console: torn", id="a console error"
        ),
        pytest.param("<script>nope()</script>", "uncaught: nope", id="an uncaught error"),
        pytest.param(
            "<img src='https://example.com/a.png'>", "asked another host", id="a foreign host"
        ),
    ],
)
def test_what_a_page_does_wrong_is_collected(browser, body, trouble):
    watch = Watch()
    with browser.new_context() as context:
        watch.over(context)
        context.new_page().set_content(f"<title>A page</title>{body}")
    assert bool(watch.troubles) is (trouble is not None)
    assert trouble is None or any(one.startswith(trouble) for one in watch.troubles)


def test_an_expected_refusal_is_no_trouble(browser):
    watch = Watch()
    watch.expect(404)
    with browser.new_context() as context:
        watch.over(context)
        page = context.new_page()
        page.evaluate("s => console.error(s)", "the server responded with a status of 404 ()")
        page.evaluate("s => console.error(s)", "the server responded with a status of 500 ()")
    assert len(watch.troubles) == 1


@pytest.mark.parametrize(("alternative", "findings"), [("alt='A red dot'", 0), ("", 1)])
def test_axe_tells_what_hurts(page, axe_findings, alternative, findings):
    page.set_content(
        f"<html lang=en><title>A page</title><main><h1>A page</h1><img src='data:,' {alternative}>"
    )
    assert len(axe_findings(page)) == findings
