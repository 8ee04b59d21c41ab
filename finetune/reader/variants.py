"""More messages from the written ones: other words in the same places.

Somebody has written "need a cordless drill, Makita or Bosch, just not Ryobi again"; the sentence
stays and its thing, brands, sums, materials become others, in the message and on the screen alike,
so that a reader learns the places and not the words. Spelling and punctuation vary as well.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from llmrec.finetune.reader.messages import WrittenMessage
from llmrec.finetune.reader.saying import as_said, line_of
from llmrec.reading.amounts import amounts_in
from llmrec.reading.prompt import ReadingContext

__all__ = ["WordPools", "variant"]

_SWAPPED = ("colour", "material", "scent", "flavour")
_SYLLABLES = """
    ba ber bor cal dor el fen gar hal hol in kar kel lan lor mar mel nor ol or pel quin ra rill ros
    sal sel stor tam tar tel tor ul van vel wex win yar zan zel zor
    """.split()  # noqa: SIM905
_ENDINGS = """
    by a o en er ex ia ic is ley lo ly ma na ny on ra ta tex tik ton us well wood worth
    """.split()  # noqa: SIM905
_ROUND = (5, 8, 10, 12, 15, 18, 20, 25, 30, 35, 40, 45, 50, 60, 65, 70, 75, 80, 90, 100, 110, 120)
_WORDS_EN = {
    5: "a fiver", 8: "eight", 10: "a tenner", 12: "twelve", 15: "fifteen", 18: "eighteen",
    20: "twenty", 25: "twenty five", 30: "thirty", 35: "thirty-five", 40: "forty",
    45: "forty five", 50: "fifty", 60: "sixty", 65: "sixty five", 70: "seventy",
    75: "seventy-five", 80: "eighty", 90: "ninety", 100: "a hundred", 110: "a hundred and ten",
    120: "one hundred and twenty",
}  # fmt: skip


class WordPools:
    """What can stand in a place: things, brands, refused things, colours …, by language.

    Args:
        messages: the written ones.
        brands: further brands, such as those of catalogues.
    """

    def __init__(self, messages: Iterable[WrittenMessage], brands: Sequence[str] = ()) -> None:
        self._words: dict[tuple[str, str], list[str]] = defaultdict(list)
        for message in messages:
            for kind, text in _replaceable(message):
                self._words[message.language, kind].append(text)
        for words in self._words.values():
            words.sort()
        self._brands = list(brands)

    def draw(self, language: str, kind: str, rng: random.Random, like: str) -> str:
        """Another word for the place; one of the same number where English shows it."""
        if kind == "brand" and (rng.random() < 0.5 or not self._words[language, kind]):
            if self._brands and rng.random() < 0.3:
                return rng.choice(self._brands)
            return _brand(rng)
        words = self._words[language, kind]
        for _ in range(8):
            word = rng.choice(words)
            if language != "en" or word.endswith("s") == like.endswith("s"):
                return word
        return like


def variant(message: WrittenMessage, pools: WordPools, rng: random.Random) -> WrittenMessage:
    """The message with other words in some of its places; what it means follows."""
    changed = message
    for kind, text in _replaceable(message):
        if rng.random() < 0.6:
            changed = _swap(changed, text, pools.draw(message.language, kind, rng, text))
    changed = _other_sums(changed, rng)
    changed = _other_surface(changed, rng)
    # A slip in a word that says a value by its stem ("strickt"), or half a name that was swapped:
    # such a variant would teach to leave the value out.
    return changed if _unsaid(changed) <= _unsaid(message) else message


def _unsaid(message: WrittenMessage) -> set[str]:
    """The keys whose values are not in the message."""
    return set(line_of(message)[1])


def _replaceable(message: WrittenMessage) -> list[tuple[str, str]]:
    """The values that stand in the message as they are, with the kind of their place."""
    values: list[tuple[str, str]] = []
    for want in message.wants:
        brands = (*want.get("brands", ()), *want.get("not_brands", ()))
        values += [("brand", brand) for brand in brands]
        values += [("not", refused) for refused in want.get("not", ())]
        if words := want.get("looking_for"):
            values.append(("thing", words))
        for name, value in want.get("attributes", {}).items():
            if name in _SWAPPED:
                texts = value if isinstance(value, (list, tuple)) else [value]
                values += [(name, str(text)) for text in texts]
    values = list(dict.fromkeys(values))
    return [
        (kind, text) for kind, text in values if len(text) > 1 and _occurs(text, message.message)
    ]


def _occurs(text: str, message: str) -> bool:
    return len(re.findall(_whole(text), message)) == 1


def _whole(text: str) -> str:
    """The text as whole words; in Chinese there are none."""
    letter = r"[^\W\d_一-鿿]"
    return f"(?<!{letter}){re.escape(text)}(?!{letter})"


def _swap(message: WrittenMessage, old: str, new: str) -> WrittenMessage:
    """One text by another wherever it stands: message, meaning, context."""
    if new == old or new in message.message:
        return message
    pattern = re.compile(_whole(old))

    def swapped(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda _: new, value)
        if isinstance(value, Mapping):
            return {key: swapped(part) for key, part in value.items()}
        return [swapped(part) for part in value] if isinstance(value, (list, tuple)) else value

    want, *also = (
        {key: value if key == "intent" else swapped(value) for key, value in want.items()}
        for want in message.wants
    )
    context = message.context
    if context is not None:
        context = ReadingContext(
            swapped(context.looking_for), swapped(context.held), tuple(swapped(context.on_screen))
        )
    text = swapped(message.message)
    return replace(message, message=text, want=want, also=tuple(also), context=context)


def _other_sums(message: WrittenMessage, rng: random.Random) -> WrittenMessage:
    """Other sums in the same order of size, so that "between" stays true."""
    keys = [key for key in ("min", "around", "max") if key in message.want]
    # Of two wishes the sums may be the same one, or each other's bounds.
    if not keys or message.also or rng.random() < 0.3:
        return message
    text = message.message
    values = sorted({Decimal(str(message.want[key])) for key in keys})
    if len(values) != len(keys):
        return message
    places = {}
    for amount in amounts_in(text):
        if amount.value in values:
            places[amount.value] = amount
    if len(places) != len(values):
        return message
    scale = rng.choice((1, 1, 1, 1, 5, 10, 0.5)) if values[-1] >= 20 else 1
    fresh = sorted(rng.sample(_ROUND, len(values)))
    new = {old: Decimal(str(n)) * Decimal(str(scale)) for old, n in zip(values, fresh, strict=True)}
    for old, place in sorted(places.items(), key=lambda pair: -pair[1].start):
        written = _sum_text(new[old], place.text, message.language, text, place.end, rng)
        text = text[: place.start] + written + text[place.end :]
    want = {
        **message.want,
        **{key: _number(new[Decimal(str(message.want[key]))]) for key in keys},
    }
    changed = replace(message, message=text, want=want)
    sums = [want[key] for key in keys]
    all_said = all(as_said(value, text, number=True) is not None for value in sums)
    return changed if all_said else message


def _sum_text(
    value: Decimal, old: str, language: str, text: str, end: int, rng: random.Random
) -> str:
    glued = end < len(text) and not text[end].isspace() and text[end] not in ",.!?"
    if language == "en" and not glued and value in _WORDS_EN and not old[0].isdigit():
        return _WORDS_EN[int(value)].removeprefix("a ") if rng.random() < 0.8 else str(value)
    if language == "en" and value >= 1000 and value % 100 == 0 and rng.random() < 0.4:
        return f"{value / 1000:g}k" if not glued else f"{value:,}"
    if value >= 1000 and rng.random() < 0.4:
        return f"{value:,}" if language != "de" else f"{value:,}".replace(",", ".")
    if rng.random() < 0.15 and value == int(value):
        cents = rng.choice(("99", "50", "95"))
        return f"{value - 1 if cents != '50' else value}{',' if language == 'de' else '.'}{cents}"
    return f"{value.normalize():f}"


def _number(value: Decimal) -> float | int:
    return int(value) if value == int(value) else float(value)


def _other_surface(message: WrittenMessage, rng: random.Random) -> WrittenMessage:
    """Small letters, no punctuation, a slip, a greeting: what it means stays."""
    text, draw = message.message, rng.random()
    if draw < 0.12:
        return _cased(message, str.lower)
    if draw < 0.15:
        return _cased(message, str.upper)
    if draw < 0.22:
        text = re.sub(r"[.!?]+(?=\s|$)", "", text)
    elif draw < 0.30 and message.language == "en":
        before = ("hi, ", "hey ", "ok ", "so ", "um ", "please, ", "hello! ", "right, ")
        text = rng.choice(before) + text
    elif draw < 0.36 and message.language == "en":
        behind = (" please", " thanks", " pls", ", thank you", " :)", " if possible", "!!", " thx")
        text = text.rstrip(".!? ") + rng.choice(behind)
    elif draw < 0.46:
        text = _slip(message, rng)
    return replace(message, message=text)


def _cased(message: WrittenMessage, change: Any) -> WrittenMessage:
    """Values are looked up without regard to case, so that what it means may keep its letters."""
    return replace(message, message=change(message.message))


def _slip(message: WrittenMessage, rng: random.Random) -> str:
    """Two letters of a word that says no value change places."""
    values = _all_text(message.wants).casefold()
    words = [
        match
        for match in re.finditer(r"[a-zäöüß]{5,}", message.message)
        if match[0] not in values
        and not any(match.start() <= a.start < match.end() for a in amounts_in(message.message))
    ]
    if not words:
        return message.message
    chosen = rng.choice(words)
    at = chosen.start() + rng.randrange(1, len(chosen[0]) - 2)
    text = message.message
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _all_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(_all_text(part) for part in value.values())
    return " ".join(map(_all_text, value)) if isinstance(value, (list, tuple)) else str(value)


def _brand(rng: random.Random) -> str:
    """A name that no shop has."""
    name = (rng.choice(_SYLLABLES) + rng.choice(_SYLLABLES) * (rng.random() < 0.4)).capitalize()
    name += rng.choice(_ENDINGS)
    if rng.random() < 0.15:
        name += " " + (rng.choice(_SYLLABLES) + rng.choice(_ENDINGS)).capitalize()
    return name.lower() if rng.random() < 0.15 else name
