"""The built pages in a real browser, opened from the disk."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Page

from hw1lib.adam.moments import weight_sum
from pages import broken_links, check_page, violations, visiting
from qmdbook.render import Outputs

pytestmark = pytest.mark.browser
QUESTIONS = ("q1_backprop", "q2_adam", "q3_cifar")
CHAPTERS = ("index", *QUESTIONS, "teaching", "api", "notation")
PAPER = "getComputedStyle(document.body).backgroundColor"
ATTACK = """async () => {
  const reported = [];
  document.addEventListener("securitypolicyviolation", (e) => reported.push(e.effectiveDirective));
  window.hacked = [];
  const add = (name, fields) =>
    document.body.append(Object.assign(document.createElement(name), fields));
  add("script", { textContent: "hacked.push('inline')" });
  add("script", { src: "https://example.org/x.js" });
  add("link", { rel: "stylesheet", href: "https://example.org/x.css" });
  add("img", { src: "https://example.org/x.png" });
  add("iframe", { src: "https://example.org/" });
  add("p", { innerHTML: "<b onclick=\\"hacked.push('handler')\\">b</b>" });
  add("p", { innerHTML: "<a href=\\"javascript:hacked.push('link')\\">a</a>" });
  document.querySelector("b[onclick]").click();
  document.querySelector("a[href^=javascript]").click();
  await fetch("https://example.org/").catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 200));
  return { reported: [...new Set(reported)].sort(), hacked: window.hacked };
}"""


@pytest.fixture(scope="module")
def site(built: Outputs) -> Path:
    """The site's folder."""
    return built.site.parent


@pytest.fixture
def page(site: Path, browser: Browser) -> Iterator[Page]:
    """The opening page, in a browser that fails the test if anything goes wrong on a page."""
    with visiting(browser, site / "index.html") as visit:
        yield visit.page


def go(page: Page, site: Path, name: str) -> None:
    page.goto((site / f"{name}.html").as_uri())


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (1280, "light"),
        (360, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        pytest.param(360, "light", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("name", CHAPTERS)
def test_pages_load_whole_fit_and_are_accessible(
    site: Path, browser: Browser, name: str, width: int, theme: str
) -> None:
    check_page(browser, site / f"{name}.html", width, theme)


def test_every_link_leads_somewhere(site: Path, browser: Browser) -> None:
    assert broken_links(browser, site) == []


@pytest.mark.parametrize("name", ["index", "q2_adam"])
def test_pages_say_what_they_are_and_offer_notebook_and_pdf(
    page: Page, site: Path, name: str
) -> None:
    go(page, site, name)
    head = page.evaluate(
        """() => ({ lang: document.documentElement.lang, title: document.title,
          ...Object.fromEntries([...document.querySelectorAll("meta[name], meta[property]")]
            .map((m) => [m.name || m.getAttribute("property"), m.content])) })"""
    )
    assert head["lang"] == "en"
    names = dict.fromkeys([head["og:title"], head["og:site_name"]])  # which the home page shares
    assert head["title"] == " – ".join(names)
    assert len(head["description"]) > 20
    assert head["og:description"] == head["description"]
    icon = page.get_attribute("link[rel=icon]", "href")
    assert (site / str(icon)).is_file()
    notebook = f"notebooks/{name if name in QUESTIONS else QUESTIONS[0]}.ipynb"
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(f"a[href='{notebook}']").first.is_visible()
        assert page.locator("a[href='hw1.pdf']").first.is_visible()
    assert "CC BY 4.0" in page.inner_text("footer")


def test_nothing_from_elsewhere_and_no_inline_script_runs(site: Path, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    answered: list[str] = []
    refused: set[str | None] = set()
    page.on("response", lambda r: answered.extend([r.url] * (not r.url.startswith("file:"))))
    page.on("requestfailed", lambda request: refused.add(request.failure))
    page.goto((site / "q2_adam.html").as_uri())
    result = page.evaluate(ATTACK)
    context.close()
    assert result["hacked"] == []
    assert answered == []
    assert refused == {"csp"}
    assert result["reported"] == [
        "connect-src", "frame-src", "img-src", "script-src-attr", "script-src-elem",
        "style-src-elem",
    ]  # fmt: skip


def test_the_theme_follows_the_system_is_switched_and_remembered(page: Page, site: Path) -> None:
    light = page.evaluate(PAPER)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(PAPER)
    assert dark != light
    page.emulate_media(color_scheme="light")
    page.click("#theme")
    assert page.evaluate(PAPER) == dark
    go(page, site, "q2_adam")
    assert page.evaluate(PAPER) == dark
    page.click("#theme")
    assert page.evaluate(PAPER) == light


def test_search_finds_bias_correction_and_is_worked_by_keyboard(page: Page) -> None:
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("no such words")
    assert page.inner_text("#search-results") == "Nothing found"
    page.keyboard.press("Escape")
    assert page.locator("#search-results").is_hidden()
    page.fill("#search", "overfitted memorising")
    assert "overfitting" in page.inner_text("#search-results").lower()
    page.fill("#search", "bias correction")
    found = page.locator("#search-results a")
    assert "bias correction" in " ".join(found.all_inner_texts()).lower()
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.href") == found.nth(1).evaluate("a => a.href")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Enter")
    page.wait_for_url("**/q2_adam.html*")


def test_a_tab_names_page_and_book_once(page: Page, site: Path) -> None:
    book = "Deep Learning, Homework 1"
    for name, title in (("index", book), ("notation", f"Notation – {book}")):
        go(page, site, name)
        assert page.title() == title


def test_the_keyboard_skips_to_the_text(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_menus_are_folded_on_a_phone_and_open_on_a_desk(page: Page) -> None:
    lists = [page.locator(f"{name} details ul").first for name in (".chapters", ".contents")]
    assert all(one.is_visible() for one in lists)
    page.set_viewport_size({"width": 360, "height": 900})
    page.wait_for_function("!document.querySelector('.contents details').open")
    assert not any(one.is_visible() for one in lists)
    page.click(".contents summary")
    assert lists[1].is_visible()


def test_code_is_copied(site: Path, browser: Browser) -> None:
    rights = ["clipboard-read", "clipboard-write"]
    with visiting(browser, site / "q2_adam.html", permissions=rights) as visit:
        block = visit.page.locator("div.sourceCode").first
        block.hover()
        block.locator(".copy").click()
        block.get_by_text("Copied").wait_for()
        copied = visit.page.evaluate("navigator.clipboard.readText()")
        assert copied == block.locator("code").text_content()
        assert copied.startswith("import torch")


def test_print_shows_the_text_alone_and_all_of_it(page: Page, site: Path) -> None:
    go(page, site, "q1_backprop")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 700, "height": 900})  # about what a sheet of A4 has
    for hidden in (".bar", ".chapters", ".contents", ".pager", ".copy"):
        assert page.locator(hidden).first.is_hidden()
    assert page.locator("details.callout .callout-body").first.is_visible()
    wide = "[...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(wide) == 0
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


RATES = [
    "0", "0.3", "0.5", "0.7", "0.8", "0.9", "0.95", "0.98", "0.99", "0.995", "0.998", "0.999",
    "0.9995", "0.9998", "0.9999",
]  # fmt: skip


def slide(page: Page, name: str, value: str) -> None:
    """Moves a slider of chapter 2; decay rates are given by their place in the list."""
    page.fill(f"#adam-{name}", str(RATES.index(value)) if "beta" in name else value)


def numbers(page: Page, panel: str) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(f"({{...document.getElementById('{panel}').dataset}})")
    return found


@pytest.mark.parametrize(
    ("beta", "t", "noise"),
    [("0.9", 10, "1"), ("0.9999", 40, "1.5"), ("0", 1, "0.3"), ("0.98", 2, "0")],
)
def test_the_weights_and_averages_to_play_with_are_adams(
    page: Page, site: Path, beta: str, t: int, noise: str
) -> None:
    go(page, site, "q2_adam")
    told = torch.randn(40, generator=torch.Generator().manual_seed(3), dtype=torch.float64) + 2
    drawn = json.loads(numbers(page, "adam-weights")["gradients"])
    assert drawn == pytest.approx(told.tolist(), rel=1e-14)  # the run of the chapter's code
    for name, value in (("beta", beta), ("t", str(t)), ("noise", noise)):
        slide(page, f"weights-{name}", value)
    shown = numbers(page, "adam-weights")
    gradients, weights = json.loads(shown["gradients"]), json.loads(shown["weights"])
    assert len(set(gradients)) == (1 if noise == "0" else len(gradients))
    rate = float(beta)
    assert weights == pytest.approx([(1 - rate) * rate ** (t - i) for i in range(1, t + 1)])
    total = weight_sum(rate, t)
    assert sum(weights) == pytest.approx(total, rel=1e-12)
    assert float(shown["sum"]) == pytest.approx(total, rel=1e-12)
    assert float(shown["missing"]) == pytest.approx(rate**t, rel=1e-12)
    theta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([theta], betas=(rate, 0.999))
    for g in gradients[:t]:
        theta.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
    m = float(optimizer.state[theta]["exp_avg"])
    assert float(shown["uncorrected"]) == pytest.approx(m, rel=1e-12, abs=1e-12)
    assert float(shown["corrected"]) == pytest.approx(m / total, rel=1e-12, abs=1e-12)
    text = str(page.text_content("#adam-weights .readout")).replace("−", "-")
    for value in (total, m, m / total):
        assert f" {float(f'{value:.4g}'):.10g}" in text


@pytest.mark.parametrize(
    ("beta1", "beta2"), [("0.9", "0.999"), ("0.9", "0.9999"), ("0.9999", "0.5"), ("0", "0")]
)
def test_the_step_sizes_to_play_with_are_adams(
    page: Page, site: Path, beta1: str, beta2: str
) -> None:
    go(page, site, "q2_adam")
    slide(page, "steps-beta1", beta1)
    slide(page, "steps-beta2", beta2)
    shown = numbers(page, "adam-steps")
    sizes = [
        weight_sum(float(beta1), t) / math.sqrt(weight_sum(float(beta2), t)) for t in range(1, 500)
    ]
    worst = max(sizes, key=lambda size: abs(math.log(size)))
    assert float(shown["first"]) == pytest.approx(sizes[0], rel=1e-12)
    assert float(shown["peak"]) == pytest.approx(worst, rel=1e-12)
    assert int(shown["worst"]) == 1 + sizes.index(worst)


def test_the_panels_move_by_keyboard_and_say_what_they_show(page: Page, site: Path) -> None:
    go(page, site, "q2_adam")
    page.get_by_label("Step t").focus()
    page.keyboard.press("ArrowRight")
    assert page.input_value("#adam-weights-t") == "11"
    assert "After step 11 " in page.inner_text("#adam-weights .readout")
    page.get_by_label("Decay rate β", exact=True).focus()
    page.keyboard.press("End")
    focused = page.locator(":focus")
    assert focused.get_attribute("aria-valuetext") == RATES[-1]
    before = numbers(page, "adam-weights")["gradients"]
    page.get_by_role("button", name="New gradients").press("Enter")
    assert numbers(page, "adam-weights")["gradients"] != before


def test_figures_stay_in_print_and_without_scripts(
    page: Page, site: Path, browser: Browser
) -> None:
    go(page, site, "q2_adam")
    for panel, figure in (("#adam-weights", "#fig-weights"), ("#adam-steps", "#fig-steps")):
        image = page.locator(f"{figure} img")
        page.emulate_media(media="screen")
        assert page.locator(panel).is_visible()
        assert image.is_hidden()
        page.emulate_media(media="print")
        assert page.locator(panel).is_hidden()
        assert image.is_visible()
    with visiting(browser, site / "q2_adam.html", java_script_enabled=False) as visit:
        assert visit.page.locator("#fig-weights img").is_visible()
        assert visit.page.locator("#fig-steps img").is_visible()


def test_the_home_page_shows_a_live_network(page: Page, site: Path) -> None:
    go(page, site, "index")
    loss = page.inner_text("#playground .result")
    page.get_by_role("button", name="Gradient step").click()
    assert page.inner_text("#playground .result") != loss
    page.get_by_role("button", name="Practise").click()
    page.get_by_role("button", name="New network").wait_for()
