"""Practice: right answers to the end, and a hint for each mistake that people make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.judging import HINTS
from hw1lib.backprop.network import Network, parse_network
from hw1lib.backprop.walk import STEPS
from hw1lib.backprop.zeros import find_zeros
from pages import visiting

pytestmark = pytest.mark.browser
Array = NDArray[np.float64]
VERDICT = "#playground [data-name=verdict]"
ASKED = [step.name for step in STEPS if step.asked]
GIVEN = """() => Object.fromEntries(
  [...document.querySelectorAll("#playground [data-name=given] table")].map((table) => [
    table.getAttribute("aria-label"),
    [...table.rows].map((row) => [...row.cells].map((td) => td.textContent.replace("−", "-")))]))"""
TYPE = """(answers) => answers.map(([id, text]) => {
  const input = document.getElementById(id);
  input.value = text;
  input.dispatchEvent(new Event("change"));
  return [input.dataset.verdict, input.closest("section").querySelector(".hint").textContent];
})"""


@pytest.fixture(scope="module")
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    with visiting(browser, page_file) as visit:
        yield visit.page


def exercise(page: Page, seed: int) -> Network:
    """Opens an exercise; gives its network, as the page shows it."""
    page.evaluate("(seed) => { location.hash = `practise=${seed}`; }", seed)
    page.wait_for_selector(f"#playground[data-seed='{seed}']")
    fields: dict[str, Any] = page.evaluate(GIVEN)
    for name in ("x", "b_H", "b_O", "y"):
        fields[name] = [row[0] for row in fields[name]]
    words = page.inner_text("#playground > div:last-child > p:first-child")
    return parse_network({**fields, "output": "softmax" if "softmax" in words else "sigmoid"})


def answers(network: Network) -> dict[str, Array]:
    """The right values of each question."""
    values, gradients = forward(network), backward(network)
    found = {name: getattr(values, name).numpy() for name in ("z_H", "h", "z_O", "y_hat")}
    found |= {name: getattr(gradients, name).numpy() for name in ("W_O", "dL_dh", "W_H")}
    found |= {"delta_O": gradients.b_O.numpy(), "delta_H": gradients.b_H.numpy()}
    return found | {"loss": np.array([float(values.loss)])}


def answer(page: Page, name: str, index: tuple[int, ...], text: str) -> tuple[str, str]:
    """Types a number; gives verdict and hint."""
    ((verdict, hint),) = page.evaluate(TYPE, [[place(name, index), text]])
    return verdict, hint


def place(name: str, index: tuple[int, ...]) -> str:
    """The id of a field."""
    return "-".join(["practise", name, *map(str, index)])


def progress(page: Page) -> str:
    return page.inner_text("#playground > div:last-child > .result")


def play_to_the_end(page: Page, right: dict[str, Array]) -> None:
    """Types all right values, over whatever was typed before."""
    fields = [(name, index) for name in ASKED for index in np.ndindex(right[name].shape)]
    values = [right[name][index] for name, index in fields]
    texts = [f"{value:.4f}" if value else "0" for value in values]
    judged = page.evaluate(TYPE, [[place(*f), text] for f, text in zip(fields, texts, strict=True)])
    assert judged == [["right", "✓ Right."]] * len(fields)
    assert progress(page) == f"Done: {len(fields)} of {len(fields)} values are right."


@pytest.mark.parametrize("seed", [0, 1, 2, 7, 123456789])
def test_right_answers_lead_to_the_end(page: Page, seed: int) -> None:
    network = exercise(page, seed)
    right = answers(network)
    zeros = find_zeros(network, forward(network), backward(network))
    assert zeros
    play_to_the_end(page, right)
    assert page.get_by_role("button", name="Show the next step").is_hidden()
    tick(page, [])
    assert page.inner_text(VERDICT).startswith("Right so far, but ")
    reasons = {cause.reason for zero in zeros for cause in zero.causes}
    tick(page, [f"{reason[0].upper()}{reason[1:]}." for reason in reasons])
    assert page.inner_text(VERDICT) == "✓ Right."
    assert f"{len(zeros)} of the" in page.inner_text("#playground > div:last-child")
    others = page.locator("#playground .causes input:not(:checked)")
    others.first.check()
    page.get_by_role("button", name="Check").click()
    assert page.inner_text(VERDICT) == "Not yet right: 1 of these does not hold here."


def tick(page: Page, reasons: list[str]) -> None:
    """Answers which reasons hold."""
    for reason in reasons:
        page.get_by_label(reason, exact=True).check()
    page.get_by_role("button", name="Check").click()


def test_the_next_step_is_shown_until_the_end(page: Page) -> None:
    network = exercise(page, 5)
    for _ in ASKED:
        page.get_by_role("button", name="Show the next step").click()
        assert page.locator("#playground > div:last-child .step .lines li").count()
    total = sum(values.size for values in answers(network).values())
    assert progress(page) == f"Done: {total} of {total} values are right, {total} of them shown."


def test_the_address_gives_the_same_network_and_new_ones_have_another(page: Page) -> None:
    first = exercise(page, 11)
    page.get_by_role("button", name="New network").click()
    page.wait_for_selector("#playground:not([data-seed='11'])")
    assert exercise(page, 11) == first
    page.get_by_role("button", name="Explore").click()
    assert page.locator("#playground textarea").count() == 1


def test_numbers_are_judged_to_the_digits_given(page: Page) -> None:
    for seed in range(100):  # the first with a prediction that shows the difference
        right = answers(exercise(page, seed))["y_hat"]
        if len(right) == 2 and 0.6 < right[0] < 0.9:
            break
    text = f"{right[0]:.10f}"
    assert answer(page, "y_hat", (0,), text[:6])[0] == "right"  # cut off
    assert answer(page, "y_hat", (0,), text[1:6].replace(".", ","))[0] == "right"
    for typed, verdict in {
        f"{right[0]:.1f}": "digits",
        f"{right[0] * 1.015:.4f}": "early",
        "<b>": "unreadable",
        "-77": "wrong",
    }.items():
        expected = (verdict, f"Entry 1: {HINTS[verdict]}")
        assert answer(page, "y_hat", (0,), typed) == expected
    assert answer(page, "y_hat", (0,), " ") == ("open", "")
    assert answer(page, "y_hat", (0,), "0")[0] == "wrong"
