"""Takes out of a site's files what none of its pages shows."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from fontTools import subset
from PIL import Image

QUOTED = r'"(?:\\.|[^"\\])*"' + r"|'(?:\\.|[^'\\])*'"
TOKEN = re.compile(rf"{QUOTED}|/\*.*?\*/|[{{}};]", re.DOTALL)
PARENTHESES = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
SELECTOR = re.compile(rf"(?:{PARENTHESES}|[^,()])+")
CONDITIONS = ("@media", "@supports", "@container", "@layer")
EXPORTS = r"--quarto-scss-export-[^;}]*;?"  # for Quarto's own tools, hundreds of them
EMBEDDED = re.compile(r'(data:image/png;base64,)\s*([^"]+)')


def names(files: Iterable[Path]) -> set[str]:
    """Every word of the files: whatever class or id a page has or a script gives is among them."""
    texts = (path.read_text(encoding="utf-8") for path in files)
    return {name for text in texts for name in re.findall(r"[\w-]+", text)}


def without_unused(css: str, used: set[str]) -> str:
    """A style sheet without the rules for classes and ids that are not in `used`.

    Scripts put some names together, as from `bi-` and `search`: both parts are in `used` then.
    """
    beginnings = [name for name in used if re.fullmatch(r"[a-z][\w-]+-", name)]

    def is_used(name: str) -> bool:
        parts = (name.removeprefix(start) for start in beginnings if name.startswith(start))
        return name in used or any(part in used for part in parts)

    def matches(selector: str) -> bool:
        bare = re.sub(rf"{PARENTHESES}|\[[^\]]*\]", "", selector)
        return all(map(is_used, re.findall(r"[.#]([\w-]+)", bare)))

    def kept(css: str) -> Iterator[str]:
        for prelude, body in _rules(css):
            if body is None:
                yield prelude
            elif prelude.startswith(CONDITIONS):
                inner = "".join(kept(body))
                yield f"{prelude}{{{inner}}}" if inner else ""
            elif prelude.startswith("@"):
                yield f"{prelude}{{{body}}}"
            else:
                selectors = [s for s in SELECTOR.findall(prelude) if matches(s)]
                yield f"{','.join(selectors)}{{{body}}}" if selectors else ""

    return re.sub(EXPORTS, "", "".join(kept(css)))


def _rules(css: str) -> Iterator[tuple[str, str | None]]:
    """What stands before each pair of outermost braces, and in it; None in statements, comments."""
    start = brace = depth = 0
    for token in TOKEN.finditer(css):
        mark = token[0]
        if mark == "{":
            depth += 1
            brace = token.start() if depth == 1 else brace
        elif mark == "}":
            depth -= 1
            if depth == 0:
                yield css[start:brace].strip(), css[brace + 1 : token.start()]
                start = token.end()
        elif depth == 0 and (mark == ";" or mark.startswith("/*")):
            yield css[start : token.end()].strip(), None
            start = token.end()


def keep_icons(font: Path, sheets: Path) -> None:
    """Leaves in an icon font the characters that the style sheets in the folder `sheets` name."""
    texts = (path.read_text(encoding="utf-8") for path in sheets.glob("*.css"))
    codes = {int(code, 16) for text in texts for code in re.findall(r'"\\([0-9a-f]{4})"', text)}
    options = subset.Options(flavor="woff", layout_features=[])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    with io.BytesIO(font.read_bytes()) as stored, subset.load_font(stored, options) as icons:
        subsetter.subset(icons)
        subset.save_font(icons, font, options)


def with_palettes(svg: str) -> str:
    """An SVG whose pictures have a palette where that makes them smaller and changes no pixel."""

    def smaller(found: re.Match[str]) -> str:
        data = base64.b64decode(found[2])
        with Image.open(io.BytesIO(data)) as opened, io.BytesIO() as made:
            image = opened.convert("RGBA")
            palette = image.quantize(method=Image.Quantize.FASTOCTREE)
            palette.save(made, "PNG", optimize=True)
            if palette.convert("RGBA").tobytes() != image.tobytes() or made.tell() >= len(data):
                return found[0]
            return found[1] + base64.b64encode(made.getvalue()).decode()

    return EMBEDDED.sub(smaller, svg)
