"""Find what a sentence claims: names, numbers, prices, and words of the lexicon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from llmrec.explain.facts import Facts, HistoryName, fold
from llmrec.explain.lexicon import Concept, concepts
from llmrec.prompting.shop_text import MAX_CHARS

__all__ = ["MARK", "concept_uses", "language_of", "masked", "quoted", "spoken_names"]

MARK = "\ue000"
"""Stands where the name of a history entry or the query stood; its index follows as a digit."""

# No name in a prompt is longer; a mark that is never closed is looked behind no further.
_SPAN = f"{{1,{MAX_CHARS}}}"
_QUOTED = re.compile(
    rf'"([^"]{_SPAN})"|“([^”]{_SPAN})”|„([^“”"]{_SPAN})[“”"]|«([^»]{_SPAN})»|「([^」]{_SPAN})」'
    rf"|《([^》]{_SPAN})》"
)
_GERMAN_WORDS = (
    "und der die das ist für mit sie du ein eine einen aus nicht von zu dem den hat passt"
)
_GERMAN = frozenset(_GERMAN_WORDS.split())
_NEGATION = re.compile(
    r"(?:\b(?:not|no|never|without|isn't|aren't|cannot|kein|keine|keinen|nicht|ohne|nie)\b"
    r"(?:[^\w.!?;]+\w+){0,2}[^\w.!?;]*|\bnon-|[不非没無无未][^，。,.]{0,2})$"
)
_NAME = re.compile(r"(?<![\w'-])([A-ZÄÖÜ][\w&'’-]*(?:\s+(?:[A-Z&ÄÖÜ][\w&'’-]*))*)")
# Written with a capital only because a sentence begins: "The Garden gloves ...".
_OPENERS = frozenset({"The", "This", "These", "It", "Its", "An", "Your", "You", "They", "And"})
_MARKS_BEFORE = 32
"""Spaces and quotation marks between a sentence's end and the next word."""

_LATIN = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ0-9&'’-]+")


def masked(text: str, facts: Facts) -> str:
    """``text`` with the names of history entries and the query replaced by marks.

    What stands in them is said about another thing: "You bought the waterproof tent" claims nothing
    of the recommended item. Short names count only in quotation marks.
    """
    names = sorted(facts.names, key=lambda name: -len(name.text))
    out = text
    for name in names:
        out = _replace(out, name.text, f"{MARK}{name.index} ", _may_stand_bare(name))
    if facts.query:
        out = _replace(out, facts.query.replace('"', "'"), f"{MARK}q ", False)
    return out


def quoted(text: str) -> list[str]:
    """What stands in quotation marks."""
    return [next(group for group in match.groups() if group) for match in _QUOTED.finditer(text)]


def language_of(text: str) -> str:
    """``zh``, ``de`` or ``en``: enough to know what a capital letter means."""
    letters = [char for char in text if char.isalpha()]
    if letters and sum("一" <= char <= "鿿" for char in letters) > 0.2 * len(letters):
        return "zh"
    words = re.findall(r"\w+", text.casefold())
    return "de" if sum(word in _GERMAN for word in words) >= 2 else "en"


def spoken_names(text: str, language: str | None = None) -> Iterator[str]:
    """Words that look like names: capitals inside an English sentence, Latin in a Chinese one."""
    language = language or language_of(text)
    if language == "zh":
        yield from (match[0] for match in _LATIN.finditer(text) if len(match[0]) > 1)
        return
    for match in _NAME.finditer(text):
        start = match.start()
        for number, word in enumerate(match[1].split()):
            bare = word.strip("'’-&").removesuffix("'s").removesuffix("’s")
            initial = number == 0 and _starts_sentence(text[max(0, start - _MARKS_BEFORE) : start])
            if initial and bare in _OPENERS:
                continue
            if len(bare) > 1 and _is_name(bare, initial and len(match[1].split()) == 1, language):
                yield bare


def concept_uses(text: str) -> Iterator[tuple[Concept, str, bool]]:
    """The lexicon's concepts in a folded text: concept, the words used, whether affirmed."""
    for concept in concepts():
        for match in _pattern(concept.terms).finditer(text):
            yield (
                concept,
                match[0],
                not _NEGATION.search(text[max(0, match.start() - 40) : match.start()]),
            )


def _is_name(word: str, initial: bool, language: str) -> bool:
    if word == "I" or fold(word) in {"i'm", "i've", "i'll"}:
        return False
    odd = word[1:] != word[1:].lower() or any(char.isdigit() for char in word)
    # German writes every noun with a capital; only forms that no noun has can be told.
    return odd if initial or language == "de" else True


def _starts_sentence(before: str) -> bool:
    before = before.rstrip(" \"“„'(")
    return not before or before[-1] in ".!?:。！？…\n"


def _may_stand_bare(name: HistoryName) -> bool:
    return len(name.text.split()) > 1 or len(name.text) >= 10


def _replace(text: str, name: str, mark: str, bare: bool) -> str:
    if len(name) < 2:
        return text
    body = re.escape(name)
    pattern = rf'["“„「《]{body}["”“」》]' + (rf"|(?<!\w){body}(?!\w)" if bare else "")
    return re.sub(pattern, lambda _: mark, text, flags=re.IGNORECASE)


@lru_cache(maxsize=1024)
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Whole words with English and German endings; Chinese has no word boundaries."""
    parts = []
    for term in sorted(terms, key=len, reverse=True):
        body = re.escape(fold(term))
        ascii_like = re.match(r"\w", term) and not "一" <= term[0] <= "鿿"
        parts.append(rf"(?<![^\W_]){body}(?:e|er|es|en|em|n|s)?(?![^\W_])" if ascii_like else body)
    return re.compile("|".join(parts))
