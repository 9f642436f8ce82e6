"""All that the builder knows: what is not in these tables is refused before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from qmdbook.letters import first_missing
from qmdbook.tree import WHERE_THE_ATTRIBUTES_ARE, Element, Json, element

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


class Kind(NamedTuple):
    """What labels of a kind stand on, and what references call it."""

    element: str
    name: str


# By the label's first letters; an equation's label is text, from which number.lua makes a span.
KINDS = {
    "fig": Kind("Figure", "Figure"), "tbl": Kind("Table", "Table"), "eq": Kind("", "Equation"),
    "sec": Kind("Header", "Section"), "exr": Kind("Div", "Exercise"),
}  # fmt: skip
LABEL = re.compile(f"({'|'.join(KINDS)})-")
RESERVED = re.compile(  # what Quarto numbers besides
    r"(thm|lem|cor|prp|cnj|def|exm|sol|rem|alg|tip|nte|wrn|imp|cau|lst|vid|dia)-"
)
CALLOUTS = {  # by their classes, what they are called that have no title
    "callout-note": "Note", "callout-tip": "Tip", "callout-warning": "Warning",
    "callout-important": "Important", "callout-caution": "Caution",
}  # fmt: skip

FORMATS = "html|pdf|typst|ipynb"
ANY = "(?s).*"
CONDITION = {"when-format": FORMATS, "unless-format": FORMATS}
# Pandoc's elements that have attributes, and with a dot their classes, each with the patterns that
# its attributes' values must fit. All other elements but raw ones are shown in each format.
KNOWN: Mapping[str, Mapping[str, str]] = {
    "Code": {}, "CodeBlock": {}, "Div": {}, "Figure": {}, "Link": {}, "Span": {}, "Table": {},
    "Image": {"fig-alt": ANY, "width": r"[\d.]+%"},  # a notebook shows it in its own size
    "Header": {"part": ANY},
    "Header.unnumbered": {},
    "Header.unlisted": {},  # in the page's contents
    "Header.extra": {},  # with its section not in a hand-in
    "Link.email": {}, "Link.uri": {},  # as pandoc calls those between < and >
    "CodeBlock.*": {},  # the language
    "CodeBlock.cell": {"part": ANY},
    **{f"Div.{name}": {"collapse": "true|false"} for name in CALLOUTS},
    "Div.callout-title": {},
    "Div.solution": {},  # folded; in print at its chapter's end; in a notebook a quote
    "Div.content-visible": CONDITION, "Div.content-hidden": CONDITION,
    "Div.extra": {},  # not in a hand-in
    "Div.cards": {}, "Div.card": {},  # side by side on the site, one below the other elsewhere
}  # fmt: skip
OWN = ("read", "cell-code", "cell-output")  # classes of the builder's own blocks of code
NAMES = {
    "Code": "inline code", "CodeBlock": "a block of code", "Div": "a block", "Header": "a heading",
    "Image": "an image",
}  # fmt: skip
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


QUARTO = "leave it out, or build with Quarto"


@dataclass(frozen=True)
class Problem:
    """What is not known.

    Attributes:
        message: what is wrong.
        token: words by which its line is found.
        cure: what to do.
        part: the number of the cell or expression whose output or value it is.
    """

    message: str
    token: str
    cure: str = QUARTO
    part: int | None = None

    def __str__(self) -> str:
        return f"{self.message}; {self.cure}"


def problems(node: Json, only_html: bool = False) -> Iterator[Problem]:
    """What these tables lack of a syntax tree, in order.

    Args:
        node: a part of the tree.
        only_html: whether no other format shows it, so that HTML may stand here as it is.
    """
    left: list[tuple[Json, bool, int | None]] = [(node, only_html, None)]
    while left:
        node, only_html, part = left.pop()
        inside: Sequence[Json] = []
        if isinstance(node, list):
            inside = node
        elif item := element(node):
            for problem in _of_element(item, only_html):
                yield problem if part is None else replace(problem, part=part)
            if item.kind in {"Div", "Span"} and "read" in item.classes:
                part = int(item.attribute("part"))
                if "blocks" in item.classes:
                    message = "a value of several paragraphs can't stand in a sentence"
                    yield Problem(message, "", "give it a paragraph of its own", part)
            only_html = only_html or _is_only_html(item)
            inside = [item.content]
        elif isinstance(node, dict):
            inside = list(node.values())
        left.extend((item, only_html, part) for item in reversed(inside))


def _of_element(item: Element, only_html: bool) -> Iterator[Problem]:
    text, is_raw = item.text, item.kind in {"RawBlock", "RawInline"}
    if is_raw:
        yield from _of_raw(str(item.part(0)), text, only_html)
    elif letter := first_missing(text):
        name = f"{letter} (U+{ord(letter):04X})"
        yield Problem(f"the PDF's fonts have no {name}", letter, "write it in letters")
    yield from _of_attributes(item)
    match item.kind:
        case "Math":
            yield from _of_formula(text)
        case "Str" if text.startswith("{{<"):
            yield Problem("shortcodes are not known here", "{{<", "write out what this one gives")
        case "Code" if other := re.match(r"\{(?!value)\w+\} ", text):
            yield Problem(f"inline code in {other[0].strip()} is not known here", other[0])
        case "Header" if item.level == 1 and "Math" in _kinds(item.part(2)):
            cure = "write it in words"  # navigation shows its text
            yield Problem("a chapter's heading can't have formulas", "# ", cure)
        case "Figure" if _kinds(_long_caption(item)) - {"Plain", "Para"}:
            yield Problem("a caption must be of paragraphs", "", "put the rest below the figure")
        case "Link" if other := re.match(r"(?!https?:|mailto:)\w[\w+.-]*:", item.target):
            cure = "link to https:, http: or mailto:, or to a file of the book"
            yield Problem(f"links to {other[0]} are not known here", other[0], cure)


def _kinds(items: Json) -> set[str]:
    """The kinds of the elements in a list."""
    inside = map(element, items) if isinstance(items, list) else ()
    return {item.kind for item in inside if item}


def _long_caption(figure: Element) -> Json:
    caption = figure.part(1)
    return caption[1] if isinstance(caption, list) else None


def _is_only_html(block: Element) -> bool:
    if block.kind != "Div":
        return False
    visible = "content-visible" in block.classes and ["when-format", "html"] in block.attributes
    hidden = "content-hidden" in block.classes and ["unless-format", "html"] in block.attributes
    return visible or hidden


def _of_raw(language: str, text: str, only_html: bool) -> Iterator[Problem]:
    if language == "html" and (only_html or text.lstrip().startswith("<!--")):
        return
    first = text.strip().splitlines()[0][:60] if text.strip() else ""
    cure = "write Markdown"
    if language == "html":
        cure += ', or put it into ::: {.content-visible when-format="html"}'
    elif language in {"tex", "latex"}:
        cure += ", formulas between $ or $$, and references with @"
    yield Problem(f"`{first}` would be missing from some formats", first, cure)


def _of_attributes(item: Element) -> Iterator[Problem]:
    kind, label = item.kind, item.identifier
    if kind not in WHERE_THE_ATTRIBUTES_ARE:
        return
    name, allowed = NAMES.get(kind, f"a {kind.lower()}"), {**KNOWN[kind]}
    for count, each in enumerate(item.classes):
        language = f"{kind}.*" if not count and each not in OWN else ""
        row = KNOWN.get(f"{kind}.{each}", KNOWN.get(language))
        if row is None:
            yield Problem(f"{name} of class {each!r} is not known here", each)
            return
        allowed |= row
    for key, value in item.attributes:
        if key not in allowed:
            yield Problem(f"the attribute {key!r} of {name} is not known here", key)
        elif not re.fullmatch(allowed[key], value):
            wanted = "a percentage" if key == "width" else allowed[key].replace("|", " or ")
            yield Problem(f"the attribute {key} must be {wanted}", key)
    if allowed.keys() >= CONDITION.keys() and len(item.attributes) != 1:
        yield Problem("this block must have when-format or unless-format", item.classes[0])
    prefix = label.partition("-")[0]
    if RESERVED.match(label):
        yield Problem(f"blocks that are numbered as #{prefix}- are not known here", f"#{label}")
    elif LABEL.match(label) and KINDS[prefix].element != kind:
        yield Problem(f"{name} can't be {label}", f"#{label}", "label its content")


def _of_formula(tex: str) -> Iterator[Problem]:
    for name in re.findall(r"\\([a-zA-Z]+|.)", tex):
        if name not in COMMANDS:
            yield Problem(f"\\{name} in a formula is not known here", f"\\{name}")
    for name in re.findall(r"\\begin\s*\{(.*?)\}", tex):
        if name not in ENVIRONMENTS:
            yield Problem(f"the environment {name} in a formula is not known here", name)
    for columns in re.findall(r"\\begin\s*\{array\}\s*\{(.*?)\}", tex):
        if set(columns) - set("lcr "):
            cure = "part them by space alone"
            yield Problem(
                f"the columns {columns} of an array can only be l, c and r", columns, cure
            )
