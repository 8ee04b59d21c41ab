"""Words of a text for lexical search, in languages with spaces and in those without.

Chinese, Japanese and Korean runs become overlapping pairs of characters, the standard without a
dictionary (Nie et al., "On the Use of Words and N-grams for Chinese Information Retrieval", 2000).
Other words lose accents and the plural endings of English and German, as far as that takes no
dictionary either (after Harman, "How Effective Is Suffixing?", 1991).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from llmrec.linear import composed

__all__ = ["tokens", "words"]

_CJK = "\u2e80-\u2fdf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")
_STEM = 4


def tokens(text: str) -> list[str]:
    """The tokens of ``text`` in order; repeated words come repeatedly.

    >>> tokens("Müslischalen, 2 Mugs"), tokens("茶杯子")
    (['muslischal', '2', 'mug'], ['茶杯', '杯子'])
    """
    terms: list[str] = []
    for run in _WORD.findall(_folded(text)):
        if _IS_CJK.match(run):
            terms.extend(run[i : i + 2] for i in range(max(len(run) - 1, 1)))
        else:
            terms.append(_stem(run))
    return terms


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case and without accents, with their endings; no CJK.

    >>> words("Müslischalen, 2 Mugs 茶杯")
    ['muslischalen', '2', 'mugs']
    """
    return [run for run in _WORD.findall(_folded(text)) if not _IS_CJK.match(run)]


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    # NFKC first, so that full-width letters fold; then the accents of what is left come off.
    # Kana carry marks that are no accents, and Hangul would fall apart: only Latin is decomposed.
    return "".join(map(_plain, composed(text, "NFKC").casefold()))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0]
    return base if "a" <= base <= "z" else character


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    if len(word) >= _STEM and word[-1] == "s" and word[-2] != "s":
        word = word[:-1]
    while len(word) > _STEM and word[-1] in "sen":
        word = word[:-1]
    return word
