"""Quarto's pages stand what this project's own stand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from pages import broken_links, check_page
from qmdbook.render import Outputs

pytestmark = [pytest.mark.browser, pytest.mark.quarto, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize(
    "name", ["index", "q1_backprop", "q2_adam", "q3_cifar", "teaching", "api", "notation"]
)
def test_pages_load_whole_fit_and_are_accessible(
    built_by_quarto: Outputs, browser: Browser, name: str, width: int, theme: str
) -> None:
    check_page(browser, built_by_quarto.site.parent / f"{name}.html", width, theme)


def test_every_unit_of_the_interactive_network_is_drawn(
    built_by_quarto: Outputs, browser: Browser
) -> None:
    """Quarto's style sheet hides what has a class such as `hidden`."""
    page = browser.new_page()
    page.goto((built_by_quarto.site.parent / "q1_backprop.html").as_uri())
    units = page.locator("#playground .node")
    units.first.wait_for()
    assert all(unit.is_visible() for unit in units.all())
    page.close()


def test_every_link_leads_somewhere(built_by_quarto: Outputs, browser: Browser) -> None:
    assert broken_links(browser, built_by_quarto.site.parent) == []
