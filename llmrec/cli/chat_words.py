"""Words that come one by one, broken between words where the terminal ends."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console

__all__ = ["Flow"]


@dataclass
class Flow:
    """One reply's words on a console.

    A terminal breaks wherever its last column is, also within a word. A pipe or a file gets lines
    as long as they are.
    """

    console: Console
    _column: int = 0
    _gap: str = ""

    def write(self, text: str) -> None:
        """Print a piece; the space at its end waits for the next, which may begin a line."""
        word = text.rstrip(" ")
        first, _, _ = word.partition("\n")
        end = self._column + len(self._gap) + cell_len(first)
        if self._gap and self.console.is_terminal and end > self.console.width:
            self._print("\n" + word)
        else:
            self._print(self._gap + word)
        self._gap = text[len(word) :]

    def _print(self, text: str) -> None:
        self.console.print(text, end="", markup=False, highlight=False, soft_wrap=True)
        _, broken, last = text.rpartition("\n")
        self._column = cell_len(last) + (0 if broken else self._column)
