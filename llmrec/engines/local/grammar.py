"""Token masks that keep a text inside a constraint, by llguidance.

llguidance (https://github.com/guidance-ai/llguidance) parses the bytes of the tokens as they come
and says which tokens may follow. JSON comes out in one line, with ``", "`` and ``": "`` between.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from llmrec.engines.constraints import Choices, Constraint, Grammar
from llmrec.errors import EngineError

if TYPE_CHECKING:
    import torch
    from llguidance._lib import JsonCompileOptions

__all__ = ["Grammars", "Matcher"]

_KEPT = 64
_JSON: JsonCompileOptions = {
    "item_separator": ", ",
    "key_separator": ": ",
    "whitespace_flexible": False,
}


class Matcher:
    """Where one text stands in its grammar.

    Args:
        parser: an ``LLMatcher`` of its own.
        vocabulary: number of tokens it knows.
    """

    def __init__(self, parser: Any, vocabulary: int) -> None:
        self._parser = parser
        self._vocabulary = vocabulary

    @property
    def ended(self) -> bool:
        """Whether nothing may follow."""
        ended: bool = self._parser.is_stopped()
        return ended

    def take(self, token: int) -> None:
        """Go on by the token that was chosen."""
        if not self._parser.consume_token(token):
            raise EngineError(f"A constraint broke off: {self._parser.get_error()}.")

    def mask(self, logits: torch.Tensor) -> None:
        """Set the logits ``[vocabulary]`` of all tokens that may not follow to minus infinity."""
        import numpy as np
        import torch
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

        bits = allocate_token_bitmask(1, self._vocabulary)
        fill_next_token_bitmask(self._parser, bits)
        if self._parser.is_error():
            raise EngineError(f"A constraint broke off: {self._parser.get_error()}.")
        allowed = np.unpackbits(bits.view(np.uint8), bitorder="little").astype(bool)
        known = min(len(logits), self._vocabulary)
        logits[:known].masked_fill_(~torch.from_numpy(allowed[:known]), float("-inf"))
        logits[known:] = float("-inf")


class Grammars:
    """Compiles constraints for one tokenizer, each once. Safe for threads.

    Args:
        tokenizer: of transformers; one that is backed by the ``tokenizers`` library.
        vocabulary: number of logits.
        end_ids: tokens that end a text.
        model: for messages.
    """

    def __init__(
        self, tokenizer: Any, vocabulary: int, end_ids: Collection[int], model: str
    ) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = max(vocabulary, len(tokenizer))
        self._end_ids = sorted(end_ids)
        self._model = model
        self._lock = threading.Lock()
        self._known: Any = None
        self._compiled: OrderedDict[Constraint, Any] = OrderedDict()

    def matchers(self, constraint: Constraint | None, texts: int) -> Sequence[Matcher] | None:
        """A matcher for each of ``texts`` texts, ``None`` if they are free.

        Raises:
            EngineError: the constraint cannot be understood, or the tokenizer cannot be masked.
        """
        if constraint is None:
            return None
        with self._lock:
            parser = self._compiled.get(constraint)
            if parser is None:
                parser = self._compiled[constraint] = self._compile(constraint)
            self._compiled.move_to_end(constraint)
            while len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
            return [Matcher(parser.deep_copy(), self._vocabulary) for _ in range(texts)]

    def _compile(self, constraint: Constraint) -> Any:
        from llguidance import LLMatcher, grammar_from

        if isinstance(constraint, Choices):
            grammar = grammar_from("choice", list(constraint.texts))  # type: ignore[arg-type]
        elif isinstance(constraint, Grammar):
            grammar = grammar_from("lark", constraint.text)
        else:
            grammar = LLMatcher.grammar_from_json_schema(constraint.text, overrides=_JSON)
        parser = LLMatcher(self._words(), grammar, log_level=0)
        if parser.is_error():
            reason = str(parser.get_error()).strip().partition("\n")[0]
            raise EngineError(
                f"A constraint cannot be understood: {reason}.",
                hint="Give a JSON schema of draft 2020-12 without the features named here, or a "
                "grammar in llguidance's form of Lark.",
            )
        return parser

    def _words(self) -> Any:
        from llguidance.hf import from_tokenizer

        if self._known is None:
            try:
                self._known = from_tokenizer(
                    self._tokenizer, n_vocab=self._vocabulary, eos_token=self._end_ids or None
                )
            except ValueError as error:
                raise EngineError(
                    f"The tokenizer of '{self._model}' takes no constraints: {error}.",
                    hint="Use a model with a tokenizer.json, or ask without a constraint.",
                ) from error
        return self._known
