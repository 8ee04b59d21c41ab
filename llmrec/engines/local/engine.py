"""The engine that runs a Hugging Face decoder in this process: float32 on a CPU, bf16 on a GPU."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from llmrec.config import EngineSettings
from llmrec.engines.batching import batches_by_length
from llmrec.engines.calls import check_generation
from llmrec.engines.local.decoding import Continuation, decode
from llmrec.engines.local.torch_errors import torch_errors
from llmrec.engines.protocol import Message
from llmrec.engines.stopping import shown_length
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.errors import ContextOverflow, EngineError
from llmrec.types import FloatArray

__all__ = ["TransformersEngine"]

_DEFAULT_CONTEXT = 2048


class TransformersEngine:
    """A decoder language model of transformers; see :class:`~llmrec.engines.Engine`.

    Safe to use from several threads: the model itself runs one call at a time.

    Args:
        model: what the weights are called.
        network: a causal language model in evaluation mode.
        tokenizer: its tokenizer.
        score_tokens: most tokens (padding included) of one scoring pass; bounds the memory.
        generate_tokens: most tokens of prompts and answers that are generated together.
    """

    name = "transformers"

    def __init__(
        self,
        model: str,
        network: Any,
        tokenizer: Any,
        *,
        score_tokens: int = 8192,
        generate_tokens: int = 16384,
    ) -> None:
        self._model = model
        self._network = network
        self._chat = ChatTokenizer(tokenizer, model)
        self._score_tokens = score_tokens
        self._generate_tokens = generate_tokens
        self._lock = threading.RLock()
        self._context = _context_of(network.config, self._chat)
        self._end_ids = _end_ids(network, self._chat)
        self._forward_passes = 0
        self._decode_steps = 0

    @classmethod
    def load(
        cls, model: str, settings: EngineSettings | None = None, *, device: str | None = None
    ) -> TransformersEngine:
        """Load weights that are on this machine.

        Args:
            model: a name of ``llmrec models list``, a pulled hub id, or a folder.
            device: a torch device; else a GPU if there is one, else the CPU.

        Raises:
            ModelError: they are missing, or are not a decoder language model.
            OutOfMemory: they do not fit.
        """
        from llmrec.engines.local.loading import load_network
        from llmrec.weights import locate

        folder: Path = locate(model)
        network, tokenizer = load_network(model, folder, device=device)
        return cls(model, network, tokenizer)

    def __repr__(self) -> str:
        return f"TransformersEngine(model={self._model!r}, device='{self._network.device}')"

    @property
    def model(self) -> str:
        """Name of the weights."""
        return self._model

    @property
    def device(self) -> str:
        """Where it runs and in which precision, e.g. ``cpu float32``."""
        return f"{self._network.device} {str(self._network.dtype).removeprefix('torch.')}"

    @property
    def context_window(self) -> int:
        """Most tokens of prompt and answer together."""
        return self._context

    @property
    def forward_passes(self) -> int:
        """Scoring passes so far."""
        return self._forward_passes

    @property
    def decode_steps(self) -> int:
        """Generation steps so far; a step makes one token for every unfinished text of a batch."""
        return self._decode_steps

    def render(self, messages: Sequence[Message], *, answer_prefix: str = "") -> str:
        """Apply the chat template; special tokens inside messages lose their meaning."""
        return self._chat.render(messages, answer_prefix=answer_prefix)

    def count_tokens(self, text: str) -> int:
        """Number of tokens of ``text``, none added."""
        return len(self._chat.ids(text))

    def token_ids(self, text: str) -> list[int]:
        """Tokens of ``text``, none added."""
        return self._chat.ids(text)

    def score_labels(
        self, prompts: Sequence[str], labels: Sequence[Sequence[str]]
    ) -> list[FloatArray]:
        """Log-probabilities of each prompt's labels as its next token, normalised over the labels.

        One prompt is one forward pass. Many prompts are grouped by length into as few passes as
        memory and padding allow. The answer does not depend on the grouping.

        Raises:
            ContextOverflow: a prompt is longer than the context; nothing has run.
            EngineError: a label is not one token after its prompt.
        """
        wanted = [self._chat.label_ids(p, own) for p, own in zip(prompts, labels, strict=True)]
        ids = self._fitting(prompts, room=1)
        scores: dict[int, FloatArray] = {}
        lengths = [len(one) for one in ids]
        for batch in batches_by_length(lengths, token_budget=self._score_tokens):
            logits = self._last_logits([ids[row] for row in batch])
            for row, own in zip(batch, logits, strict=True):
                scores[row] = _log_softmax(own[wanted[row]])
        return [scores[row] for row in range(len(ids))]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """Continue each prompt; a text depends on its prompt and the seed, not on the batch.

        Raises:
            ContextOverflow: a prompt plus ``max_tokens`` is longer than the context.
            EngineError: an argument makes no sense, or the model failed.
        """
        check_generation(max_tokens, temperature, stop)
        ids = self._fitting(prompts, room=max_tokens)
        lengths = [len(one) + max_tokens for one in ids]
        texts: dict[int, str] = {}
        # Decoding is bound by memory traffic: sharing a step is worth far more padding than above.
        groups = batches_by_length(lengths, token_budget=self._generate_tokens, max_waste=0.5)
        for batch in groups:
            steps = self._decode([ids[row] for row in batch], max_tokens, stop, temperature, seed)
            done = deque(steps, maxlen=1).pop()
            texts.update(zip(batch, (one.text for one in done), strict=True))
        return [texts[row] for row in range(len(ids))]

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Iterator[str]:
        """Continue one prompt piece by piece; the pieces join to what :meth:`generate` returns.

        Closing the iterator ends the generation. Arguments are checked before the first piece.
        """
        check_generation(max_tokens, temperature, stop)
        ids = self._fitting([prompt], room=max_tokens)
        return self._pieces(self._decode(ids, max_tokens, stop, temperature, seed), stop)

    def _pieces(self, steps: Iterator[list[Continuation]], stop: Sequence[str]) -> Iterator[str]:
        shown, text = 0, ""
        for (one,) in steps:
            text = one.text
            end = len(text) if one.done else shown_length(text, stop)
            if end > shown:
                yield text[shown:end]
                shown = end
        if len(text) > shown:
            yield text[shown:]

    def _decode(
        self,
        ids: Sequence[list[int]],
        max_tokens: int,
        stop: Sequence[str],
        temperature: float,
        seed: int,
    ) -> Iterator[list[Continuation]]:
        for texts in decode(
            self._network,
            self._lock,
            ids,
            max_tokens=max_tokens,
            stop=stop,
            temperature=temperature,
            seed=seed,
            end_ids=self._end_ids,
            to_text=self._chat.continuation,
        ):
            with self._lock:
                self._decode_steps += 1
            yield texts

    def _fitting(self, prompts: Sequence[str], *, room: int) -> list[list[int]]:
        ids = [self._chat.ids(prompt) for prompt in prompts]
        for one in ids:
            if not one:
                raise EngineError("A prompt is empty.", hint="Render it with the chat template.")
            if len(one) + room > self._context:
                raise ContextOverflow(
                    f"A prompt of {len(one)} tokens plus {room} for the answer is longer than the "
                    f"{self._context} tokens that '{self._model}' takes.",
                    hint="Lower ranking.token_budget, or ask for less.",
                )
        return ids

    def _last_logits(self, ids: Sequence[list[int]]) -> FloatArray:
        import torch

        # Padding on the right changes nothing for the tokens before it (attention is causal), so
        # no mask is needed and attention takes its fast path.
        longest = max(len(one) for one in ids)
        padded = torch.zeros(len(ids), longest, dtype=torch.long)
        for row, one in enumerate(ids):
            padded[row, : len(one)] = torch.tensor(one)
        last = torch.tensor([len(one) - 1 for one in ids])
        places, column = torch.unique(last, return_inverse=True)
        with self._lock, torch.inference_mode(), torch_errors("ranking"):
            self._forward_passes += 1
            out = self._network(
                input_ids=padded.to(self._network.device),
                use_cache=False,
                logits_to_keep=places.to(self._network.device),
            )
            # [batch, places, vocabulary] -> each prompt at its own last token
            logits = out.logits[torch.arange(len(ids)), column].float().cpu()
        values: FloatArray = logits.numpy()
        return values


def _log_softmax(logits: FloatArray) -> FloatArray:
    values = logits.astype(np.float64)
    values -= values.max()
    result: FloatArray = (values - np.log(np.exp(values).sum())).astype(np.float32)
    return result


def _context_of(config: Any, chat: ChatTokenizer) -> int:
    limits = [getattr(config, "max_position_embeddings", None), chat.max_length]
    return min((int(one) for one in limits if one), default=_DEFAULT_CONTEXT)


def _end_ids(network: Any, chat: ChatTokenizer) -> frozenset[int]:
    configured = getattr(network.generation_config, "eos_token_id", None)
    ids = configured if isinstance(configured, (list, tuple)) else [configured]
    return frozenset(int(one) for one in [*ids, chat.end_id] if one is not None)
