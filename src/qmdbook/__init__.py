"""The book without Quarto: the same chapters through nbclient, pandoc and typst."""

from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
