from __future__ import annotations

import base64
import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from qmdbook.lighter import keep_icons, names, with_palettes, without_unused

USED = {"callout", "bi-", "search", "dark"}


@pytest.mark.parametrize(
    ("css", "left"),
    [
        ("p{a:b}.callout{c:d}", "p{a:b}.callout{c:d}"),
        (".card{a:b}", ""),
        (".card,.callout>p,.callout .card{a:b}", ".callout>p{a:b}"),
        ("#dark.callout{a:b}#other{a:b}", "#dark.callout{a:b}"),
        ("@media(min-width: 3em){.card{a:b}}", ""),
        ("@media print{.card{a:b}p{c:d}}", "@media print{p{c:d}}"),
        ("@keyframes turn{0%{a:b}to{c:d}}", "@keyframes turn{0%{a:b}to{c:d}}"),
        ("@page{margin:0}.card{a:b}", "@page{margin:0}"),
        ("@import 'x.css';.card{a:b}p{c:d}", "@import 'x.css';p{c:d}"),
        ("/*! Licence: www.card.org */.card{a:b}p{c:d}", "/*! Licence: www.card.org */p{c:d}"),
        ('p{content:"}.card{"}.card{a:b}', 'p{content:"}.card{"}'),
        (".bi-search{a:b}.bi-alarm{a:b}", ".bi-search{a:b}"),
        (".callout:not(.card,.x):is(h1,.card){a:b}", ".callout:not(.card,.x):is(h1,.card){a:b}"),
        ("a[href='x.card'],.card{a:b}", "a[href='x.card']{a:b}"),
    ],
)
def test_rules_for_what_no_page_has_are_left_out(css: str, left: str) -> None:
    assert without_unused(css, USED) == left


def test_every_word_may_be_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("x.classList.add(`bi-${kind}`)", encoding="utf-8")
    assert names([tmp_path / "a.js"]) == {"x", "classList", "add", "bi-", "kind"}


def test_only_the_icons_that_a_sheet_names_stay_in_the_font(tmp_path: Path) -> None:
    with TTFont(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")) as font:
        font.flavor = "woff"
        font.save(tmp_path / "icons.woff")
    (tmp_path / "icons.css").write_text('.a::before{content: "\\0041"}.b{content:"\\2713"}')
    for _ in range(2):
        keep_icons(tmp_path / "icons.woff", tmp_path)
        with TTFont(tmp_path / "icons.woff") as font:
            assert set(font.getBestCmap()) == {0x41, 0x2713}


def embedded(pixels: np.ndarray) -> str:
    """An SVG that holds a picture."""
    with io.BytesIO() as made:
        Image.fromarray(pixels).save(made, "PNG")
        code = base64.encodebytes(made.getvalue()).decode()
    return f'<svg><image xlink:href="data:image/png;base64,\n{code}" id="a"/></svg>'


def pixels_of(svg: str) -> np.ndarray:
    code = svg.split("base64,")[1].split('"')[0]
    with Image.open(io.BytesIO(base64.b64decode(code))) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize(("colours", "is_lighter"), [(1, False), (14, True), (5000, False)])
def test_pictures_of_few_colours_get_lighter_and_stay_the_same(
    colours: int, is_lighter: bool
) -> None:
    generator = np.random.default_rng(0)
    palette = generator.integers(0, 256, (colours, 4), dtype=np.uint8)
    svg = embedded(palette[generator.integers(0, colours, (90, 90))])
    lighter = with_palettes(svg)
    assert (len(lighter) < 0.8 * len(svg)) is is_lighter
    assert len(lighter) <= len(svg)
    assert np.array_equal(pixels_of(lighter), pixels_of(svg))
    assert lighter.endswith('" id="a"/></svg>')
