"""The book without Quarto: the same chapters through nbclient, pandoc and typst."""
