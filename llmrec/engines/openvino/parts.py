"""What an engine needs of a model's folder besides the weights: tokenizer, limits, end tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.errors import ConfigError, ModelError

__all__ = ["NetworkParts", "read_parts"]

_DEFAULT_CONTEXT = 2048
# Their frequencies depend on the length of the prompt, which a traced graph cannot follow.
_CHANGING_ROPE = {"dynamic", "longrope"}


@dataclass(frozen=True)
class NetworkParts:
    """``context`` is the most tokens of prompt and answer, ``vocabulary`` the number of logits."""

    tokenizer: Any
    chat: ChatTokenizer
    context: int
    vocabulary: int
    end_ids: frozenset[int]


def read_parts(model: str, folder: Path, context: int | None) -> NetworkParts:
    """Read them; no weights and no network.

    Args:
        model: what the weights are called, for messages.
        folder: where they lie.
        context: what is asked for, ``None`` for all that the model has.

    Raises:
        ModelError: the folder holds no decoder, or of a kind that OpenVINO does not run.
        ConfigError: the model has less context than was asked for.
    """
    from transformers import AutoConfig, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"'{model}' cannot be loaded as a language model: {reason}",
            hint=f"Check it with 'llmrec models verify {model}', or name another model.",
        ) from error
    text = config.get_text_config()
    _refuse_unknown(model, config, text)
    chat = ChatTokenizer(tokenizer, model)
    longest = _longest(text, chat)
    if context is not None and context > longest:
        raise ConfigError(
            f"engine.context is {context}, and '{model}' reads at most {longest} tokens.",
            hint="Lower engine.context, or leave it out.",
        )
    end_ids = _end_ids(folder, text, chat)
    return NetworkParts(tokenizer, chat, context or longest, int(text.vocab_size), end_ids)


def _refuse_unknown(model: str, config: Any, text: Any) -> None:
    rope = getattr(text, "rope_parameters", None) or {}
    kinds = {
        str(part.get("rope_type")) for part in (rope, *rope.values()) if isinstance(part, dict)
    }
    if getattr(config, "quantization_config", None):
        what = "weights are quantized already"
    elif kinds & _CHANGING_ROPE:
        what = f"positions are of the kind {', '.join(sorted(kinds & _CHANGING_ROPE))}"
    else:
        return
    raise ModelError(
        f"OpenVINO cannot run '{model}': its {what}.", hint="Set models.engine='transformers'."
    )


def _longest(text: Any, chat: ChatTokenizer) -> int:
    # Up to the length of its window, a model with sliding windows is one without.
    window = getattr(text, "sliding_window", None)
    windows = getattr(text, "use_sliding_window", True)
    limits = [
        getattr(text, "max_position_embeddings", None),
        chat.max_length,
        window if windows else None,
    ]
    return min((int(limit) for limit in limits if limit), default=_DEFAULT_CONTEXT)


def _end_ids(folder: Path, text: Any, chat: ChatTokenizer) -> frozenset[int]:
    from transformers import GenerationConfig

    try:
        configured = GenerationConfig.from_pretrained(folder, local_files_only=True).eos_token_id
    except OSError:
        configured = getattr(text, "eos_token_id", None)
    ids = configured if isinstance(configured, (list, tuple)) else [configured]
    return frozenset(int(id) for id in [*ids, chat.end_id] if id is not None)
