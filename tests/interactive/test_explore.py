"""The page's arithmetic, decisions and words against the package's, and its controls."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.judging import HINTS
from hw1lib.backprop.network import ACTIVATIONS, PARAMETERS, Network
from hw1lib.backprop.slips import first_slip
from hw1lib.backprop.walk import STEPS
from hw1lib.backprop.zeros import find_zeros
from hw1lib.errors import InputError
from pages import OVERFLOWING, violations, visiting
from playing import parsed, random_fields, written

pytestmark = pytest.mark.browser
NETWORKS = 20
# Puts each text into the page as a network file; gives what the page then says.
SOLVE = """(texts) => texts.map((text) => {
  const area = document.querySelector("#playground textarea");
  area.value = text;
  document.querySelector("#playground [data-name=use]").click();
  const tables = [...document.querySelectorAll("#playground table")].map((table) => [
    table.getAttribute("aria-label"),
    [...table.rows].map((row) => [...row.cells].map(
      (td) => [Number(td.dataset.value), td.textContent])),
  ]);
  return {
    refusal: document.querySelector("#playground details .error").textContent,
    written: area.value,
    tables: Object.fromEntries(tables),
    loss: Number(document.querySelector("#playground .result").dataset.value),
    zeros: JSON.parse(document.querySelector("#playground [data-zeros]").dataset.zeros),
  };
})"""


@pytest.fixture(scope="module")
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    with visiting(browser, page_file) as visit:
        yield visit.page


def check(shown: dict[str, Any], network: Network) -> int:
    """All that the page says of a network is what the package says; gives the number of zeros."""
    values, gradients = forward(network), backward(network)
    zeros = find_zeros(network, values, gradients)
    assert shown["refusal"] == ""
    expected = {name: getattr(values, name) for name in ("z_H", "h", "z_O", "y_hat")}
    expected |= {
        f"derivatives with respect to {name}": getattr(gradients, name) for name in PARAMETERS
    }
    for name, tensor in expected.items():
        rows = tensor.unsqueeze(1).tolist() if tensor.ndim == 1 else tensor.tolist()
        cells = shown["tables"][name]
        assert [len(row) for row in cells] == [len(row) for row in rows]
        for mine, theirs in zip(chain(*rows), chain(*cells), strict=True):
            scale = max(1.0, float(tensor.abs().max()))
            assert abs(mine - theirs[0]) <= 1e-12 * scale, (name, mine, theirs)
            if name.startswith("derivatives"):
                assert (mine == 0) == (theirs[1] == "0"), (name, mine, theirs)
    loss = float(values.loss)
    assert abs(shown["loss"] - loss) <= 1e-12 * max(1.0, loss)
    assert [(p, tuple(index), words) for p, index, words in shown["zeros"]] == [
        (zero.parameter, zero.index, zero.reason) for zero in zeros
    ]
    return len(zeros)


def test_networks_agree_with_the_package(page: Page) -> None:
    """Values, derivatives, zeros, reasons; and what the page writes reads back as it was."""
    rng = random.Random(20260101)
    texts = [written(random_fields(rng)) for _ in range(NETWORKS)]
    zeros = 0
    for text, shown in zip(texts, page.evaluate(SOLVE, texts), strict=True):
        zeros += check(shown, parsed(text))
        assert parsed(shown["written"]) == parsed(text)
    assert zeros > NETWORKS


@pytest.mark.parametrize("scale", [100, 1000, -1000])
@pytest.mark.parametrize("y", [[1, 0], [0, 1], 0, 1])
def test_large_logits_do_not_overflow(page: Page, scale: int, y: Any) -> None:
    for activation in ACTIVATIONS:
        k = 2 if isinstance(y, list) else 1
        fields = {
            "x": [1], "y": y, "W_H": [[scale], ["1/3"]], "b_H": [0, -scale],
            "W_O": [[1, 2], [-1, "2.5"]][:k], "b_O": [scale, 0][:k],
            "activation": activation, "output": "softmax" if k == 2 else "sigmoid",
        }  # fmt: skip
        (shown,) = page.evaluate(SOLVE, [written(fields)])
        check(shown, parsed(written(fields)))


GOOD = {"x": [1, 2], "y": [0, 1], "W_H": [[1, 0]], "b_H": [0], "W_O": [[1], [2]], "b_O": [0, 0]}


@pytest.mark.parametrize(
    "change",
    [
        {"z": 1}, {"<b>z</b>": 1}, {"x": 3}, {"x": []}, {"x": ["one"]}, {"x": [True]},
        {"x": [[1]]}, {"x": ["nan"]}, {"x": [1000001, 1]}, {"x": [10**40, 1]}, {"x": ["1/0", 1]},
        {"x": ["<img src=x onerror=alert(1)>"]}, {"x": ["it's \u00e9"]}, {"x": [0.1] * 65},
        {"W_H": [1, 0]}, {"W_H": [[1, 0], [1]]}, {"W_H": [[1, 0], [1, 0]]}, {"W_O": [[1, 2]]},
        {"y": 1}, {"y": [1, 1]}, {"y": ["1/2", "1/2"]}, {"activation": "<script>"}, {"output": 1},
        {"output": "sigmoid"}, {"output": "sigmoid", "y": 2, "W_O": [[1]], "b_O": [0]},
        {"example": "yes"}, {"x": ["a" * 100]}, {"y": "maybe"}, {"x": {}},
        {"activation": "Linear"}, {"output": "logistic"}, {"y": [[0, 1]]},
    ],
)  # fmt: skip
def test_what_the_package_refuses_is_refused_in_its_words(page: Page, change: Any) -> None:
    """Hostile text stays text, and the network stays as it was."""
    before, fields = page.inner_text("#playground .result"), {**GOOD, **change}
    text = written(fields)
    (shown,) = page.evaluate(SOLVE, [text])
    try:
        parsed(text)
    except InputError as error:
        expected = str(error)
    assert shown["refusal"] == expected
    assert shown["written"] == text
    assert page.inner_text("#playground .result") == before
    assert page.locator("#playground :is(img, script, b:not(.lines b))").count() == 0


@pytest.mark.parametrize(
    "text", ["x = [1,, 2]", "x = [1", "x 1", 'x = "1', "[x]", "x = 1\nx = 2", "\0"]
)
def test_text_that_is_no_toml_is_refused(page: Page, text: str) -> None:
    (shown,) = page.evaluate(SOLVE, [text])
    assert shown["refusal"].startswith("is not TOML (at line ")


@pytest.mark.parametrize("line", ["x = [−1, 2]", "x = [1/2, .5]", "x: [1, 2]", "activation = relu"])
def test_what_toml_does_not_take_is_refused_with_the_cure(page: Page, line: str) -> None:
    text = f"# mine\n{line}\n"
    (shown,) = page.evaluate(SOLVE, [text])
    assert shown["refusal"] == f"{first_slip(text)}."


def test_toml_of_all_the_forms_that_people_write(page: Page) -> None:
    text = (
        "\ufeff# mine\r\nexample = true\r\n'x' = [ 1, # one\n +2.50,\n]\n"
        "y = [0,1,]\nW_H = [[1e0, -0.5]]\n"
        "b_H=['1/2']\nW_O = [[1_0], [\"-3\"]]\nb_O = [0, 0] # end"
    )
    (shown,) = page.evaluate(SOLVE, [text])
    network = parsed(text.removeprefix("\ufeff"))
    check(shown, network)


def test_a_network_too_large_for_the_page_is_refused(page: Page) -> None:
    (shown,) = page.evaluate(SOLVE, [written({**GOOD, "x": [1] * 5, "W_H": [[1] * 5]})])
    assert "room for 4 units" in shown["refusal"]


def loss_of(page: Page) -> float:
    return float(str(page.get_attribute("#playground .result", "data-value")))


def package_loss(page: Page) -> float:
    """The package's loss of the network that the page would export."""
    return float(forward(parsed(page.input_value("#playground textarea"))).loss)


def test_numbers_are_typed_stepped_and_dragged(page: Page) -> None:
    page.get_by_role("button", name="Start again").click()
    field = page.get_by_label("W_H row 1 column 2", exact=True)
    field.fill("1/3")
    field.press("Enter")
    field.press("ArrowUp")
    assert field.input_value() == "4/3"
    field.fill("0.1")
    field.press("Enter")
    field.press("Shift+ArrowUp")
    field.press("Shift+ArrowUp")
    assert field.input_value() == "0.3"
    assert loss_of(page) == pytest.approx(package_loss(page), abs=1e-12)
    label = page.locator('#playground svg [data-for="b_O-1"]')
    label.scroll_into_view_if_needed()
    box = label.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 41, box["y"] + 5)
    page.mouse.up()
    assert page.get_by_label("b_O 2", exact=True).input_value() == "0.6"
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_label("b_O 2", exact=True).input_value() == "0"


def test_a_typed_text_that_is_no_number_is_refused(page: Page) -> None:
    field = page.get_by_label("b_H 1", exact=True)
    before = loss_of(page)
    field.fill("<i>3</i>")
    field.press("Enter")
    alert = page.locator("#playground .error[role=alert]").first
    assert alert.text_content() == HINTS["unreadable"]
    assert field.get_attribute("aria-invalid") == "true"
    assert loss_of(page) == before
    field.fill("3")
    field.press("Enter")
    assert field.get_attribute("aria-invalid") in (None, "false")
    assert alert.text_content() == ""


def test_a_refusal_is_gone_after_the_next_change(page: Page) -> None:
    page.get_by_label("b_H 1", exact=True).fill("?")
    page.get_by_label("b_H 1", exact=True).press("Enter")
    page.evaluate(SOLVE, ["x = ["])
    alerts = page.locator("#playground :not([hidden]) > .error, #playground details .error")
    assert all(alerts.all_text_contents())
    page.get_by_role("button", name="Start again").click()
    assert not any(alerts.all_text_contents())


@pytest.mark.parametrize(
    ("typed", "taken"), [("0,5", "0.5"), ("−1", "-1"), ("1_000", "1000"), (" 1 / 3 ", "1/3")]
)
def test_a_number_may_be_typed_as_the_page_prints_it(page: Page, typed: str, taken: str) -> None:
    field = page.get_by_label("b_H 1", exact=True)
    field.fill(typed)
    field.press("Enter")
    assert field.input_value() == taken
    assert loss_of(page) == pytest.approx(package_loss(page), abs=1e-12)


def test_the_learning_rate_is_judged_like_all_numbers(page: Page) -> None:
    page.get_by_role("button", name="Start again").click()
    before = loss_of(page)
    for typed in ("-0.5", "0", "", "fast", "1e-1000"):
        page.get_by_label("Learning rate").fill(typed)
        page.get_by_role("button", name="Gradient step").click()
        assert "The learning rate must be a number above 0" in page.inner_text("#playground")
        assert loss_of(page) == before
    page.get_by_label("Learning rate").fill("0,01")
    page.get_by_role("button", name="Gradient step").click()
    assert "The loss fell: from 1.7014" in page.inner_text("#playground")
    small = loss_of(page)
    page.get_by_role("button", name="Undo").click()
    page.get_by_label("Learning rate").fill("1e-2")
    page.get_by_role("button", name="Gradient step").click()
    assert loss_of(page) == small
    page.get_by_label("Learning rate").fill("0.1")
    page.get_by_role("button", name="Start again").click()


def test_the_address_holds_the_network(browser: Browser, page_file: Path) -> None:
    with visiting(browser, page_file) as visit:
        page = visit.page
        page.get_by_label("W_H row 1 column 2", exact=True).fill("1/3")
        page.get_by_role("combobox", name="Activation").select_option("tanh")
        network, loss = page.input_value("#playground textarea"), loss_of(page)
        page.reload()
        assert (page.input_value("#playground textarea"), loss_of(page)) == (network, loss)
        encoded = page.url.replace(",", "%2C").replace(";", "%3B").replace("~", "%7E")
        page.goto("about:blank")
        page.goto(encoded)
        assert (page.input_value("#playground textarea"), loss_of(page)) == (network, loss)
        page.get_by_role("button", name="Start again").click()
        assert page.url.endswith("#playground")
        page.goto(page.url.replace("#playground", "#network=1;0,1;1;0;1~2;x,0;relu;softmax"))
        alert = page.locator("#playground .error[role=alert]").first
        page.evaluate("location.hash = '#100%'")  # another anchor, not well encoded
        assert "b_O holds 'x'" in str(alert.text_content())
        assert loss_of(page) == pytest.approx(1.7014, abs=1e-4)


# Labels of the drawing that lie on another label, a note or a node.
COLLISIONS = """() => {
  const boxes = (kind) => [...document.querySelectorAll(`#playground svg ${kind}`)]
    .filter((element) => element.checkVisibility())
    .map((element) => [element.textContent, element.getBoundingClientRect()]);
  const meet = ([, a], [, b]) => a !== b && a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const labels = boxes("g.label");
  const others = [...labels, ...boxes(".note"), ...boxes(".node circle")];
  return labels.flatMap((label) => others.filter((other) => meet(label, other))
    .map((other) => [label[0], other[0]]));
}"""


@pytest.mark.parametrize("width", [330, 600, 1280])
def test_no_label_covers_another_or_a_note(browser: Browser, page_file: Path, width: int) -> None:
    with visiting(browser, page_file, width) as visit:
        page = visit.page
        for output, sizes in (("softmax", "1234"), ("sigmoid", "2")):
            page.get_by_role("combobox", name="Output", exact=True).select_option(output)
            for inputs, hidden in product(sizes, "1234"):
                page.get_by_label("Inputs").select_option(inputs)
                page.get_by_label("Hidden units").select_option(hidden)
                assert page.evaluate(COLLISIONS) == [], (output, inputs, hidden)


def test_fields_are_large_enough_for_phones(page: Page) -> None:
    """Below 16 px, iOS zooms into a field that gets the focus."""
    fields = "[...document.querySelectorAll('#playground :is(input, select, textarea)')]"
    sizes = page.evaluate(f"{fields}.map((field) => parseFloat(getComputedStyle(field).fontSize))")
    assert min(sizes) >= 16


def test_gradient_steps_and_choices(page: Page) -> None:
    page.get_by_role("button", name="Start again").click()
    before = loss_of(page)
    page.get_by_role("button", name="Gradient step").click()
    assert loss_of(page) < before
    assert "The loss fell: from 1.7014" in page.inner_text("#playground")
    page.get_by_label("Learning rate").fill("1e9")
    page.get_by_role("button", name="Gradient step").click()
    assert "beyond ±1,000,000" in page.inner_text("#playground")
    for label, choice in [
        ("Activation", "tanh"), ("Hidden units", "4"), ("Inputs", "1"), ("Outputs", "3"),
        ("Target", "output 3"), ("Output", "sigmoid"), ("Target", "y = 1"), ("Output", "softmax"),
    ]:  # fmt: skip
        page.get_by_role("combobox", name=label, exact=True).select_option(choice)
        assert loss_of(page) == pytest.approx(package_loss(page), abs=1e-12)
    page.get_by_role("button", name="Start again").click()
    assert loss_of(page) == before


def test_the_walk_goes_through_all_steps_and_names_their_equations(page: Page) -> None:
    page.get_by_role("button", name="Start again").click()
    page.get_by_role("button", name="Step by step").click()
    labels = list(dict.fromkeys(step.equation for step in STEPS))
    for number, step in enumerate(STEPS, 1):
        text = page.inner_text("#playground .step")
        assert f"Step {number} of {len(STEPS)}" in text
        assert f"Equation {labels.index(step.equation) + 1}" in text
        assert page.get_attribute("#playground .step a", "href") == f"#{step.equation}"
        page.locator("#playground .walk .main").click()
    assert page.inner_text("#playground .step") == ""
    page.get_by_role("button", name="Step 9").click()
    lines = page.locator("#playground .lines li").all_inner_texts()
    assert lines[2].endswith("= 1 · 0.8176 + 1 · (−0.8176) = 0")
    page.get_by_role("button", name="Show all").click()


def test_the_walk_shows_nothing_before_its_step(page: Page) -> None:
    page.get_by_role("button", name="Start again").click()
    page.get_by_role("combobox", name="Activation").select_option("sigmoid")
    page.get_by_role("button", name="Step by step").click()
    page.get_by_role("button", name="Step 3", exact=True).click()
    assert page.inner_text("#playground .result").count("?") == 2
    assert set(page.locator("table[aria-label=y_hat] td").all_inner_texts()) == {"?"}
    assert "?" not in page.inner_text("table[aria-label=z_O]")
    notes = page.locator("#playground svg .note").all_text_contents()
    assert sum(note.startswith("z = ") for note in notes) == 5  # three units and two logits
    page.get_by_role("button", name="Step 4", exact=True).click()
    assert "softmax" in page.inner_text("#playground .step .formula")
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Start again").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_state_is_accessible_and_fits(
    browser: Browser, page_file: Path, theme: str, width: int
) -> None:
    with visiting(browser, page_file, width, theme) as visit:
        page = visit.page
        assert violations(page) == []
        page.get_by_role("button", name="Step by step").click()
        page.get_by_role("button", name="Step 11").click()
        page.get_by_label("b_H 1", exact=True).fill("?")
        page.get_by_label("b_H 1", exact=True).press("Enter")
        page.locator("summary").click()
        for _ in range(2):
            page.get_by_label("Inputs").select_option("4")
            page.get_by_label("Hidden units").select_option("4")
            page.get_by_label("Outputs").select_option("4")
        assert violations(page) == []
        assert page.evaluate(OVERFLOWING) == []
        page.goto(f"{page_file.as_uri()}#practise=3")
        page.get_by_label("z_H 1", exact=True).fill("9.75")
        page.get_by_role("button", name="Show the next step").click()
        assert violations(page) == []
        assert page.evaluate(OVERFLOWING) == []
