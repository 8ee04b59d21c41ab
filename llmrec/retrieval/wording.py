"""A shopper's words as they are searched for: misspelt ones mended, codes and scripts looked at."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from llmrec.catalog.tokens import tokens, words
from llmrec.linear import composed
from llmrec.retrieval.codes import named_rows
from llmrec.retrieval.glossary import in_english
from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.retrieval.encoded import EncodedTexts
    from llmrec.retrieval.spaces import TextSpace
    from llmrec.retrieval.state import State

__all__ = ["Wording", "mended", "mendings", "read_wording", "reads"]

_MOST_MENDED = 8
"""Words of one query that are looked up: a pasted text is not gone through word by word."""

_SAMPLES: Mapping[str, tuple[str, ...]] = {
    "CJK": ("连衣裙", "椅子", "咖啡", "刀", "鞋"),
    "KATAKANA": ("ドレス", "チェア", "コーヒー", "ナイフ", "シューズ"),
    "HANGUL": ("드레스", "의자", "커피", "칼", "신발"),
    "CYRILLIC": ("платье", "стул", "кофе", "нож", "обувь"),
    "ARABIC": ("فستان", "كرسي", "قهوة", "سكين", "حذاء"),
    "HEBREW": ("שמלה", "כיסא", "קפה", "סכין", "נעליים"),
    "GREEK": ("φόρεμα", "καρέκλα", "καφές", "μαχαίρι", "παπούτσια"),
    "THAI": ("เดรส", "เก้าอี้", "กาแฟ", "มีด", "รองเท้า"),
    "DEVANAGARI": ("पोशाक", "कुर्सी", "कॉफ़ी", "चाकू", "जूते"),
}
_ENGLISH = ("dress", "chair", "coffee", "knife", "shoes")
_SAME = {"HIRAGANA": "KATAKANA"}
_RUN = re.compile(r"[^\W_]+")
_MOST_READ = 20
"""Items in which the shop's own spelling of a word is looked for."""

_ENOUGH = 4
"""Of five; guessing finds four or more once in two hundred encoders."""


@dataclass(frozen=True)
class Wording:
    """What is searched for.

    Attributes:
        text: the shopper's words, those that are misspelt as the shop spells them.
        exact: catalogue rows that the words name by a code, int64 ``[k]``, the surest first.
        space: the text encoder that reads the words, and the vectors that it has made.
        mendings: what was misspelt, as it was typed, and how it was read, as the shop spells it.
        readable: whether the text encoder can say what the words mean.
    """

    text: str
    exact: NDArray[np.int64]
    space: TextSpace
    mendings: tuple[tuple[str, str], ...] = ()
    readable: bool = True

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each word that was read as another."""
        return tuple(
            f"no product has the word “{word}”; searched for “{meant}”"
            for word, meant in self.mendings
        )


def read_wording(
    query: str,
    state: State,
    items: Callable[[Iterable[str]], Mapping[str, Item]],
) -> Wording:
    """Read a query against one state of the catalogue.

    Args:
        query: the shopper's words, not empty.
        state: of the catalogue.
        items: looks items up by their ids.
    """
    source = state.sources.get("lexical")
    lexical = source if isinstance(source, LexicalSource) else None
    ids, row = state.snapshot.ids, state.snapshot.row

    def of_rows(rows: Iterable[int]) -> dict[int, Item]:
        return {row[id]: item for id, item in items([ids[place] for place in rows]).items()}

    exact = named_rows(query, row, lexical, of_rows)
    space = state.spaces.of(query)
    if lexical is None or len(exact):
        return Wording(query, exact, space, (), reads(space.texts, query))
    if space is state.spaces.names and (english := in_english(query, _titled(state))):
        return Wording(english, exact, state.spaces.default, ((query, english),))
    pairs = mendings(query, lexical, space.texts)
    text = mended(query, pairs)
    if pairs:
        space = state.spaces.of(text)
    spelt = tuple(
        (_spelt(word, [query]), _spelt(meant, _texts(meant, lexical, of_rows)).lower())
        for word, meant in pairs
    )
    return Wording(text, exact, space, spelt, reads(space.texts, text))


def _titled(state: State) -> Callable[[str], bool]:
    """Whether titles have a word."""
    titled = state.snapshot.titled
    return lambda word: all(len(titled(token)) for token in tokens(word))


def _spelt(word: str, texts: Iterable[str]) -> str:
    """A word without accents as it stands in a text: "giesskanne" is "Gießkanne" there."""
    runs = (run for text in texts for run in _RUN.findall(composed(text, "NFC")))
    return next((run for run in runs if words(run) == [word]), word)


def _texts(
    word: str, lexical: LexicalSource, items: Callable[[Iterable[int]], Mapping[int, Item]]
) -> Iterator[str]:
    """Titles, brands and categories of items that hold the word, of a few."""
    rows = lexical.rows(tokens(word)[0])[:_MOST_READ].tolist()
    for item in items(rows).values():
        yield from (item.title, item.brand or "", *item.category)


def mendings(
    query: str, lexical: LexicalSource, texts: EncodedTexts
) -> tuple[tuple[str, str], ...]:
    """The words of a query that are misspelt, each with what was meant.

    That is a word that no item has and the text encoder does not know, but one that the shop
    spells almost so. A word that it does know ("cake" in a shop of capes) means what it says.
    """
    unknown = [word for word in dict.fromkeys(words(query)) if not _has(lexical, word)]
    pairs = ((word, lexical.spelling.nearest(word)) for word in unknown[:_MOST_MENDED])
    return tuple(
        (word, meant)
        for word, meant in pairs
        # As it is written: an encoder of many languages knows "Mühle", and no "muhle".
        if meant and not texts.knows(_spelt(word, [query.lower()]))
    )


def _has(lexical: LexicalSource, word: str) -> bool:
    return all(map(lexical.knows, tokens(word)))


def mended(query: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The query with the words that were meant; as it stands where there are none."""
    meant = dict(pairs)
    if not meant:
        return query
    parts = (_meant(part, meant) for part in query.split())
    return " ".join(parts)


def _meant(part: str, meant: Mapping[str, str]) -> str:
    """A part without spaces, as it stands unless a word in it is to be another."""
    inside = words(part)
    if not any(word in meant for word in inside):
        return part
    return " ".join(meant.get(word, word) for word in inside)


def reads(texts: EncodedTexts, text: str) -> bool:
    """Whether the encoder reads the script that most letters of a text are of.

    Nobody says of an encoder which scripts it reads, so it is tried: five common words must each
    be nearest to their own English translation. Latin and scripts without samples count as read.
    """
    scripts = Counter(
        unicodedata.name(letter, "").split(" ")[0].split("-")[0]
        for letter in text
        if letter.isalpha()
    )
    script = max(scripts, key=lambda name: scripts[name], default="LATIN")
    script = _SAME.get(script, script)
    return script not in _SAMPLES or texts.trait(script, lambda: _tried(texts, script))


def _tried(texts: EncodedTexts, script: str) -> bool:
    vectors = texts.get([*_SAMPLES[script], *_ENGLISH])
    foreign = np.stack([vectors[word] for word in _SAMPLES[script]])
    english = np.stack([vectors[word] for word in _ENGLISH])
    nearest = (foreign @ english.T).argmax(axis=1)
    return int((nearest == np.arange(len(_ENGLISH))).sum()) >= _ENOUGH
