"""The built pages in a real browser, opened from the disk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from hw1lib.adam import expectations
from hw1lib.book.render import render

pytestmark = pytest.mark.browser
ABORTED = "net::ERR_ABORTED"
CHAPTERS = ("index", "q1_backprop", "q2_adam", "q3_cifar")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(root, tmp_path_factory.mktemp("pages") / "_book", "pandoc").site.parent


@pytest.fixture(scope="module")
def browser(site: Path, chromium: str) -> Iterator[Browser]:
    assert site.is_dir()  # built before the browser has its event loop
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose console errors and requests beyond the disk fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = context.new_page()
    faults: list[str] = []
    made.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on(
        "requestfailed",  # what leaving the page cut off is no fault
        lambda r: faults.append(f"{r.url}: {r.failure}") if r.failure != ABORTED else None,
    )
    made.on(
        "request",
        lambda r: faults.append(r.url) if not r.url.startswith(("file:", "data:")) else None,
    )
    yield made
    context.close()
    assert faults == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", CHAPTERS)
def test_pages_load_whole_and_fit(page: Page, site: Path, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto((site / f"{name}.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    images = "[...document.images].every(i => i.complete && i.naturalWidth > 0)"
    assert page.evaluate(images)
    assert page.evaluate("document.fonts.ready.then(f => [...f].some(x => x.status === 'loaded'))")


def test_the_theme_is_switched_and_remembered(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.click("#theme")
    dark = page.evaluate(paper)
    assert dark != light
    page.goto((site / "q2_adam.html").as_uri())
    assert page.evaluate(paper) == dark
    page.click("#theme")
    assert page.evaluate(paper) == light


def test_the_theme_follows_the_system(page: Page, site: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    papers = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto((site / "index.html").as_uri())
        papers.add(page.evaluate(paper))
    assert len(papers) == 2


def test_search_finds_bias_correction(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.fill("#search", "bias correction")
    found = page.locator("#search-results a")
    assert found.count() > 0
    assert "q2_adam.html" in str(found.first.get_attribute("href"))


@pytest.mark.parametrize(
    ("beta1", "mean", "t"), [(0.9, 2, 10), (0.99, -1.5, 100), (0, 3, 1), (0.5, 0, 200)]
)
def test_the_sliders_agree_with_the_package(
    page: Page, site: Path, beta1: float, mean: float, t: int
) -> None:
    page.goto((site / "q2_adam.html").as_uri())
    for name, value in (("beta1", beta1), ("mean", mean), ("t", t)):
        page.fill(f"#bias-{name}", str(value))
    (row,) = expectations(mean, beta1, [t])
    shown = page.evaluate("({...document.getElementById('bias-correction').dataset})")
    assert float(shown["corrected"]) == row.corrected
    assert math.isclose(float(shown["uncorrected"]), row.uncorrected, rel_tol=1e-14, abs_tol=1e-15)
    assert f"{float(f'{row.uncorrected:.6g}'):g}" in str(page.text_content("#bias-readout"))


def test_the_sliders_move_by_keyboard_and_have_names(page: Page, site: Path) -> None:
    page.goto((site / "q2_adam.html").as_uri())
    page.get_by_label("Step t").focus()
    page.keyboard.press("ArrowRight")
    assert page.input_value("#bias-t") == "11"
    assert "At step 11" in str(page.text_content("#bias-readout"))
    assert page.get_by_label("Decay rate β₁").count() == 1
    assert page.get_by_label("Mean gradient G").count() == 1
