"""The part of an engine that prompts are made with: a tokenizer and a length, no weights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from llmrec.engines.tokenizing import ChatTokenizer, Tokenized
from llmrec.weights import locate_tokenizer

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["prompt_maker"]


class _Prompts(Tokenized):
    def __init__(self, base: str) -> None:
        from transformers import AutoTokenizer

        folder = locate_tokenizer(base)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._model, self._chat = base, ChatTokenizer(tokenizer, base)
        longest = int(config["max_position_embeddings"])
        self._context = min(longest, self._chat.max_length or longest)


def prompt_maker(base: str) -> Engine:
    """What :func:`~llmrec.finetune.examples.build_examples` asks of an engine, for ``base``.

    Raises:
        WeightsMissing: its tokenizer is not on this machine.
        ModelError: there is no such model.
    """
    # Making prompts scores and generates nothing.
    return cast("Engine", _Prompts(base))
