"""Practice: right answers to the end, and a hint for each mistake that people make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from hw1lib.backprop.judging import HINTS
from hw1lib.backprop.manual import backward, forward
from hw1lib.backprop.mistakes import SENTENCES
from hw1lib.backprop.network import Network, parse_network
from hw1lib.backprop.walk import STEPS
from hw1lib.backprop.zeros import find_zeros
from pages import visiting

pytestmark = pytest.mark.browser
Array = NDArray[np.float64]
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
    assert f"{len(zeros)} of the" in page.inner_text("#playground > div:last-child")
    assert page.get_by_role("button", name="Show the next step").is_hidden()


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
    assert answer(page, "y_hat", (0,), f"{right[0]:.1f}") == ("open", HINTS["digits"])
    assert answer(page, "y_hat", (0,), f"{right[0] * 1.015:.4f}") == ("wrong", HINTS["early"])
    assert answer(page, "y_hat", (0,), "<b>") == ("wrong", HINTS["unreadable"])
    assert answer(page, "y_hat", (0,), "-77") == ("wrong", HINTS["wrong"])
    assert answer(page, "y_hat", (0,), " ") == ("open", "")
    assert answer(page, "y_hat", (0,), "0")[0] == "wrong"


def mistakes(network: Network) -> list[tuple[str, str, Array]]:
    """Question, kind and values of each mistake, by numpy and from the textbook."""
    x, y, W_H, b_H, W_O, b_O = (
        network.tensor(n).numpy() for n in ("x", "y", "W_H", "b_H", "W_O", "b_O")
    )
    right = answers(network)
    z_H, h, z_O, p, delta = (right[name] for name in ("z_H", "h", "z_O", "y_hat", "delta_O"))
    slope = (z_H > 0).astype(float)
    jacobian = np.diag(p) - np.outer(p, p) if len(p) > 1 else np.array([[p[0] * (1 - p[0])]])
    target = p[y.argmax()] if len(p) > 1 else p[0] if y[0] else 1 - p[0]
    errors = {"sign": y - p, "softmax": z_O - y, "squared": jacobian @ (p - y)}
    found = [
        ("z_H", "bias", W_H @ x),
        ("h", "activation", z_H),
        ("z_O", "bias", W_O @ h),
        ("z_O", "early_z", W_O @ z_H + b_O),
        ("y_hat", "softmax", z_O),
        ("loss", "log_2", np.array([-np.log2(target)])),
        ("loss", "log_10", np.array([-np.log10(target)])),
        ("loss", "log_sign", np.array([np.log(target)])),
        ("loss", "squared_loss", np.array([((p - y) ** 2).sum()])),
        ("W_O", "transposed", right["W_O"].T),
        ("W_O", "swapped", np.outer(delta, x)),
        ("delta_H", "slope", W_O.T @ delta),
        ("delta_H", "wrong_slope", (W_O.T @ delta) * np.roll(slope, 1)),
        ("W_H", "transposed", right["W_H"].T),
        ("W_H", "slope", np.outer(W_O.T @ delta, x)),
        ("W_H", "wrong_slope", np.outer((W_O.T @ delta) * np.roll(slope, 1), x)),
        ("W_H", "swapped", np.outer(right["delta_H"], h)),
    ]
    for kind, error in errors.items():
        back = W_O.T @ error
        found += [
            ("delta_O", kind, error),
            ("W_O", kind, np.outer(error, h)),
            ("dL_dh", kind, back),
            ("delta_H", kind, back * slope),
            ("W_H", kind, np.outer(back * slope, x)),
        ]
    if len(p) > 1:
        found.append(("y_hat", "sigmoid", 1 / (1 + np.exp(-z_O))))
    if W_H.shape[0] == W_H.shape[1]:
        found += [("z_H", "turned", W_H.T @ x + b_H), ("z_O", "swapped", W_O @ x + b_O)]
    if W_O.shape[0] == W_O.shape[1]:
        found += [
            ("z_O", "turned", W_O.T @ h + b_O),
            ("dL_dh", "not_transposed", W_O @ delta),
            ("delta_H", "not_transposed", (W_O @ delta) * slope),
            ("W_H", "not_transposed", np.outer((W_O @ delta) * slope, x)),
        ]
    return found


def is_clear(
    right: dict[str, Array],
    made: list[tuple[str, str, Array]],
    mistake: tuple[str, str],
    values: Array,
    index: tuple[int, ...],
) -> bool:
    """Whether a number shows one mistake only, and is neither right nor about 0."""

    def has(array: Array) -> bool:
        return all(i < size for i, size in zip(index, array.shape, strict=True))

    if not has(values) or (abs(values[index]) < 1e-3 and mistake[1] != "wrong_slope"):
        return False
    others = [o for name, kind, o in made if name == mistake[0] and kind != mistake[1] and has(o)]
    return all(abs(values[index] - o[index]) > 1e-3 for o in [right[mistake[0]], *others])


def test_each_mistake_gets_its_hint(page: Page) -> None:
    """Wherever a number can come from one mistake only, in 25 exercises played to their end."""
    seen = set()
    for seed in range(25):
        network = exercise(page, seed)
        right, made = answers(network), mistakes(network)
        trials = [
            (question, kind, index, f"{values[index]:.4f}")
            for question, kind, values in made
            for index in np.ndindex(right[question].shape)
            if is_clear(right, made, (question, kind), values, index)
        ]
        typed = [[place(question, index), text] for question, _, index, text in trials]
        for trial, judged in zip(trials, page.evaluate(TYPE, typed), strict=True):
            assert judged == ["wrong", SENTENCES[trial[1]]], (seed, trial)
        seen |= {trial[:2] for trial in trials}
        play_to_the_end(page, right)
    assert {kind for _, kind, _ in made} - {kind for _, kind in seen} == set()
    assert {kind for _, kind in seen} == set(SENTENCES)
