"""A reader without a model, for tests of ours and of users: its lines are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmrec.errors import EngineError
from llmrec.reading.lines import Line, Part, read_line
from llmrec.reading.prompt import ReadingContext, plain
from llmrec.reading.tracing import Traced, traced

__all__ = ["ScriptedReader"]


@dataclass(frozen=True)
class ScriptedReader:
    """Reads a message as the line that is given for it; any other as the name of what is sought.

    The lines go through the same checks as a model's.

    Args:
        lines: by message (:mod:`llmrec.reading.lines` has their form).
        currency: the shop's.

    >>> reader = ScriptedReader({"under 30": "refine | max 30"})
    >>> reader.read("under 30").reading.max, reader.read("a red kettle").reading.looking_for
    (Decimal('30'), 'a red kettle')
    """

    lines: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None

    def read(
        self, message: str, context: ReadingContext | None = None, currency: str | None = None
    ) -> Traced:
        """What the script says of a message.

        Raises:
            EngineError: the line given for it is none.
        """
        text = plain(message)
        # A message without a word is small talk, as a model's reader has it.
        wordless = not any(char.isalnum() for char in text)
        line = Line("talk") if wordless else Line("find", (Part("thing", text),))
        # A message comes as plain text: a full-width comma of the script would never be met. The
        # lines are looked through each time, for whoever gives them may give more of them later.
        scripted = (line for message, line in self.lines.items() if plain(message) == text)
        if (written := next(scripted, None)) is not None:
            parsed = read_line(written)
            if parsed is None:
                raise EngineError(
                    f"The line scripted for {text[:40]!r} is none: {written!r}.",
                    hint="Begin it with an intent's word, such as 'find' or 'refine'.",
                )
            line = parsed
        return traced(
            text,
            line,
            on_screen=len(context.on_screen) if context else 0,
            has_context=context is not None,
            currency=currency or self.currency,
        )
