"""The tokenizer of a model that runs elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.errors import ModelError

__all__ = ["configured_context", "load_chat"]

_DEFAULT_CONTEXT = 2048


def load_chat(model: str, folder: Path) -> ChatTokenizer:
    """The tokenizer in ``folder``; never from the network.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        # The Rust tokenizers raise a bare Exception for a damaged file.
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"The tokenizer of '{model}' cannot be read from {folder}: {reason}",
            hint="The folder needs config.json and the tokenizer's files.",
        ) from error
    return ChatTokenizer(tokenizer, model)


def configured_context(folder: Path, chat: ChatTokenizer) -> int:
    """The model's own limit, for servers that do not tell theirs."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    limits = [config.get("max_position_embeddings"), chat.max_length]
    return min((int(limit) for limit in limits if limit), default=_DEFAULT_CONTEXT)
