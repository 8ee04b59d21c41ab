"""How many steps a regular expression takes over a text, counted and not timed.

Python's engine does not tell. So the tree that its parser makes of a pattern is walked here by a
plain backtracking matcher, which counts each sign that it looks at and each alternative that it
begins. ``test_reading_steps.py`` holds its matches against the engine's own.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its older name, in Python 3.10
    try:
        from re import _parser as parser  # type: ignore[attr-defined]
    except ImportError:
        import sre_parse as parser

Ends = Iterator[int]
Matcher = Callable[[int], Ends]
"""From a place in the text to the places where a match from there may end, in order."""


class Walk:
    """One pattern over one text; ``steps`` counts what was looked at."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.tree = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
        self.steps = 0
        self.text = ""
        self.groups: dict[int, str] = {}
        ignoring = bool(pattern.flags & re.IGNORECASE)
        self._signs: dict[int, dict[str, bool]] = {}
        self._root = self._sequence(list(self.tree), ignoring)
        self._first = _first(list(self.tree), ignoring)
        self._viable: dict[str, bool] = {}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The matches from left to right, as ``finditer`` has them."""
        self.text, place, found = text, 0, list[tuple[int, int]]()
        while place <= len(text):
            self.steps += 1
            end = next(self._root(place), None) if self._may_begin(place) else None
            if end is None:
                place += 1
                continue
            found.append((place, end))
            place = max(end, place + 1)
        return found

    def _may_begin(self, place: int) -> bool:
        if self._first is None:
            return True
        sign = self.text[place : place + 1]
        if sign not in self._viable:
            self._viable[sign] = bool(sign) and self._first(sign)
        return self._viable[sign]

    def _sequence(self, ops: list[Any], ignoring: bool) -> Matcher:
        parts = [self._node(op, value, ignoring) for op, value in ops]

        def ends(place: int, part: int = 0) -> Ends:
            if part == len(parts):
                yield place
                return
            for end in parts[part](place):
                yield from ends(end, part + 1)

        return ends

    def _node(self, op: Any, value: Any, ignoring: bool) -> Matcher:
        name = str(op)
        if name in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
            return self._one_sign(_sign(name, value, ignoring))
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeat(*value, lazy=name == "MIN_REPEAT", ignoring=ignoring)
        if name == "SUBPATTERN":
            return self._group(value, ignoring)
        if name == "BRANCH":
            return self._branch([list(one) for one in value[1]], ignoring)
        if name in ("ASSERT", "ASSERT_NOT"):
            return self._assertion(*value, wanted=name == "ASSERT", ignoring=ignoring)
        if name == "AT":
            return self._position(str(value))
        if name == "GROUPREF":
            return self._again(value)
        raise NotImplementedError(name)

    def _one_sign(self, holds: Callable[[str], bool]) -> Matcher:
        known: dict[str, bool] = {}

        def ends(place: int) -> Ends:
            self.steps += 1
            if place < len(self.text):
                sign = self.text[place]
                if sign not in known:
                    known[sign] = holds(sign)
                if known[sign]:
                    yield place + 1

        return ends

    def _repeat(self, low: int, high: Any, ops: Any, *, lazy: bool, ignoring: bool) -> Matcher:
        body = self._sequence(list(ops), ignoring)
        most = int(high)
        if len(ops) == 1 and str(ops[0][0]) in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
            return self._row(body, low, most, lazy)

        def ends(place: int, count: int = 0) -> Ends:
            self.steps += 1
            if lazy and count >= low:
                yield place
            if count < most:
                for end in body(place):
                    if end > place or count < low:
                        yield from ends(end, count + 1)
            if not lazy and count >= low:
                yield place

        return ends

    def _row(self, sign: Matcher, low: int, most: int, lazy: bool) -> Matcher:
        """Of single signs, without recursion: a row may be as long as the text."""

        def ends(place: int) -> Ends:
            count = 0
            if lazy:
                while True:
                    if count >= low:
                        yield place + count
                    if count >= most or next(sign(place + count), None) is None:
                        return
                    count += 1
            while count < most and next(sign(place + count), None) is not None:
                count += 1
            for length in range(count, low - 1, -1):
                self.steps += 1
                yield place + length

        return ends

    def _group(self, value: Any, ignoring: bool) -> Matcher:
        number, added, removed, ops = value
        inside = bool(added & re.IGNORECASE) or (ignoring and not removed & re.IGNORECASE)
        body = self._sequence(list(ops), inside)
        if number is None:
            return body

        def ends(place: int) -> Ends:
            for end in body(place):
                self.groups[number] = self.text[place:end]
                yield end

        return ends

    def _branch(self, branches: list[list[Any]], ignoring: bool) -> Matcher:
        bodies = [(_first(ops, ignoring), self._sequence(ops, ignoring)) for ops in branches]
        known: dict[str, list[Matcher]] = {}

        def ends(place: int) -> Ends:
            self.steps += 1
            sign = self.text[place : place + 1]
            if sign not in known:
                # As in the engine: an alternative that begins with another sign is not entered.
                known[sign] = [b for first, b in bodies if first is None or (sign and first(sign))]
            for body in known[sign]:
                self.steps += 1
                yield from body(place)

        return ends

    def _assertion(self, way: int, ops: Any, *, wanted: bool, ignoring: bool) -> Matcher:
        body = self._sequence(list(ops), ignoring)
        back = ops.getwidth()[0] if way < 0 else 0

        def ends(place: int) -> Ends:
            start = place - back
            holds = start >= 0 and next(body(start), None) is not None
            if holds == wanted:
                yield place

        return ends

    def _position(self, where: str) -> Matcher:
        def word(place: int) -> bool:
            return 0 <= place < len(self.text) and (
                self.text[place].isalnum() or self.text[place] == "_"
            )

        def ends(place: int) -> Ends:
            self.steps += 1
            last = place == len(self.text) or self.text[place:] == "\n"
            edge = word(place - 1) != word(place)
            holds = {
                "AT_BEGINNING": place == 0,
                "AT_BEGINNING_STRING": place == 0,
                "AT_BOUNDARY": edge,
                "AT_NON_BOUNDARY": not edge,
                "AT_END": last,
            }
            if holds[where]:
                yield place

        return ends

    def _again(self, number: int) -> Matcher:
        def ends(place: int) -> Ends:
            said = self.groups.get(number, "")
            self.steps += len(said)
            if self.text.startswith(said, place):
                yield place + len(said)

        return ends


def _first(ops: list[Any], ignoring: bool) -> Callable[[str], bool] | None:
    """What a match must begin with; ``None`` if that is not the matter of one sign."""
    for op, value in ops:
        name = str(op)
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        if name in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
            return _sign(name, value, ignoring)
        if name == "SUBPATTERN":
            inside = bool(value[1] & re.IGNORECASE) or (ignoring and not value[2] & re.IGNORECASE)
            return _first(list(value[3]), inside) if value[3].getwidth()[0] else None
        if name in ("MAX_REPEAT", "MIN_REPEAT") and value[0] and value[2].getwidth()[0]:
            return _first(list(value[2]), ignoring)
        if name == "BRANCH":
            firsts = [_first(list(one), ignoring) for one in value[1]]
            if all(one.getwidth()[0] for one in value[1]) and None not in firsts:
                return lambda sign: any(first(sign) for first in firsts if first)
        return None
    return None


def _sign(name: str, value: Any, ignoring: bool) -> Callable[[str], bool]:
    if name == "ANY":
        return lambda sign: sign != "\n"
    items = [("LITERAL", value)] if name != "IN" else [(str(op), one) for op, one in value]
    negated = name == "NOT_LITERAL" or items[0][0] == "NEGATE"
    tests = [_test(op, one) for op, one in items if op != "NEGATE"]

    def holds(sign: str) -> bool:
        forms = {sign, sign.lower(), sign.upper()} if ignoring else {sign}
        return any(test(form) for form in forms if len(form) == 1 for test in tests) != negated

    return holds


def _test(op: str, value: Any) -> Callable[[str], bool]:
    if op == "LITERAL":
        return lambda sign: ord(sign) == value
    if op == "RANGE":
        return lambda sign: value[0] <= ord(sign) <= value[1]
    kind = str(value)
    bases: dict[str, Callable[[str], bool]] = {
        "DIGIT": str.isdecimal,
        "SPACE": str.isspace,
        "WORD": lambda sign: sign.isalnum() or sign == "_",
    }
    base = bases[kind.rsplit("_", 1)[1]]
    return (lambda sign: not base(sign)) if "NOT" in kind else base
