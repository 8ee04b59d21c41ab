"""Whether a reader reads the same when the same is said, and otherwise when the opposite is.

No right answer has to be known for that: the same wish in ten wordings (``wordings.json``, none of
them trained on) must read the same, and a written message must read as before with a "please"
behind it, a typo in a word that says no value, in capitals, without punctuation, or with another
currency; and not as before where "under" has become "over".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from llmrec.config import EngineSettings
from llmrec.engines import load_engine
from llmrec.finetune.reader.messages import WrittenMessage, read_messages, written_sets
from llmrec.reading import MessageReader, Reading
from llmrec.reading.shipped import shipped_adapter

__all__ = ["Changed", "changes_of", "read_in_many_ways", "said"]

WORDINGS = Path(__file__).with_name("wordings.json")

_PLEASE = {"en": ("{}, please", "{}, thanks"), "de": ("{}, bitte", "{}, danke"), "zh": ("{},谢谢",)}
_CARRIERS = """
looking something would could recommend really maybe thinking please hello anything suggest
möchte suche brauche bitte hätte vielleicht empfehlen gerne hallo irgendwas
"""
"""Words that carry a wish and say no value: a typo in them is none of the wish's."""

_TURNED = (
    (r"\b(under|below)\b", "over"),
    (r"\bless than\b", "more than"),
    (r"\b(at most|up to|no more than|not more than)\b", "at least"),
    (r"\bat least\b", "at most"),
    (r"\bwithout\b", "with"),
    (r"\bunter\b", "über"),
    (r"\b(höchstens|maximal)\b", "mindestens"),
    (r"\bohne\b", "mit"),
    (r"以内|以下", "以上"),
    (r"不超过|最多", "至少"),
    (r"不要|不含", "要"),
)
_CURRENCIES = (
    (r"€", "$"),
    (r"\$", "€"),
    (r"£", "€"),
    (r"\beuros?\b", "dollars"),
    (r"\bEuro\b", "Franken"),
    (r"\b(?:dollars|pounds)\b", "euros"),
    (r"[元块]", "欧元"),
)
_SIGNED = ("max", "min", "around")
_ARTICLES = re.compile(r"(?:an?|the|my|some|eine?[nmr]?|der|die|das)")

Said: TypeAlias = tuple[tuple[str, Any], ...]


def said(reading: Reading, *keys: str) -> Said:
    """A reading as it is compared: without case, articles, English plurals and the currency.

    Args:
        reading: of a message.
        keys: those of the structure that count; all but the currency where none is named.
    """
    values = reading.to_dict()
    values.pop("currency")
    # Whether "warm" is a feature or a style is nobody's meaning; that it is said is.
    values["attributes"] = [
        text
        for value in values["attributes"].values()
        for text in (value if isinstance(value, (list, tuple)) else [value])
    ]
    return tuple(
        (key, _compared(value)) for key, value in values.items() if not keys or key in keys
    )


def _compared(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(sorted(str(_compared(part)) for part in value))
    if not isinstance(value, str):
        return value
    words = re.findall(r"\w+", value.casefold().replace("ß", "ss"))
    return " ".join(
        word.removesuffix("s") if len(word) > 3 else word
        for word in words
        if not _ARTICLES.fullmatch(word)
    )


Changed: TypeAlias = tuple[str, str]
"""What was done to a message, and the message then."""


def changes_of(message: str, language: str) -> Iterator[Changed]:
    """A message changed in ways of which it is known what they mean.

    >>> dict(changes_of("a lamp under €30!", "en"))["turned"]
    'a lamp over €30!'
    """
    for polite in _PLEASE[language]:
        yield "please", polite.format(message.rstrip(" .!?。！？"))
    for word in re.findall(r"[^\W\d_]+", message):
        if word.casefold() in _CARRIERS.split():
            middle = len(word) // 2
            typo = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
            if typo != word:
                yield "typo", message.replace(word, typo, 1)
                break
    if language != "zh":
        # "ß" becomes "SS" in capitals; readings are compared as if it were "ss".
        yield "capitals", message.upper()
        yield "small letters", message.lower()
    # The point of a number, a hyphen and an apostrophe are no punctuation between words.
    bare = re.sub(r"(?<!\d)[,.]|[,.](?!\d)|[!?;:。！？，；：]", " ", message)
    if (bare := " ".join(bare.split())) != message:
        yield "no punctuation", bare
    for sign, other in _CURRENCIES:
        if re.search(sign, message):
            yield "currency", re.sub(sign, other, message)
            break
    for plain, opposite in _TURNED:
        if re.search(plain, message, re.IGNORECASE):
            yield "turned", re.sub(plain, opposite, message, count=1, flags=re.IGNORECASE)
            break


def read_in_many_ways(
    engine: str, base: str, adapter: Path | None, limit: int | None, errors: Path | None
) -> dict[str, Any]:
    """Read all wordings and changed messages.

    Args:
        engine: that runs the reader.
        base: its weights.
        adapter: a folder; ``None`` is the one that ships.
        limit: how many messages of each written set are taken.
        errors: where to write, a JSON object a line, what was read otherwise than it must be.

    Returns:
        Counts and shares, for JSON.
    """
    loaded = load_engine(engine, base, EngineSettings())
    try:
        loaded.load_adapter("reader", adapter or shipped_adapter())
        reader = MessageReader(loaded, currency="EUR")
        wrong: list[dict[str, Any]] = []
        report: dict[str, Any] = {"engine": engine, "wordings": _wordings(reader, wrong)}
        for path in written_sets(test=True):
            messages = list(read_messages(path))[:limit]
            report[path.stem] = _changed(reader, messages, wrong)
    finally:
        loaded.close()
    if errors is not None:
        lines = (json.dumps(case, ensure_ascii=False, default=str) for case in wrong)
        errors.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return report


def _wordings(reader: MessageReader, wrong: list[dict[str, Any]]) -> dict[str, Any]:
    report = {}
    for language, wishes in json.loads(WORDINGS.read_text(encoding="utf-8")).items():
        agreeing = whole = 0
        for wordings in wishes:
            read = {text: said(reader.read(text).reading) for text in wordings}
            commonest, count = Counter(read.values()).most_common(1)[0]
            agreeing += count
            whole += count == len(wordings)
            wrong += [
                {"change": "wording", "message": text, **_difference(commonest, other)}
                for text, other in read.items()
                if other != commonest
            ]
        messages = sum(map(len, wishes))
        report[language] = {
            "wishes": len(wishes),
            "messages": messages,
            "wishes read the same in all wordings": whole,
            "read as most": agreeing,
            "share read as most": round(agreeing / messages, 3),
        }
    return report


def _changed(
    reader: MessageReader, messages: list[WrittenMessage], wrong: list[dict[str, Any]]
) -> dict[str, Any]:
    tried: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for written in messages:
        before = reader.read(written.message, written.context, written.currency).reading
        for change, text in changes_of(written.message, written.language):
            keys = _SIGNED if change == "currency" else ()
            after = reader.read(text, written.context, written.currency).reading
            expected, actual = said(before, *keys), said(after, *keys)
            if change == "turned" and not _limited(before):
                continue  # nothing was read that could be turned round
            tried[change] += 1
            right[change] += (expected != actual) if change == "turned" else (expected == actual)
            if (expected == actual) == (change == "turned"):
                wrong.append(
                    {
                        "change": change,
                        "before": written.message,
                        "message": text,
                        **_difference(expected, actual),
                    }
                )
    return {
        change: {
            "tried": count,
            "as it must be": right[change],
            "share": round(right[change] / count, 3),
        }
        for change, count in sorted(tried.items())
    }


def _limited(reading: Reading) -> bool:
    values: Callable[[str], Any] = reading.to_dict().get
    return any(values(key) not in (None, []) for key in (*_SIGNED, "not", "brands", "not_brands"))


def _difference(expected: Said, actual: Said) -> dict[str, Any]:
    pairs = [
        (key, value, dict(actual)[key]) for key, value in expected if dict(actual)[key] != value
    ]
    return {key: {"expected": value, "read": other} for key, value, other in pairs}
