"""What readers say of a blind sheet: shares of each way, and how far the readers agree."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from llmrec.finetune.figures import share_figure

__all__ = ["QUESTIONS", "Verdicts", "figures", "kappa", "read_key", "read_verdicts"]

QUESTIONS = ("true", "for_this_shopper", "fluent", "would_show")

Verdicts = Mapping[int, Mapping[str, bool]]
"""Of one reader: by a row's number the answer to each question."""

Key = Mapping[int, Mapping[str, Any]]


def read_key(path: Path) -> dict[int, dict[str, Any]]:
    """Each row's line of the key, by number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {row["number"]: row for row in map(json.loads, lines)}


def read_verdicts(path: Path, key: Key) -> dict[int, dict[str, bool]]:
    """One reader's verdicts.

    Raises:
        SystemExit: a line is no verdict, its row is not in the sheet, or a row was judged twice.
    """
    verdicts: dict[int, dict[str, bool]] = {}
    for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path.name}, line {place}"
        try:
            row = json.loads(line)
            number, answers = row["number"], {name: row[name] for name in QUESTIONS}
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"{where} is no verdict: {error!r}") from None
        wrong = [name for name, answer in answers.items() if not isinstance(answer, bool)]
        if wrong:
            raise SystemExit(f"{where}: {', '.join(wrong)} must be true or false")
        if number not in key:
            raise SystemExit(f"{where}: the sheet has no row {number}")
        if number in verdicts:
            raise SystemExit(f"{where}: row {number} was judged before")
        verdicts[number] = answers
    return verdicts


def figures(key: Key, readers: Sequence[Verdicts]) -> dict[str, Any]:
    """Shares with 95 % intervals by way, shop and kind; each reader's own; the agreement.

    A row counts once, however many judged it, or the intervals would be too narrow. It passes a
    question if most of its readers say so; a tie counts against it, so that with two readers one
    who finds a text false is enough. Rows that nobody judged are left out and counted.
    """
    passed = _together(readers)
    ways = sorted({line["way"] for line in key.values()})
    groups = sorted({(line["shop"], line["kind"]) for line in key.values()})
    shares: dict[str, Any] = {}
    for way in ways:
        numbers = [number for number in passed if key[number]["way"] == way]
        shares[way] = {"all": _shares(passed, numbers)}
        for group in groups:
            some = [
                number for number in numbers if (key[number]["shop"], key[number]["kind"]) == group
            ]
            shares[way][" ".join(group)] = _shares(passed, some)
        origins = sorted({key[number]["origin"] for number in numbers})
        for origin in origins:
            some = [number for number in numbers if key[number]["origin"] == origin]
            shares[way][f"origin {origin}"] = _shares(passed, some)
    return {
        "rows": len(key),
        "not judged": len(key) - len(passed),
        "ways": shares,
        "readers": [
            {
                way: _shares(reader, [number for number in reader if key[number]["way"] == way])
                for way in ways
            }
            for reader in readers
        ],
        "agreement": {name: _agreement(readers, name) for name in QUESTIONS},
    }


def _together(readers: Sequence[Verdicts]) -> dict[int, dict[str, bool]]:
    numbers = sorted(set().union(*readers))
    passed = {}
    for number in numbers:
        verdicts = [reader[number] for reader in readers if number in reader]
        passed[number] = {
            name: 2 * sum(answers[name] for answers in verdicts) > len(verdicts)
            for name in QUESTIONS
        }
    return passed


def _shares(verdicts: Verdicts, numbers: Sequence[int]) -> dict[str, Any]:
    if not numbers:
        return {}
    return {
        name: share_figure([verdicts[number][name] for number in numbers]).model_dump()
        for name in QUESTIONS
    }


def _agreement(readers: Sequence[Verdicts], name: str) -> dict[str, Any]:
    """Over all pairs of readers and the rows that both judged: the share alike, and mean kappa."""
    alike: list[bool] = []
    kappas = []
    for first, other in combinations(readers, 2):
        pairs = [(first[number][name], other[number][name]) for number in first if number in other]
        alike += [a == b for a, b in pairs]
        if (value := kappa(pairs)) is not None:
            kappas.append(value)
    if not alike:
        return {}
    mean = sum(kappas) / len(kappas) if kappas else None
    return {"alike": sum(alike) / len(alike), "kappa": mean, "n": len(alike)}


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's (1960) kappa: agreement beyond chance; none where both say the same of every row.

    >>> kappa([(True, True), (True, True), (False, False), (False, True)])
    0.5
    """
    n = len(pairs)
    if not n:
        return None
    alike = sum(a == b for a, b in pairs) / n
    first, second = (sum(pair[place] for pair in pairs) / n for place in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return None if chance == 1 else (alike - chance) / (1 - chance)
