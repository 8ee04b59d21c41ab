"""A Hugging Face tokenizer with its chat template, behind four plain functions.

Prompts are strings that already carry their special tokens, so nothing is ever added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmrec.engines.calls import check_lengths
from llmrec.engines.protocol import Message
from llmrec.errors import EngineError
from llmrec.labels import label_token

__all__ = ["ChatTokenizer", "Tokenized"]

# A tokenizer that never says how long a text may be says 1e30.
_SANE_LENGTH = 10_000_000


class ChatTokenizer:
    """Renders chats and maps text to token ids and back.

    Args:
        tokenizer: a ``PreTrainedTokenizerBase``.
        name: of the model, for messages.
    """

    def __init__(self, tokenizer: Any, name: str) -> None:
        self._tokenizer = tokenizer
        self._name = name
        self._special = [
            token.content for token in tokenizer.added_tokens_decoder.values() if token.special
        ]
        self._label_ids: dict[tuple[str, str], int | None] = {}

    @property
    def max_length(self) -> int | None:
        """The tokenizer's own limit, if it has one."""
        length = int(self._tokenizer.model_max_length)
        return length if length < _SANE_LENGTH else None

    @property
    def end_id(self) -> int | None:
        """The token that ends a turn."""
        end: int | None = self._tokenizer.eos_token_id
        return end

    @property
    def end_text(self) -> str | None:
        """That token as text."""
        end: str | None = self._tokenizer.eos_token
        return end

    def render(self, messages: Sequence[Message], *, answer_prefix: str = "") -> str:
        """Apply the chat template and open the assistant's turn.

        Special tokens inside a message (a product title that says ``<|im_end|>``, say) are broken
        by a space, so that data can never open or close a turn. A template that knows no system
        turn gets it as the beginning of the first user turn.

        Raises:
            EngineError: the tokenizer has no chat template, or it refuses these messages.
        """
        from jinja2 import TemplateError

        if not self._tokenizer.chat_template:
            raise EngineError(
                f"The tokenizer of '{self._name}' has no chat template.",
                hint="Use an instruction-tuned model, or put chat_template.jinja into its folder.",
            )
        turns = [
            Message(role=message["role"], content=self._defuse(message["content"]))
            for message in messages
        ]
        try:
            text = self._apply(turns)
        except TemplateError:
            try:
                text = self._apply(_without_system(turns))
            except TemplateError as error:
                raise EngineError(
                    f"The chat template of '{self._name}' refuses the messages: {error}.",
                    hint="Begin with a user turn, and let user and assistant alternate.",
                ) from error
        return text + answer_prefix

    def ids(self, text: str) -> list[int]:
        """Token ids of ``text`` as it stands."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False, verbose=False)
        return ids

    def label_ids(self, prompt: str, labels: Sequence[str]) -> list[int]:
        """The token of each label behind ``prompt``.

        Raises:
            EngineError: a label is not exactly one token there, or two are the same.
        """
        if not labels:
            raise EngineError("A prompt has no labels to score.", hint="Give at least one.")
        tail = prompt[-128:]
        ids = [self._label_id(tail, label) for label in labels]
        if len(set(ids)) != len(ids):
            raise EngineError(
                f"Two of the labels {list(labels)!r} are the same token.",
                hint="Give labels that are one token each behind the prompt (llmrec.labels).",
            )
        return ids

    def continuation(self, prompt_ids: Sequence[int], new_ids: Sequence[int]) -> str:
        """The text that ``new_ids`` add behind ``prompt_ids``, special tokens left out.

        Decoding the new tokens alone would lose a leading space with some tokenizers, so they are
        decoded behind the end of the prompt.
        """
        tail = list(prompt_ids[-4:])
        before, after = self._decode(tail), self._decode(tail + list(new_ids))
        return after[len(before) :] if after.startswith(before) else self._decode(new_ids)

    def _label_id(self, tail: str, label: str) -> int:
        key = (tail, label)
        if key not in self._label_ids:
            if len(self._label_ids) > 10_000:
                self._label_ids.clear()
            self._label_ids[key] = label_token(self.ids, tail, label)
        token = self._label_ids[key]
        if token is None:
            raise EngineError(
                f"The label {label!r} is not one token of '{self._name}' after {tail[-20:]!r}.",
                hint="Give labels that are one token each behind the prompt (llmrec.labels).",
            )
        return token

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def _apply(self, turns: Sequence[Message]) -> str:
        # Models that can think aloud would put their thoughts where the label is read.
        text: str = self._tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return text

    def _defuse(self, content: str) -> str:
        for token in self._special:
            if len(token) > 1 and token in content:
                content = content.replace(token, f"{token[0]} {token[1:]}")
        return content


class Tokenized:
    """What every engine whose tokenizer is here does alike; its ``__init__`` sets the three."""

    _model: str
    _chat: ChatTokenizer
    _context: int

    @property
    def model(self) -> str:
        """Name of the weights."""
        return self._model

    @property
    def context_window(self) -> int:
        """Most tokens of prompt and answer together."""
        return self._context

    @property
    def end_of_turn(self) -> str | None:
        """The text of the token that ends an answer."""
        return self._chat.end_text

    def render(self, messages: Sequence[Message], *, answer_prefix: str = "") -> str:
        """Apply the chat template; special tokens inside messages lose their meaning."""
        return self._chat.render(messages, answer_prefix=answer_prefix)

    def count_tokens(self, text: str) -> int:
        """Number of tokens of ``text``, none added."""
        return len(self._chat.ids(text))

    def token_ids(self, text: str) -> list[int]:
        """Tokens of ``text``, none added."""
        return self._chat.ids(text)

    def _fitting(self, prompts: Sequence[str], *, room: int) -> list[list[int]]:
        """Tokens of each prompt, once all of them fit with ``room`` for their answers."""
        ids = [self._chat.ids(prompt) for prompt in prompts]
        check_lengths([len(sequence) for sequence in ids], room, self._context, self._model)
        return ids


def _without_system(turns: Sequence[Message]) -> list[Message]:
    if len(turns) < 2 or turns[0]["role"] != "system":
        return list(turns)
    joined = f"{turns[0]['content']}\n\n{turns[1]['content']}"
    return [Message(role=turns[1]["role"], content=joined), *turns[2:]]
