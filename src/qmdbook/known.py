"""All that the builder knows: what is not in these tables is refused before anything is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font

from qmdbook import FONTS
from qmdbook.tree import Node

TEXT = (str,)
YES = (True, False)
FRONT_MATTER = {"title": TEXT, "description": TEXT, "jupyter": ("python3",)}
CELL_OPTIONS: dict[str, tuple[object, ...]] = {
    "label": TEXT, "fig-cap": TEXT, "fig-alt": TEXT, "tbl-cap": TEXT, "code-summary": TEXT,
    "echo": YES, "eval": YES, "include": YES, "output": (True, False, "asis"),
    "code-fold": (True, False, "show"),
}  # fmt: skip
# Keys of _quarto.yml: what is read, and what is for the looks of Quarto's formats alone.
PROJECT = {
    "": {
        "project", "book", "bibliography", "lang", "execute", "format", "qmdbook", "filters",
        "quarto-required", "link-citations", "tbl-cap-location", "tbl-colwidths", "fig-format",
        "jupyter", "toc", "toc-depth", "theme", "css",
    },
    "book": {
        "title", "subtitle", "author", "description", "date", "chapters", "output-file",
        "page-footer", "downloads", "favicon", "open-graph", "back-to-top-navigation", "site-url",
        "repo-url", "repo-actions", "repo-branch", "cover-image", "cover-image-alt", "sharing",
        "search", "sidebar", "navbar", "google-analytics",
    },
    "execute": {*CELL_OPTIONS, "keep-ipynb", "freeze", "cache", "daemon"},
}  # fmt: skip
CAPTIONS = {"fig": ("fig-cap", "fig-alt"), "tbl": ("tbl-cap",)}  # what a label asks for
# MIME types of outputs, the best first, with the kind of text they are or the image's suffix.
OUTPUTS = {
    "image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "text/markdown": "markdown",
    "text/latex": "markdown", "text/html": "html", "text/plain": "plain",
}  # fmt: skip


class Known(NamedTuple):
    """What each format makes of an element, and the pattern of each attribute's values."""

    site: str
    pdf: str
    notebook: str
    attributes: Mapping[str, str] = MappingProxyType({})


FORMATS = "html|pdf|typst|ipynb"
ANY = "(?s).*"
SHOWN = Known("shown", "shown", "shown")
BOX = Known("box", "box", "quote", {"collapse": "true|false"})
SOME = Known("if named", "if named", "if named", {"when-format": FORMATS, "unless-format": FORMATS})
# Pandoc's elements that have attributes, and with a dot their classes. All other elements but raw
# ones are shown in each format.
KNOWN = {
    **dict.fromkeys(("Code", "CodeBlock", "Div", "Figure", "Link", "Span", "Table"), SHOWN),
    **dict.fromkeys(("Link.email", "Link.uri"), SHOWN),
    "Image": Known("shown", "shown", "in its own size", {"fig-alt": ANY, "width": r"[\d.]+%"}),
    "Header": Known("shown", "shown", "shown", {"part": ANY}),
    "Header.unnumbered": Known("without number", "without number", "without number"),
    "Header.unlisted": Known("not in the contents", "shown", "shown"),
    "Header.extra": Known("shown", "with its section not in a hand-in", "shown"),
    "CodeBlock.*": Known("coloured as this language", "coloured", "marked as this language"),
    "CodeBlock.cell": Known("run", "run", "run", {"part": ANY}),
    "Div.callout-note": BOX, "Div.callout-tip": BOX, "Div.callout-warning": BOX,
    "Div.callout-important": BOX, "Div.callout-caution": BOX, "Div.callout-title": BOX,
    "Div.solution": Known("folded", "at its chapter's end", "quote"),
    "Div.content-visible": SOME, "Div.content-hidden": SOME,
    "Div.extra": Known("shown", "not in a hand-in", "shown"),
    "Div.cards": Known("side by side", "one below the other", "one below the other"),
    "Div.card": Known("box", "shown", "shown"),
}  # fmt: skip
WHERE_THE_ATTRIBUTES_ARE = {"Header": 1} | dict.fromkeys(
    ("Code", "Link", "Image", "Span", "CodeBlock", "Div", "Figure", "Table"), 0
)
OWN = ("read", "cell-code", "cell-output")  # classes of the builder's own blocks of code
NAMES = {
    "Code": "inline code", "CodeBlock": "a block of code", "Div": "a block", "Header": "a heading",
    "Image": "an image",
}  # fmt: skip
LABELLED = {"fig": "Figure", "tbl": "Table", "sec": "Header", "eq": "", "exr": "Div"}
RESERVED = re.compile(  # what Quarto numbers besides
    r"(thm|lem|cor|prp|cnj|def|exm|sol|rem|alg|tip|nte|wrn|imp|cau|lst|vid|dia)-"
)
# Formulas: what pandoc sets alike in MathML and typst, and MathJax in a notebook.
_ENVIRONMENTS = """
aligned align align* gathered gather gather* equation equation* array cases
matrix bmatrix pmatrix vmatrix Vmatrix Bmatrix
"""
_COMMANDS = r"""
\ , ; : ! { } | % $ # & _ quad qquad left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr
Biggl Biggr begin end text textbf textit textrm mathrm mathbf mathit mathbb mathcal mathfrak mathsf
mathtt boldsymbol operatorname frac dfrac tfrac binom sqrt overline underline overbrace underbrace
hat widehat bar tilde widetilde vec dot ddot overset underset stackrel substack displaystyle
textstyle alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu
xi pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda
Xi Pi Sigma Upsilon Phi Psi Omega sum prod int iint iiint oint lim limsup liminf max min sup inf arg
log ln exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh det dim ker gcd deg Pr mod
bmod pmod limits nolimits cdot times div pm mp ast star circ bullet oplus ominus otimes odot cup cap
setminus wedge vee land lor lnot neg not in notin ni subset subseteq supset supseteq le leq ge geq
ne neq ll gg equiv sim simeq approx cong propto mid parallel perp prec succ models vdash colon to
gets mapsto rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow longrightarrow
longleftarrow Longrightarrow Longleftarrow Longleftrightarrow implies iff uparrow downarrow
hookrightarrow longmapsto infty partial nabla forall exists nexists emptyset varnothing ell hbar Re
Im aleph top bot prime dots ldots cdots vdots ddots dotsc dotsb angle triangle square langle rangle
lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert lbrace rbrace dagger ddagger triangleq
leqslant geqslant lesssim gtrsim bigcup bigcap bigoplus bigotimes coprod bigvee bigwedge sqcup sqcap
asymp nearrow searrow Uparrow Downarrow updownarrow rightleftharpoons leadsto complement imath jmath
blacksquare smallsetminus ltimes rtimes doteq coloneqq backslash because therefore nmid nsubseteq
subsetneq supsetneq mathring acute grave check breve overrightarrow overleftarrow mathscr mathop
xrightarrow boxed bm phantom
"""
ENVIRONMENTS = frozenset(_ENVIRONMENTS.split())
COMMANDS = frozenset(_COMMANDS.split()) | {" "}


@dataclass(frozen=True)
class Problem:
    """What is not known, the words by which its line is found, and whose value or output it is."""

    message: str
    token: str
    part: int | None = None


def problems(node: Node, only_html: bool = False) -> Iterator[Problem]:
    """What these tables lack of a syntax tree, in order.

    Args:
        node: a part of the tree.
        only_html: whether no other format shows it, so that HTML may stand here as it is.
    """
    if isinstance(node, list):
        for item in node:
            yield from problems(item, only_html)
    elif isinstance(node, dict) and "t" in node:
        kind, content = node["t"], node.get("c", [])
        yield from _of_element(kind, content, only_html)
        inner = problems(content, only_html or (kind == "Div" and _is_only_html(*content[0])))
        if kind in {"Div", "Span"} and "read" in content[0][1]:
            part = int(dict(content[0][2])["part"])
            if "blocks" in content[0][1]:
                message = "a value of several paragraphs can't stand in a sentence"
                yield Problem(message, "", part)
            inner = (replace(problem, part=part) for problem in inner)
        yield from inner
    elif isinstance(node, dict):
        yield from problems(list(node.values()), only_html)


def _of_element(kind: str, content: Node, only_html: bool) -> Iterator[Problem]:
    if kind in {"RawBlock", "RawInline"}:
        yield from _of_raw(content[0], content[1], only_html)
    elif kind == "Math":
        yield from _of_formula(content[1])
        yield from _of_letters(content[1])
    elif kind == "Str":
        if content.startswith("{{<"):
            yield Problem("shortcodes are not known here", "{{<")
        yield from _of_letters(content)
    elif kind in {"Code", "CodeBlock"}:
        yield from _of_letters(content[1])
    elif kind == "Header" and content[0] == 1 and any(x["t"] == "Math" for x in content[2]):
        yield Problem("a chapter's heading can't have formulas", "# ")  # navigation shows its text
    elif kind == "Figure" and any(block["t"] not in {"Plain", "Para"} for block in content[1][1]):
        yield Problem("a caption must be of paragraphs", "")
    if kind in WHERE_THE_ATTRIBUTES_ARE:
        yield from _of_attributes(kind, *content[WHERE_THE_ATTRIBUTES_ARE[kind]])
    if kind == "Code" and (other := re.match(r"\{(?!value)\w+\} ", content[1])):
        yield Problem(f"inline code in {other[0].strip()} is not known here", other[0])
    if kind == "Link" and (found := re.match(r"(?!https?:|mailto:)\w[\w+.-]*:", content[2][0])):
        yield Problem(f"links to {found[0]} are not known here", found[0])


def _of_raw(language: str, text: str, only_html: bool) -> Iterator[Problem]:
    if language == "html" and (only_html or text.lstrip().startswith("<!--")):
        return
    first = text.strip().splitlines()[0][:60] if text.strip() else ""
    if language == "html":
        cure = 'write Markdown, or put it into ::: {.content-visible when-format="html"}'
    elif language in {"tex", "latex"}:
        cure = "write Markdown, formulas between $ or $$, and references with @"
    else:
        cure = "write Markdown"
    yield Problem(f"`{first}` would be missing from some formats; {cure}", first)


def _of_attributes(
    kind: str, identifier: str, classes: list[str], attributes: list[list[str]]
) -> Iterator[Problem]:
    name = NAMES.get(kind, f"a {kind.lower()}")
    allowed = dict(KNOWN[kind].attributes)
    for count, found in enumerate(classes):
        language = f"{kind}.*" if not count and found not in OWN else ""
        row = KNOWN.get(f"{kind}.{found}") or KNOWN.get(language)
        if not row:
            yield Problem(f"{name} of class {found!r} is not known here", found)
            return
        allowed |= row.attributes
    for key, value in attributes:
        if key not in allowed:
            yield Problem(f"the attribute {key!r} of {name} is not known here", key)
        elif not re.fullmatch(allowed[key], value):
            what = "a percentage" if key == "width" else allowed[key].replace("|", " or ")
            yield Problem(f"the attribute {key} must be {what}", key)
    if "when-format" in allowed and len(attributes) != 1:
        yield Problem("this block must have when-format or unless-format", classes[0])
    prefix = identifier.partition("-")[0]
    if RESERVED.match(identifier):
        yield Problem(
            f"blocks that are numbered as #{prefix}- are not known here", f"#{identifier}"
        )
    elif "-" in identifier and LABELLED.get(prefix, kind) != kind:
        yield Problem(f"{name} can't be {identifier}; label its content", f"#{identifier}")


def _of_formula(tex: str) -> Iterator[Problem]:
    for name in re.findall(r"\\([a-zA-Z]+|.)", tex):
        if name not in COMMANDS:
            yield Problem(f"\\{name} in a formula is not known here", f"\\{name}")
    for name in re.findall(r"\\begin\s*\{(.*?)\}", tex):
        if name not in ENVIRONMENTS:
            yield Problem(f"the environment {name} in a formula is not known here", name)
    for columns in re.findall(r"\\begin\s*\{array\}\s*\{(.*?)\}", tex):
        if set(columns) - set("lcr "):
            yield Problem(f"the columns {columns} of an array can only be l, c and r", columns)


def _of_letters(text: str) -> Iterator[Problem]:
    if text.isascii():
        return
    for letter in text:
        if ord(letter) not in _drawn() and unicodedata.category(letter)[0] not in "CZ":
            name = f"{letter} (U+{ord(letter):04X})"
            yield Problem(f"the PDF's fonts have no {name}", letter)
            return


@cache
def _drawn() -> set[int]:
    """The characters of the fonts that the PDF is set in."""
    fonts = sorted(FONTS.glob("*-regular.ttf"))
    fonts += [FONTS / "stix-two-math.ttf"]
    fonts += [Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"]  # typst has it too
    return {code for font in fonts for code in FT2Font(str(font)).get_charmap()}


def _is_only_html(_: str, classes: list[str], attributes: list[list[str]]) -> bool:
    visible = "content-visible" in classes and ["when-format", "html"] in attributes
    return visible or ("content-hidden" in classes and ["unless-format", "html"] in attributes)
