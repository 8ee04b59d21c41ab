"""The reader: a message in its context -> what it says, by a trained model and code that checks it.

::

    message ─► prompt ─► line, under the message's own grammar ─► traced to the message ─► reading
                  └────► the sign of each sum, brand and refusal, asked apart ──┘
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmrec.engines.constraints import Grammar
from llmrec.errors import EngineError
from llmrec.reading.grammar import line_grammar
from llmrec.reading.lines import Part, Said, read_line, write_line
from llmrec.reading.prompt import READ, ReadingContext, plain, prompt_head, sign_question
from llmrec.reading.reading import Reading
from llmrec.reading.signs import LABELS, SUMS, settled_name, settled_sum
from llmrec.reading.tracing import Traced, traced, witnessed_parts

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["MessageReader"]

_MOST_TOKENS = 96
_NOTHING = Reading(intent="smalltalk")


@dataclass(frozen=True)
class MessageReader:
    """Reads shoppers' messages. Safe to use from several threads, as its engine is.

    Args:
        engine: with the reader's adapter loaded.
        adapter: its name there; ``None`` where the weights themselves were trained to read.
        currency: the shop's, by default.
        witness: whether signs are asked a second time; without, a turned limit goes unseen.
    """

    engine: Engine
    adapter: str | None = "reader"
    currency: str | None = None
    witness: bool = True

    def read(
        self, message: str, context: ReadingContext | None = None, currency: str | None = None
    ) -> Traced:
        """What a message says.

        Args:
            message: as the shopper has typed it.
            context: what it is read against; ``None`` at the beginning of a conversation.
            currency: the shop's, instead of the reader's.

        Raises:
            EngineError: the engine failed, or has no adapter of that name.
            EngineTimeout: it took too long.
        """
        text = plain(message)
        if not any(char.isalnum() for char in text):
            return Traced(_NOTHING)
        head = prompt_head(text, context)
        shown = len(context.on_screen) if context else 0
        line = self._line(head, text, shown)
        line, denied = self._heard(head, line) if self.witness else (line, frozenset())
        return traced(
            text,
            line,
            denied,
            on_screen=shown,
            has_context=context is not None,
            currency=currency or self.currency,
        )

    def _line(self, head: str, text: str, shown: int) -> Said:
        written = self.engine.generate(
            [head + READ],
            max_tokens=_MOST_TOKENS,
            adapters=[self.adapter],
            constraint=Grammar(line_grammar(text, shown)),
        )[0]
        line = read_line(written)
        if line is None:
            raise EngineError(
                f"The reader wrote no line: {written[:60]!r}.",
                hint="Check models.reader: it must name an adapter that was trained to read.",
            )
        return line

    def _heard(self, head: str, line: Said) -> tuple[Said, frozenset[Part]]:
        """The line with each sum's sign as both witnesses see it, and the parts that they do not.

        All that is asked begins with the same head, which an engine reads once.
        """
        parts = witnessed_parts(line)
        if not parts:
            return line, frozenset()
        sums = [part for part in parts if part.kind in SUMS]
        questions = [head + sign_question(part.text) for part in parts]
        beginnings = [head + READ + " " + _before(line, part) for part in sums]
        answers = [f" {label}" for label in LABELS]
        kinds = [f" {kind}" for kind in SUMS]
        scores = self.engine.score_labels(
            [*questions, *beginnings],
            [answers] * len(questions) + [kinds] * len(beginnings),
            adapters=[self.adapter] * (len(questions) + len(beginnings)),
        )
        shares = [[float(share) for share in np.exp(row)] for row in scores]
        by_part = dict(zip(parts, shares, strict=False))
        in_line = dict(zip(sums, shares[len(parts) :], strict=True))
        heard: dict[Part, Part] = {}
        denied: set[Part] = set()
        for part in parts:
            answer = dict(zip(LABELS, by_part[part], strict=True))
            if part in in_line:
                kind = settled_sum(answer, dict(zip(SUMS, in_line[part], strict=True)))
                if kind is None:
                    denied.add(part)
                else:
                    heard[part] = replace(part, kind=kind)
            elif not settled_name(part.kind, answer):
                denied.add(part)
        whole = tuple(dict.fromkeys(heard.get(part, part) for part in line.parts))
        return replace(line, parts=whole), frozenset(denied)


def _before(line: Said, part: Part) -> str:
    """The line up to the sign of a part."""
    place = line.parts.index(part)
    return write_line(replace(line, parts=line.parts[:place])) + " |"
