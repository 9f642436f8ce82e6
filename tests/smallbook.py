"""A small book that uses every construct, built once."""

from __future__ import annotations

from pathlib import Path

QUARTO = """\
project:
  type: book
  output-dir: _book
book:
  title: "A small book"
  subtitle: "For tests"
  author: "Nobody"
  output-file: small
  page-footer: {left: "Under *a* [licence](https://example.org)"}
  chapters: [index.qmd, q1_one.qmd, q2_two.qmd, q3_three.qmd]
qmdbook:
  notebooks: [q1_one.qmd, q2_two.qmd, q3_three.qmd]
  inputs: [_quarto.yml, data.*, results/*]
bibliography: references.bib
format:
  html:
    html-math-method: mathml
    fig-format: svg
  typst:
    fig-format: svg
    citeproc: true
"""
TWO_CHAPTERS = """\
project: {type: book}
book:
  title: "Two chapters"
  output-file: small
  chapters: [index.qmd, q1_one.qmd]
qmdbook: {notebooks: [q1_one.qmd]}
"""
BIB = """\
@article{someone1999, author = {Someone, Ann}, title = {A title}, journal = {Journal},
  year = {1999}, doi = {10.1000/1}}
"""
INDEX = """\
# Preface {.unnumbered}

See @sec-one, @fig-line, @eq-two, @tbl-two and [@sec-part; @fig-line].

```{python}
value = 6 * 7
markup = "<script>alert(1)</script> *a* $b$ @fig-line"
```

The value is `{python} value`, the text `{python} markup`.
"""
ONE = """\
---
description: "The first chapter."
---

# One & only {#sec-one}

```{python}
#| echo: false
import matplotlib.pyplot as plt
from IPython.display import Markdown

def draw():
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([1, 2], [3, 4])
    plt.close(figure)
    return figure
```

## A part {#sec-part}

Text with a citation [@someone1999] and a footnote.[^1]

[^1]: The footnote.

$$
a = \\begin{bmatrix} 1 & `{python} Markdown("\\\\frac{1}{2}")` \\\\ 3 & 4 \\end{bmatrix},
\\quad \\hat{m} \\odot \\top
$$ {#eq-one}

```{python}
#| label: fig-line
#| fig-cap: "A *line*, see @eq-one."
#| fig-alt: "A line that \\"rises\\"."
draw()
```

## Another part

@eq-one, @fig-line (number [-@fig-line]) and @tbl-one; chapter @sec-two has @eq-two.

```{python}
#| label: tbl-one
#| tbl-cap: "A table."
Markdown("| a | b |\\n|---|---|\\n| 1 | 2 |")
```

```{python}
#| code-fold: true
#| code-summary: "Show it"
print("said")
17 + 4
```
"""
TWO = """\
# Two {#sec-two}

$$
\\begin{aligned} x &= 1 \\\\ y &= \\sum_i \\frac{\\partial L}{\\partial W_i} \\end{aligned}
$$ {#eq-two}

| c | d |
|:--|--:|
| 3 | 4 |

: Another table. {#tbl-two}

::: {.callout-tip collapse="true" title="Solution"}
The answer is @eq-two.
:::

::: {.callout-warning}
## Mind this

Text.
:::

::: {.content-visible when-format="html"}
Only on the page.
:::

::: {.content-hidden when-format="html"}
Only elsewhere.
:::

```{python}
#| output: asis
print("Made *by* a cell.")
```

```{python}
#| eval: false
never_run()
```
"""
THREE = """\
# Three {#sec-three}

```{python}
#| include: false
import pandas as pd
from IPython.display import Markdown

hidden = 3
```

![A drawing, see @eq-norm.](drawings/dot.svg){#fig-dot fig-alt="A dot." width=20%}

$$ \\hat{m}_t \\odot \\left\\|x\\right\\|_2^2 + \\|y\\|
  = \\begin{cases} 1 & x > 0 \\\\ 0 & x \\le 0 \\end{cases} $$ {#eq-norm}

::: {.callout-tip collapse="true" title="Worked out"}
Before the cell.

```{python}
#| label: tbl-frame
#| tbl-cap: "A frame, see @eq-norm."
#| code-fold: true
pd.DataFrame({"left": [1, 2], "right": [hidden, 4]})
```

After the cell, see [Fig. @fig-dot, left] and [-@tbl-frame].
:::

```{python}
#| echo: false
Markdown("As @eq-norm and\\n\\n$$ x^2 $$ {#eq-made}")
```

```{python}
for i in range(3):
    print("line", i, flush=True)
```

```{python}
#| output: false
"not shown"
```

::: {.content-visible when-format="html"}
```{=html}
<p>Raw for pages.</p>
```
:::

@eq-made.
"""
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><circle cx="1" cy="1" r="1"/></svg>'
)


def write_book(folder: Path, **chapters: str) -> Path:
    """The small book, with other texts for some chapters."""
    texts = {"index": INDEX, "q1_one": ONE, "q2_two": TWO, "q3_three": THREE} | chapters
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.qmd").write_text(text)
    (folder / "_quarto.yml").write_text(QUARTO)
    (folder / "drawings").mkdir(exist_ok=True)
    (folder / "drawings" / "dot.svg").write_text(DRAWING)
    (folder / "references.bib").write_text(BIB)
    return folder


def write_two(folder: Path, code: str) -> Path:
    """A book of two chapters, of which the second has one cell, as the command `hw1` finds it."""
    one = f"# One {{#sec-one}}\n\nText.\n\n```{{python}}\n{code}\n```\n"
    write_book(folder, index="# Preface {.unnumbered}\n\nSee @sec-one.\n", q1_one=one)
    (folder / "_quarto.yml").write_text(TWO_CHAPTERS)
    (folder / "network.toml").write_text("x = [1]\n")
    return folder
