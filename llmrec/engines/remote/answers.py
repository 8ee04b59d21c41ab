"""A text while a server writes it: from its tokens where it tells them, cut as in other engines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from llmrec.engines.constraints import Choices, Constraint, Grammar
from llmrec.engines.remote.failures import ServerFailed, no_completion
from llmrec.engines.stopping import cut_at_stop, shown_length
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.errors import EngineError, EngineUnavailable

__all__ = ["GrowingText"]

_WHOLE = {"stop", "length"}


class GrowingText:
    """One prompt's answer, whole or piece by piece.

    vLLM's own text lacks a character that is cut within its bytes, and its stop words are tried
    token by token. Its tokens give the very text that the other engines make of them.

    Args:
        chat: makes text of tokens.
        prompt_ids: the prompt.
        stop: words that end the text.
        where: the server, for messages.
    """

    def __init__(
        self, chat: ChatTokenizer, prompt_ids: Sequence[int], stop: Sequence[str], where: str
    ) -> None:
        self._chat = chat
        self._prompt_ids = prompt_ids
        self._stop = stop
        self._where = where
        self._ids: list[int] | None = None
        self._raw = ""
        self._reason: str | None = None
        self._shown = 0
        self.text = ""
        self.stopped = False

    def add(self, answer: Any) -> None:
        """Take a completion, or an event of a streamed one.

        Raises:
            ServerFailed: the server gave the text up.
            EngineError: it is no completion.
        """
        try:
            choices = answer["choices"]
            if not choices:
                return
            choice = choices[0]
            self._raw += choice["text"]
            reason, ids = choice.get("finish_reason"), choice.get("token_ids")
        except (TypeError, KeyError, IndexError, AttributeError) as error:
            raise no_completion(self._where, answer) from error
        if reason is not None and reason not in _WHOLE:
            raise self._failed(f"gave a text up ({reason})")
        self._reason = reason or self._reason
        if ids is not None:
            self._ids = [*(self._ids or []), *ids]
        text = self._raw
        if self._ids is not None:
            text = self._chat.continuation(self._prompt_ids, self._ids)
        self.text, self.stopped = cut_at_stop(text, self._stop)

    def piece(self) -> str:
        """What may be shown now and was not shown yet."""
        ended = self.stopped or self._reason is not None
        end = len(self.text) if ended else shown_length(self.text, self._stop)
        piece = self.text[self._shown : end]
        self._shown = max(self._shown, end)
        return piece

    def check(self, constraint: Constraint | None) -> None:
        """Find out whether the text is whole, and what it was to be.

        Raises:
            ServerFailed: the server ended it without saying why.
            EngineError: the server did not obey the constraint.
        """
        if self._reason is None and not self.stopped:
            raise self._failed("broke off in the middle of a text")
        # A text that was cut may break off inside the constraint.
        if constraint is None or self._reason == "length" or self.stopped:
            return
        if not _obeys(self.text, constraint):
            raise EngineError(
                f"The server at {self._where} does not keep to choices or a JSON schema: "
                f"{self.text[:60]!r}.",
                hint="vLLM 0.12 and later does (structured outputs); use such a server.",
            )

    def _failed(self, what: str) -> ServerFailed:
        return ServerFailed(
            EngineUnavailable(
                f"The server at {self._where} {what}.",
                hint="Ask again; look at the server's log.",
            )
        )


def _obeys(text: str, constraint: Constraint) -> bool:
    if isinstance(constraint, Choices):
        return text in constraint.texts
    if isinstance(constraint, Grammar):
        return True  # whoever asked for it reads it, and knows what is none
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
