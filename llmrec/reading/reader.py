"""The reader: a message in its context -> what it says, by a trained model and code that checks it.

::

    message ─► prompt ─► line, under the message's own grammar ─► traced to the message ─► reading
                  ├────► a further request, where the line may well go on ───────────┤
                  └────► the sign of each sum, name, refusal and wish, asked apart ──┘
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmrec.engines.constraints import Grammar
from llmrec.errors import EngineError
from llmrec.labels import label_token
from llmrec.reading.amounts import amounts_in
from llmrec.reading.grammar import GIFT, line_grammar
from llmrec.reading.lines import ALSO, Line, Part, read_line, write_line
from llmrec.reading.prompt import READ, ReadingContext, plain, prompt_head, sign_question
from llmrec.reading.reading import Reading
from llmrec.reading.refusals import Denial, left_out_denials
from llmrec.reading.signs import (
    LABELS,
    MENTIONED,
    SUMS,
    Label,
    SumKind,
    goes_on,
    is_doubted,
    is_only_told,
    is_refused,
    left_out_sum,
    settled_name,
    settled_sum,
)
from llmrec.reading.tracing import Traced, traced, witnessed_parts

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["MessageReader"]

_MOST_TOKENS = 96
_MOST_LEFT_OUT = 6
_NOTHING = Reading(intent="smalltalk")
_LIMITED = ("find", "refine")
_REFUSING = (*_LIMITED, "product", "order")
"""First words of lines beside which a refusal that was left out is looked for."""


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
        written = self._written(head + READ, line_grammar(text, shown))
        heard = self._heard(head, text, written)
        if heard.goes_on:
            written += ALSO
            further = self._written(head + READ + written, line_grammar(text, shown, 0))
            heard = self._heard(head, text, written + further)
        return traced(
            text,
            heard.line,
            heard.denied,
            on_screen=shown,
            has_context=context is not None,
            currency=currency or self.currency,
        )

    def _written(self, prompt: str, grammar: str) -> str:
        """What the model writes behind the prompt."""
        return self.engine.generate(
            [prompt],
            max_tokens=_MOST_TOKENS,
            adapters=[self.adapter],
            constraint=Grammar(grammar),
        )[0]

    def _heard(self, head: str, text: str, written: str) -> _Heard:
        """The line with each sum's sign as both witnesses see it, and the parts that they do not.

        Numbers that the line leaves out are asked about too: a model that writes forgets more than
        one that answers. All that is asked begins with the same head, which an engine reads once.
        """
        line = _line_of(written)
        if not self.witness:
            return _Heard(line)
        parts, wishes = witnessed_parts(line), _wishes(line)
        left_out, denials = _left_out(text, line), _left_out_denials(text, line)
        sums = [part for part in parts if part.kind in SUMS]
        spans = [span for denial in denials for span in denial.spans]
        texts = [*(part.text for part in (*parts, *wishes)), *left_out, *spans]
        beginnings = [READ + " " + _before(line, part) for part in sums]
        # A line that was cut has not ended.
        cut = self.engine.count_tokens(written) >= _MOST_TOKENS
        ending = "" if line.also or cut else READ + written
        answers, signs, further = self._asked(head, texts, beginnings, ending)
        asked = iter(answers)
        settled, denied, doubted = _settled(
            list(zip(parts, asked, strict=False)), dict(zip(sums, signs, strict=True))
        )
        told = {part for part in wishes if is_only_told(part.kind, next(asked))}
        first, *also = (
            replace(
                request,
                parts=tuple(
                    dict.fromkeys(settled.get(p, p) for p in request.parts if p not in told)
                ),
            )
            for request in map(_alone, line.requests)
        )
        whole = list(first.parts)
        for number in left_out:
            _put_in(whole, number, left_out_sum(next(asked)), doubted)
        sure = dict(zip(spans, asked, strict=True))
        refusals = [
            denial.refusal(span)
            for denial in denials
            if is_refused(sure[span := max(denial.spans, key=lambda span: sure[span]["refused"])])
        ]
        if line.intent in _LIMITED:
            whole += refusals
        elif refusals:  # beside a question it is a wish of its own
            also.append(Line("refine", tuple(refusals)))
        line = replace(first, parts=tuple(dict.fromkeys(whole)), also=tuple(also))
        return _Heard(line, frozenset(denied), further)

    def _asked(
        self, head: str, texts: Sequence[str], beginnings: Sequence[str], ending: str
    ) -> tuple[list[dict[Label, float]], list[dict[SumKind, float]], bool]:
        """How likely each label is for each text, and each sign behind each beginning of a line.

        And whether the line that ends with ``ending`` goes on; ``""`` where that is not asked.
        """
        labels = [[f" {label}" for label in LABELS]] * len(texts)
        kinds = [[f" {kind}" for kind in SUMS]] * len(beginnings)
        ends = self._ends(ending) if ending else []
        prompts = [head + asked for asked in (*map(sign_question, texts), *beginnings)]
        prompts += [head + ending] * len(ends)
        if not prompts:
            return [], [], False
        scores = self.engine.score_labels(
            prompts, [*labels, *kinds, *ends], adapters=[self.adapter] * len(prompts)
        )
        shares = [[float(share) for share in np.exp(row)] for row in scores]
        return (
            [dict(zip(LABELS, row, strict=True)) for row in shares[: len(texts)]],
            [
                dict(zip(SUMS, row, strict=True))
                for row in shares[len(texts) : len(texts) + len(kinds)]
            ],
            bool(ends) and goes_on(shares[-1][0]),
        )

    def _ends(self, ending: str) -> list[list[str]]:
        """What a line may end with, where that is one token each; not every base has them."""
        labels = [ALSO, self.engine.end_of_turn or ""]
        known = (label_token(self.engine.token_ids, ending, label) for label in labels)
        return [] if None in known else [labels]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A line as both witnesses see it.

    ``denied`` are the parts that they do not settle; ``goes_on`` says that the line ended although
    a further request was likely.
    """

    line: Line
    denied: frozenset[Part] = frozenset()
    goes_on: bool = False


def _line_of(written: str) -> Line:
    line = read_line(written)
    if line is None:
        raise EngineError(
            f"The reader wrote no line: {written[:60]!r}.",
            hint="Check models.reader: it must name an adapter that was trained to read.",
        )
    return line


def _wishes(line: Line) -> tuple[Part, ...]:
    """What a thing should be like: a story beside a wish is easily taken for a part of it."""
    wishes = line.of("thing", "attribute")
    return tuple(part for part in wishes if part.name not in MENTIONED and part.text != GIFT)


def _settled(
    answered: Sequence[tuple[Part, Mapping[Label, float]]],
    in_line: Mapping[Part, Mapping[SumKind, float]],
) -> tuple[dict[Part, Part], set[Part], set[Part]]:
    """The sums with the sign that both witnesses see, what they do not settle, what is doubted."""
    settled: dict[Part, Part] = {}
    denied: set[Part] = set()
    for part, answer in answered:
        if part in in_line:
            kind = settled_sum(answer, in_line[part])
            if kind is None:
                denied.add(part)
            else:
                settled[part] = replace(part, kind=kind)
        elif not settled_name(part.kind, answer):
            denied.add(part)
    return (
        settled,
        denied,
        {part for part, answer in answered if part in in_line and is_doubted(answer)},
    )


def _left_out_denials(text: str, line: Line) -> list[Denial]:
    """What the message may refuse and the line has not, where it asks for something."""
    return left_out_denials(text, line) if line.intent in _REFUSING else []


def _left_out(text: str, line: Line) -> list[str]:
    """The message's numbers that no part of the line is, the first few; only wishes have limits."""
    if line.intent not in _LIMITED:
        return []
    spoken = {part.text.casefold() for part in witnessed_parts(line)}
    numbers = dict.fromkeys(amount.text for amount in amounts_in(text))
    return [number for number in numbers if number.casefold() not in spoken][:_MOST_LEFT_OUT]


def _put_in(
    parts: list[Part], number: str, kind: SumKind | None, doubted: Collection[Part]
) -> None:
    """Add a sum where there is none of its sign, or in place of one that is doubted."""
    if kind is None:
        return
    place = next((n for n, part in enumerate(parts) if part.kind == kind), None)
    if place is None:
        parts.append(Part(kind, number))
    elif any(part.text == parts[place].text for part in doubted):
        parts[place] = Part(kind, number)


def _alone(request: Line) -> Line:
    return replace(request, also=())


def _before(line: Line, part: Part) -> str:
    """The line up to the sign of a part, where it stands first."""
    requests = [_alone(request) for request in line.requests]
    n = next(n for n, request in enumerate(requests) if part in request.parts)
    cut = replace(requests[n], parts=requests[n].parts[: requests[n].parts.index(part)])
    first, *also = (*requests[:n], cut)
    return write_line(replace(first, also=tuple(also))) + " |"
