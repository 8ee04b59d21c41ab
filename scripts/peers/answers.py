"""The two files that a peer leaves: ``NAME.jsonl`` with the lists, ``NAME.json`` about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_folder import fingerprint

__all__ = ["write_answers"]


def write_answers(
    file: Path,
    lists: Mapping[str, Sequence[str]],
    histories: Mapping[str, tuple[str, ...]],
    about: Mapping[str, Any],
) -> None:
    """Write one line per user of ``histories``, and ``about`` beside it.

    Args:
        file: ``NAME.jsonl``.
        lists: item ids by user, best first; who is missing got nothing.
        histories: item ids by user, oldest first.
        about: ``name``, ``settings``, ``tuned`` (``budget``, ``metric``, ``trials``), ``seconds``,
            ``versions`` and what else there is to say.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as out:
        for user, history in histories.items():
            line = {
                "user": user,
                "ids": list(lists.get(user, ())),
                "history": fingerprint(history),
            }
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    text = json.dumps(about, indent=1, ensure_ascii=False)
    file.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
