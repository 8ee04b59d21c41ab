"""From written messages to what the reader is trained on: a prompt's head, its line, questions."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmrec.finetune.reader.messages import WrittenMessage
from llmrec.finetune.reader.saying import line_of
from llmrec.finetune.reader.variants import WordPools, variant
from llmrec.reading.amounts import amounts_in
from llmrec.reading.lines import Line, read_line, write_line
from llmrec.reading.prompt import prompt_head, sign_question
from llmrec.reading.signs import MENTIONED, SIGNS

__all__ = ["ReaderExample", "held_apart", "reader_examples", "sha256_of", "unsaid"]

_NEEDED = ("thing", "max", "min", "around", "brand", "no brand", "without")
"""Where one of these is not in the message, the message teaches to leave it out: it is left out."""
_MOST_QUESTIONS = 5
_HELD = 0.025
"""Share of the messages that say when to stop: about 900 of the shipped ones, whose mean loss is
then known to a few per cent, and few enough to be read after each epoch."""


@dataclass(frozen=True, slots=True)
class ReaderExample:
    """One message to learn from.

    Attributes:
        head: the prompt up to what is asked.
        line: what is to be read.
        questions: texts of signs, each with its answer.
    """

    head: str
    line: str
    questions: tuple[tuple[str, str], ...]


def held_apart(
    messages: Sequence[WrittenMessage], seed: int
) -> tuple[list[WrittenMessage], list[WrittenMessage]]:
    """The messages to train on and those held out; what two writers wrote alike stays together."""
    texts = sorted({message.message.casefold() for message in messages})
    drawn = set(random.Random(f"{seed}:held").sample(texts, round(_HELD * len(texts))))
    train = [message for message in messages if message.message.casefold() not in drawn]
    return train, [message for message in messages if message.message.casefold() in drawn]


def reader_examples(
    messages: Sequence[WrittenMessage],
    *,
    variants: float,
    seed: int,
    brands: Sequence[str] = (),
    pools: WordPools | None = None,
) -> list[ReaderExample]:
    """The messages as they are, and so many variants of each, in an order drawn by the seed.

    Half a variant of each is one of every second, drawn by the seed.

    Args:
        messages: the written ones.
        variants: how many of each.
        seed: of variants, questions and order.
        brands: further ones for the variants.
        pools: the words of the variants, where ``messages`` are a part of what they come from;
            ``brands`` are theirs then.
    """
    rng, pools = random.Random(seed), pools or WordPools(messages, brands)
    all_of_them = [*messages]
    for message in messages:
        count = int(variants) + (rng.random() < variants % 1)
        all_of_them += [variant(message, pools, rng) for _ in range(count)]
    made = [_example(message, rng) for message in all_of_them]
    examples = list(dict.fromkeys(example for example in made if example is not None))
    rng.shuffle(examples)
    return examples


def unsaid(message: WrittenMessage) -> list[str]:
    """What a message means and does not say; with any of that it makes no example.

    Returns:
        The line's words for it, such as ``brand``.
    """
    _, missing = line_of(message)
    return [kind for kind in missing if kind in _NEEDED]


def _example(message: WrittenMessage, rng: random.Random) -> ReaderExample | None:
    if not message.message:
        return None
    line, missing = line_of(message)
    if any(kind in _NEEDED for kind in missing):
        return None
    if read_line(write_line(line)) != line:
        return None  # of two brands a variant has made one
    questions = _questions(message.message, line, rng)
    if len(questions) > _MOST_QUESTIONS:
        questions = rng.sample(questions, _MOST_QUESTIONS)
    head = prompt_head(message.message, message.context)
    return ReaderExample(head, write_line(line), tuple(questions))


def _questions(message: str, line: Line, rng: random.Random) -> list[tuple[str, str]]:
    """Each sum, brand and refusal with its sign; other numbers, values and words with theirs."""
    labels: dict[str, str] = {}
    parts = [part for request in line.requests for part in request.parts]
    for part in parts:
        if part.kind in SIGNS:
            labels[part.text] = SIGNS[part.kind]
        elif part.kind == "attribute":
            wanted = part.name not in MENTIONED
            labels.setdefault(part.text, "wanted" if wanted else "other")
    for amount in amounts_in(message):
        # A number inside a value ("500 ml") is no price.
        labels.setdefault(amount.text, "other")
    if any(request.intent in ("find", "refine") for request in line.requests):
        for words in _beside(message, [part.text for part in parts], rng):
            labels.setdefault(words, "other")
    return [(sign_question(text), label) for text, label in labels.items()]


_MOST_BESIDE = 2
_WORD_BESIDE = re.compile(r"[^\W\d_][\w'’-]{3,}|[\u3400-\u9fff]{2,}")
_FIRST_HAN, _LONGEST_HAN = "\u3400", 4
_TWO_WORDS = 0.4
"""How often words that are told are two, with no more than a short one between them."""
_BETWEEN = re.compile(r"[\w\s]{1,9}")


def _beside(message: str, values: Sequence[str], rng: random.Random) -> list[str]:
    """Words that are told beside the wish, drawn: what a reader may take for a part of it."""
    spans = [match.span() for match in _WORD_BESIDE.finditer(message)]
    texts = [value.casefold() for value in values]
    drawn: list[str] = []
    for place in rng.sample(range(len(spans)), min(len(spans), _MOST_BESIDE)):
        start, end = spans[place]
        if message[start] >= _FIRST_HAN:
            start = rng.randrange(start, end - 1)
            end = min(end, start + rng.randint(2, _LONGEST_HAN))
        elif place + 1 < len(spans) and rng.random() < _TWO_WORDS:
            end = (
                spans[place + 1][1]
                if _BETWEEN.fullmatch(message[end : spans[place + 1][0]])
                else end
            )
        words = message[start:end]
        folded = words.casefold()
        is_meant = any(word in text for text in texts for word in folded.split())
        if not (is_meant or any(text in folded for text in texts)):
            drawn.append(words)
    return drawn


def sha256_of(examples: Iterable[ReaderExample]) -> str:
    """Of all that is learned, so that a checkpoint of other examples is not continued."""
    whole = hashlib.sha256()
    for example in examples:
        whole.update(repr(example).encode())
    return whole.hexdigest()
