"""Lists of candidates as the model reads them, their log-odds, and the loss over each list.

The chance of candidate ``c`` is a product of two experts (Hinton 2002),

    p(c) = softmax( a s_c + l_c )

with ``s`` the retriever's scores (:mod:`llmrec.finetune.ranker.residual` fits ``a``) and ``l`` the
model's log-odds of yes over no behind the candidate's own branch. So the model begins where the
retriever ends, and what it learns is what it adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmrec.engines.local.head import float32_head
from llmrec.errors import ContextOverflow, ModelError
from llmrec.finetune.branches import Packed, logits_at, packed
from llmrec.finetune.examples import RankingExample
from llmrec.labels import label_token
from llmrec.prompting import yes_and_no

if TYPE_CHECKING:
    import torch

__all__ = ["ListExample", "list_losses", "list_scores", "tokenise_lists"]

# No merge of a vocabulary's tokens reaches further back (llmrec.labels).
_TAIL = 128


@dataclass(frozen=True, slots=True)
class ListExample:
    """A list as the model reads it: its head, and a branch for each candidate.

    ``target`` is the branch of the item that was chosen, ``retrieval`` the retriever's view of the
    candidates; ``offsets`` are added to the model's log-odds before the loss, if there are any.
    ``answers`` are the tokens of yes and no; ``titles`` the columns of the head, as first and last
    (exclusive), that tell of the history behind its first entry.
    """

    head: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]
    target: int
    answers: tuple[int, int]
    retrieval: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    titles: tuple[int, int] = (0, 0)

    @property
    def tokens(self) -> tuple[int, ...]:
        """All that goes into a forward pass."""
        return (*self.head, *(token for part in self.parts for token in part))


def tokenise_lists(
    examples: Sequence[RankingExample],
    token_ids: Callable[[str], list[int]],
    *,
    model: str,
    context: int,
    max_tokens: int,
) -> list[ListExample]:
    """Tokenise heads and branches, which together are the tokens that serving sends.

    Args:
        examples: what to tokenise.
        token_ids: the model's tokenizer, adding no special tokens.
        model: its name, for messages.
        context: longest prompt of a candidate.
        max_tokens: longest list, all its branches together.

    Raises:
        ContextOverflow: a prompt or a list is longer.
        ModelError: the tokenizer merges head and branch, so that they cannot be read apart.
    """
    made = []
    for example in examples:
        head, tail = tuple(token_ids(example.head)), example.head[-_TAIL:]
        before = token_ids(tail)
        parts = []
        for branch in example.branches:
            after = token_ids(tail + branch)
            if after[: len(before)] != before:
                raise ModelError(
                    f"The tokenizer of {model} merges the end of a ranking prompt with what "
                    "follows it.",
                    hint="Train another base.",
                )
            parts.append(tuple(after[len(before) :]))
        _check(example.user, len(head), [len(part) for part in parts], context, max_tokens)
        first, last = (len(token_ids(example.head[:place])) for place in example.later)
        made.append(
            ListExample(
                head,
                tuple(parts),
                example.target,
                _answers(token_ids, tail + example.branches[0]),
                example.retrieval,
                titles=(first, last),
            )
        )
    return made


def list_losses(
    model: Any, chosen: Sequence[ListExample], device: str, *, next_title: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """``-log p(c)`` of the chosen candidate, and 1 where it is the likeliest; float32 ``[n]``.

    Args:
        model: a causal language model, with or without an adapter.
        chosen: lists of one forward pass.
        device: where it runs.
        next_title: weight of a second loss, the mean cross-entropy of the tokens that tell of the
            history behind its first entry: what was chosen next, told by what was chosen before.
    """
    import torch
    from torch.nn.functional import cross_entropy

    batch = packed(chosen)
    titles = [
        (row, column) for row, example in enumerate(chosen) for column in range(*example.titles)
    ]
    titles = titles if next_title else []
    odds, logits = _log_odds(model, batch, chosen, device, titles)
    offsets = [example.offsets or (0.0,) * len(example.parts) for example in chosen]
    judged = odds + _padded(offsets, 0.0).to(device)
    targets = torch.tensor([example.target for example in chosen], device=device)
    losses = cross_entropy(judged, targets, reduction="none")
    if titles:
        rows, columns = torch.tensor(titles).T
        of_titles = cross_entropy(logits, batch.tokens[rows, columns].to(device), reduction="none")
        shares = next_title / rows.bincount(minlength=len(chosen))[rows]
        losses = losses.index_add(0, rows.to(device), of_titles * shares.to(device))
    return losses, (judged.detach().argmax(1) == targets).float()


def list_scores(
    model: Any, examples: Sequence[ListExample], *, batch: int = 8
) -> list[torch.Tensor]:
    """Log-odds of each example's candidates, float32 ``[candidates]`` each, on the CPU."""
    import torch

    scores: list[torch.Tensor] = [torch.empty(0)] * len(examples)
    # By length, so that little is computed for padding.
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].tokens))
    was_training = model.training
    model.eval()
    # Not inference_mode: a model in pieces keeps the memory that it gathers into for training.
    with torch.no_grad():
        for start in range(0, len(order), batch):
            places = order[start : start + batch]
            group = [examples[place] for place in places]
            odds, _ = _log_odds(model, packed(group), group, str(model.device), ())
            for place, row in zip(places, odds.cpu(), strict=True):
                scores[place] = row[: len(examples[place].parts)]
    model.train(was_training)
    return scores


def _log_odds(
    model: Any,
    batch: Packed,
    chosen: Sequence[ListExample],
    device: str,
    titles: Sequence[tuple[int, int]],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-odds ``[lists, most candidates]``, ``-inf`` where a list has none, all in float32.

    Behind them the logits ``[titles, vocabulary]`` that foretell the tokens at ``titles``.
    """
    import torch

    ends = [
        (row, start + len(part) - 1)
        for row, example in enumerate(chosen)
        for start, part in zip(batch.starts[row], example.parts, strict=True)
    ]
    before = [(row, column - 1) for row, column in titles]
    rows, columns = torch.tensor([*ends, *before]).T
    with float32_head(model):
        logits = logits_at(model, batch, rows, columns, device).float()
    yes, no = torch.tensor([chosen[row].answers for row, _ in ends], device=device).T
    ends_at = torch.arange(len(ends), device=device)
    most = max(len(example.parts) for example in chosen)
    places = [(row, place) for row, e in enumerate(chosen) for place in range(len(e.parts))]
    odds = torch.full((len(chosen), most), float("-inf"), device=device)
    where = tuple(torch.tensor(places, device=device).T)
    odds = odds.index_put(where, logits[ends_at, yes] - logits[ends_at, no])
    return odds, logits[len(ends) :]


def _padded(rows: Sequence[Sequence[float]], value: float) -> torch.Tensor:
    import torch

    longest = max(len(row) for row in rows)
    return torch.tensor([[*row] + [value] * (longest - len(row)) for row in rows])


def _answers(token_ids: Callable[[str], list[int]], prompt: str) -> tuple[int, int]:
    yes, no = (label_token(token_ids, prompt, answer) for answer in yes_and_no(token_ids, prompt))
    assert yes is not None and no is not None, "yes_and_no gives single tokens"
    return yes, no


def _check(user: str, head: int, parts: Sequence[int], context: int, max_tokens: int) -> None:
    longest, whole = head + max(parts), head + sum(parts)
    for tokens, limit, what in ((longest, context, "A prompt"), (whole, max_tokens, "The list")):
        if tokens > limit:
            raise ContextOverflow(
                f"{what} of user '{user}' has {tokens} tokens; {limit} are the limit of this "
                "training.",
                hint="Make the examples with a smaller ranking.token_budget or fewer candidates, "
                "or raise max_tokens.",
            )
