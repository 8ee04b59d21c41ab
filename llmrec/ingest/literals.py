"""Text that is a list or a mapping as some program printed it: JSON, Python's repr, a Ruby hash.

Nothing is evaluated: the tokens are rewritten as JSON, and JSON is parsed.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["printed_value"]

# Strings, symbols (:type), what stands before or between, numbers, words.
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | :(?P<symbol>[A-Za-z_]\w*[?!]?)
    | (?P<arrow>=>)
    | (?P<mark>[\[\]{}(),:])
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z_][\w.-]*)
    )\s*""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"true": "true", "false": "false", "nil": "null", "none": "null", "null": "null",
          "nan": "null", "undefined": "null"}  # fmt: skip
_BRACKETS = {"(": "[", ")": "]"}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)


def printed_value(text: str, opening: str = "[{") -> Any:
    """The list or mapping that a text prints; ``None`` where it is none, or broken.

    >>> printed_value('{"Type"=>"Analog", :size => nil}'), printed_value("['a', 'b']")
    ({'Type': 'Analog', 'size': None}, ['a', 'b'])
    """
    if not text or text.lstrip()[:1] not in tuple(opening):
        return None
    try:
        return _container(json.loads(text))
    except (ValueError, RecursionError):
        pass
    try:
        return _container(json.loads(_as_json(text)))
    except (ValueError, RecursionError):
        return None


def _container(value: Any) -> Any:
    return value if isinstance(value, (list, dict)) else None


def _as_json(text: str) -> str:
    parts: list[str] = []
    bare = False
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError("not a list or mapping")
        at = token.end()
        part, kind = _rewritten(token), token.lastgroup
        if part == ":" and kind in ("arrow", "mark") and parts and parts[-1][:1] not in '"':
            parts[-1] = json.dumps(parts[-1])  # a number or a bare word as a name
        elif bare:
            raise ValueError("a word without quotes")  # "[NEW] kettle" is a title
        if part in ("]", "}") and parts and parts[-1] == ",":
            parts.pop()  # Python and Ruby allow it, JSON does not
        bare = kind == "word" and part not in ("true", "false", "null")
        parts.append(part)
    return "".join(parts)


def _rewritten(token: re.Match[str]) -> str:
    kind, value = token.lastgroup, token[token.lastgroup or 0]
    if kind == "text":
        return json.dumps(_ESCAPE.sub(_unescaped, value[1:-1]))
    if kind == "symbol":
        return json.dumps(value)
    if kind == "arrow":
        return ":"
    if kind == "mark":
        return _BRACKETS.get(value, value)
    if kind == "number":
        return json.dumps(float(value) if re.search("[.eE]", value) else int(value))
    return _WORDS.get(value.lower(), value)


def _unescaped(match: re.Match[str]) -> str:
    sign = match[1]
    if len(sign) > 1:
        return chr(int(sign[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(sign, sign)
