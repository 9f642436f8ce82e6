"""The page for answering in a browser, and what the marker reads of the files that it saves."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

import students
from exercises import DESIGNS, networks
from hw1lib.backprop.network import Network
from hw1lib.cli import main
from hw1lib.course.answerfile import parse_lines, read_answers
from hw1lib.course.answering import answers_template
from hw1lib.course.answers import Verdict, answer_shapes, parse_answers
from hw1lib.course.grading import read_key
from hw1lib.course.marking import Finding, mark_answers
from pages import AXE, WCAG


def mark(network: Network, text: str) -> dict[str, Finding]:
    found = mark_answers(network, parse_answers(parse_lines(text), network))
    return {finding.name: finding for finding in found}


def test_the_template_is_an_empty_file_and_its_form_is_right() -> None:
    for network in (next(networks(design, 1)) for design in DESIGNS):
        text = answers_template(network)
        assert {f.verdict for f in mark(network, text).values()} == {Verdict.MISSING}
        ones = mark(network, text.replace("?", "1"))
        assert not {f.verdict for f in ones.values()} & {Verdict.SHAPE, Verdict.UNREADABLE}


@pytest.mark.parametrize("name", ["dW_O", "db_O", "dW_H", "y_hat"])
def test_an_open_entry_costs_its_share_alone(name: str) -> None:
    for network in networks(DESIGNS[0], 4):
        answers = students.solve(network)
        lines = students.as_toml(answers).splitlines()
        place = next(i for i, line in enumerate(lines) if line.startswith(name))
        first = lines[place].partition("= ")[2].strip("[]").split(",")[0]
        lines[place] = lines[place].replace(first, '"?"', 1)
        found = mark(network, "\n".join(lines))
        count = answers[name].size
        assert found[name].credit == pytest.approx(1 - 1 / count, abs=1 / count)
        assert found[name].credit < 1
        assert all(f.credit == 1 for f in found.values() if f.name != name)


@pytest.mark.browser
def test_what_is_filled_in_is_saved_and_loaded_again(tmp_path: Path, browser: Browser) -> None:
    """With a name that would be markup; nothing is asked of a server."""
    roster = tmp_path / "roster.csv"
    roster.write_text('id,name\nada,"</script><b>Ada $who"\n', encoding="utf-8")
    assert main(["sheets", str(roster), "--output-dir", str(tmp_path / "out")]) == 0
    network = read_key(tmp_path / "out" / "key" / "ada.json")
    answers = students.solve(network, 4)
    page = browser.new_page(viewport={"width": 360, "height": 700})
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "out" / "ada" / "answers.html").as_uri())
    assert page.locator("b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for name in answer_shapes(network):
        fields = page.locator(f'[data-name="{name}"]')
        for index, value in enumerate(answers[name].flat):
            fields.nth(index).fill(f"{value:.4f}" if value else "0")
    for place in answers["zeros"]:
        page.check(f'[value="{place}"]')
    loss = page.locator('[data-name="loss"]')
    right = loss.input_value()
    loss.fill("about 2")
    assert loss.get_attribute("aria-invalid") == "true"
    assert "This is not a number" in page.inner_text("#said")
    loss.fill(right)
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "answers.toml"
    download.value.save_as(saved)
    page.evaluate(AXE)
    result = page.evaluate("tags => axe.run(document, {runOnly: tags})", WCAG)
    assert [violation["id"] for violation in result["violations"]] == []
    page.reload()
    assert loss.input_value() == ""
    page.set_input_files("#load", saved)
    page.wait_for_function("document.querySelector('[data-name=loss]').value")
    with page.expect_download() as again:
        page.click("#save")
    again.value.save_as(tmp_path / "again.toml")
    assert (tmp_path / "again.toml").read_text() == saved.read_text()
    found = mark_answers(network, parse_answers(read_answers(saved), network))
    assert {f.credit for f in found} == {1}
    assert errors == []
    assert all(url.startswith(("file:", "blob:")) for url in asked)
