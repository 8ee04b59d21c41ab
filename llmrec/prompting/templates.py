"""The templates of ``prompts/``: a system text, a user text and the beginning of the answer.

A template's version is its file name and a short hash of its content, so that a trace says exactly
which words the model was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    import jinja2

__all__ = ["ChatMessage", "Prompt", "Render", "render_template", "template_version"]


class ChatMessage(TypedDict):
    """One turn of a chat; the same shape as an engine's message."""

    role: str
    content: str


class Render(Protocol):
    """How an engine turns messages into one string (its chat template)."""

    def __call__(self, messages: Sequence[ChatMessage], *, answer_prefix: str = "") -> str:
        """Return the prompt with the assistant's turn opened by ``answer_prefix``."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered template: what goes to the engine, and which version it is.

    ``examples`` are the answers of its examples, so that a copy of one can be told.
    """

    messages: tuple[ChatMessage, ...]
    answer_prefix: str
    version: str
    examples: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The whole prompt as a reader sees it, without any model's chat markup."""
        turns = [f"<{message['role']}>\n{message['content']}\n" for message in self.messages]
        return "".join(turns) + f"<assistant>\n{self.answer_prefix}"


def render_template(name: str, values: Mapping[str, object]) -> Prompt:
    """Render ``prompts/<name>.jinja``; its blocks are ``system``, ``user`` and ``answer``.

    A block ``examples`` may stand between: its lines are by turns what a user says and what is
    answered. It comes before all that differs between requests, so that prefix caches hit.
    Everything in ``values`` must have passed :func:`llmrec.prompting.one_line` already.
    """
    parts = _render_blocks(name, values)
    shown = [line for line in parts.get("examples", "").splitlines() if line]
    turns = [("system", parts["system"])]
    turns += [("user" if n % 2 == 0 else "assistant", line) for n, line in enumerate(shown)]
    turns += [("user", parts["user"])]
    return Prompt(
        messages=tuple(ChatMessage(role=role, content=content) for role, content in turns),
        answer_prefix=parts["answer"],
        version=template_version(name),
        examples=tuple(shown[1::2]),
    )


def template_version(name: str) -> str:
    """File name and the first eight hex digits of its SHA-256, e.g. ``rank.v1-1a2b3c4d``."""
    return f"{name}-{hashlib.sha256(_source(name).encode()).hexdigest()[:8]}"


@lru_cache(maxsize=32)
def _source(name: str) -> str:
    folder = resources.files("llmrec.prompts")
    return (folder / f"{name}.jinja").read_text(encoding="utf-8").replace("\r\n", "\n")


@lru_cache(maxsize=32)
def _template(name: str) -> jinja2.Template:
    import jinja2

    # No autoescape: this is no HTML, and shop text is made safe before it comes here.
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_source(name))


def _render_blocks(name: str, values: Mapping[str, object]) -> dict[str, str]:
    template = _template(name)
    return {
        block: "".join(render(template.new_context(dict(values)))).strip("\n")
        for block, render in template.blocks.items()
    }
