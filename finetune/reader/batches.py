"""From examples of reading to tensors: one prompt, several answers that do not see each other.

::

    head ──┬── Read: find | thing kettle | max 30 <end>
           ├── Is 30: most
           └── Is Acme: refused

The head is read once; each answer continues it as if it were the only one. So the questions cost
a few tokens each instead of a prompt of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmrec.errors import ContextOverflow
from llmrec.finetune.branches import Branch, BranchedExample, branch_losses
from llmrec.finetune.reader.examples import ReaderExample
from llmrec.reading.prompt import READ

__all__ = ["Branch", "BranchedExample", "branch_losses", "tokenise_reading"]


def tokenise_reading(
    examples: Sequence[ReaderExample],
    token_ids: Callable[[str], list[int]],
    end: int,
    *,
    max_tokens: int,
) -> list[BranchedExample]:
    """Tokenise heads and branches apart; the token ``end`` closes the line.

    Raises:
        ContextOverflow: an example is longer than ``max_tokens``.
    """
    made = []
    for example in examples:
        line = Branch(tuple(token_ids(READ)), (*token_ids(" " + example.line), end))
        questions = (
            Branch(tuple(token_ids(text)), tuple(token_ids(" " + label)))
            for text, label in example.questions
        )
        branched = BranchedExample(tuple(token_ids(example.head)), (line, *questions))
        if len(branched.tokens) > max_tokens:
            raise ContextOverflow(
                f"A message has {len(branched.tokens)} tokens; {max_tokens} are the limit of this "
                f"training: {example.head[:80]!r}.",
                hint="Raise max_tokens.",
            )
        made.append(branched)
    return made
