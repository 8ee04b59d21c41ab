"""Ranking by how likely a title is behind a history, instead of by a label: an experiment.

    python scripts/bench/next_title.py ../shared/data/amazon14_beauty \
        --examples bench-work/ranker/examples/validation.jsonl --out bench-work/next-title

A small model cannot tell which letter stands for which product until it has seen very many
examples, but it can tell which line may follow which. So an adapter learns to go on with lists of
titles, one line for each thing a shopper bought, on the log before everything that is asked for
later. A candidate's score is then

    log p(title | history) - log p(title)

its pointwise mutual information with the history; both come from the same adapter, the second
without a history. ``--examples`` are those of ``scripts/bench/ranker.py``. With the retriever's
score it is mixed by a conditional logit, fitted on four fifths of the cases and judged on the
fifth. Training that was done is not done again; ``result.json`` has the figures.

``--shop`` asks the test part too: the workspace of ``scripts/bench/fusion.py --out`` retrieves ten
candidates for each test user, the weights are those of all ``--examples``, and users whose target
was not retrieved count as 0 in the overall figures::

    … --shop bench-work/fusion/shop
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
import torch
from intervals import interval
from numpy.typing import NDArray
from processes import machine
from scipy.optimize import minimize

from llmrec.catalog.store import CatalogStore
from llmrec.engines.local.loading import load_network
from llmrec.engines.local.prefix import read_once
from llmrec.eval import EvalData, open_data
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.finetune.earlier import HeldBack, held_back
from llmrec.finetune.fusion.ask import request_of
from llmrec.finetune.ranker.weight import ndcg_at_k
from llmrec.prompting.shop_text import one_line, shorten
from llmrec.retrieval import Retriever
from llmrec.weights import locate

HEAD = "A shopper bought, one after another:\n"
WORDS = 7
SHOWN = 8
LAYERS = r".*layers\.(1[5-9]|2\d)\..*_proj"
BATCH = 16
FOLDS = 5
CANDIDATES = 10
RETRIEVED = 256
BOTH, ONE = (0, 1), (0,)


def main() -> None:
    args = arguments()
    data = open_data(args.data, order=args.order)
    cut = held_back(
        [*data.split.train, *(target for c in data.split.valid for target in c.targets)]
    )
    model, tokenizer = load_network(args.base, locate(args.base), training=True)
    lines = Lines(data, lambda text: tokenizer.encode(text, add_special_tokens=False))
    adapter = args.out / "adapter"
    if not adapter.exists():
        learn(model, lines, cut, adapter, args)
    with_adapter = merged(args, adapter)
    report: dict[str, Any] = {"machine": machine()}
    cases = of_examples(args.examples, cut)
    for name, network in {"as it comes": merged(args, None), "adapted": with_adapter}.items():
        titles = Titles(network, lines)
        answers = answered(titles, cases)
        report[name] = {
            "validation": judged(answers, *(fused(answers, own) for own in (BOTH, ONE)))
        }
        if args.shop and name == "adapted":
            report[name]["test"] = tested(titles, answers, data, args.shop)
        print(name, json.dumps(report[name], indent=2), flush=True)
    (args.out / "result.json").write_text(json.dumps(report, indent=2))


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="what llmrec.eval.open_data takes")
    parser.add_argument("--examples", type=Path, required=True, help="to judge it on")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything")
    parser.add_argument("--shop", type=Path, help="an evaluation's workspace: asks the test part")
    parser.add_argument("--base", default="smollm2-135m-instruct")
    parser.add_argument("--minutes", type=float, default=30.0, help="of training")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--order", default="time", choices=("time", "position"))
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


class Lines:
    """The tokens of every item's line, and of what stands before all of them."""

    def __init__(self, data: EvalData, token_ids: Callable[[str], list[int]]) -> None:
        self.head = token_ids(HEAD)
        texts = zip(data.items.ids, data.items.text, strict=True)
        titles = {id: shorten(one_line(text.partition("\n")[0]), WORDS) for id, text in texts}
        self.of = {id: token_ids(f"- {title}\n") for id, title in titles.items()}

    def prompt(self, history: Sequence[str]) -> list[int]:
        """A history's last items behind the head."""
        return self.head + [token for item in history[-SHOWN:] for token in self.of[item]]


def learn(model: Any, lines: Lines, cut: HeldBack, out: Path, args: argparse.Namespace) -> None:
    """Train an adapter for so many minutes on each shopper's last lines before what is held."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(args.seed)
    config = LoraConfig(
        r=16, lora_alpha=32, lora_dropout=0.05, target_modules=LAYERS, task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(model, config).train()
    trained = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=args.learning_rate, weight_decay=0.01)
    started, recent = perf_counter(), []
    for step, batch in enumerate(batches(cut, lines, args.seed), start=1):
        spent = (perf_counter() - started) / (60 * args.minutes)
        if spent > 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = args.learning_rate * min(1, step / 20) * max(0.05, 1 - spent)
        loss = next_token_loss(adapted.base_model.model, batch, len(lines.head))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        recent.append(float(loss.detach()))
        if step % 20 == 0:
            print(f"step {step}: loss {np.mean(recent[-20:]):.4f}", flush=True)
    adapted.save_pretrained(str(out))


def batches(cut: HeldBack, lines: Lines, seed: int) -> Iterator[list[list[int]]]:
    """Each shopper's prompt, with others of about its length."""
    users = [
        [event.item for event in own] for _, own in groupby(cut.known, key=lambda event: event.user)
    ]
    prompts = [lines.head + [t for i in u[-9:] for t in lines.of[i]] for u in users if len(u) > 1]
    draw = random.Random(seed)
    draw.shuffle(prompts)
    for start in range(0, len(prompts), BATCH * 40):
        near = sorted(prompts[start : start + BATCH * 40], key=len)
        groups = [near[at : at + BATCH] for at in range(0, len(near), BATCH)]
        draw.shuffle(groups)
        yield from groups


def next_token_loss(network: Any, prompts: Sequence[list[int]], head: int) -> torch.Tensor:
    """Mean cross-entropy of all tokens behind the head, a scalar."""
    longest = -(-max(map(len, prompts)) // 16) * 16
    tokens = torch.tensor([prompt + [0] * (longest - len(prompt)) for prompt in prompts])
    targets = torch.zeros_like(tokens, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        targets[row, head : len(prompt)] = True
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = network.model(input_ids=tokens).last_hidden_state[:, :-1]
        logits = network.lm_head(hidden[targets[:, 1:]])
    return torch.nn.functional.cross_entropy(logits.float(), tokens[:, 1:][targets[:, 1:]])


def merged(args: argparse.Namespace, adapter: Path | None) -> Any:
    """The base with the adapter in its weights, in bfloat16."""
    from peft import PeftModel

    network, _ = load_network(args.base, locate(args.base), training=True)
    if adapter is not None:
        network = PeftModel.from_pretrained(network, str(adapter)).merge_and_unload()
    return network.to(torch.bfloat16).eval()


class Titles:
    """Scores items as the next line."""

    def __init__(self, network: Any, lines: Lines) -> None:
        self._network, self._lines = network, lines
        self._alone: dict[str, float] = {}

    def information(self, history: Sequence[str], items: Sequence[str]) -> NDArray[np.float64]:
        """``log p(title | history) - log p(title)`` of each item, in nats."""
        new = [item for item in items if item not in self._alone]
        if new:
            self._alone |= dict(zip(new, self._likelihood(self._lines.head, new), strict=True))
        behind = self._likelihood(self._lines.prompt(history), items)
        alone = [self._alone[item] for item in items]
        return np.asarray(np.subtract(behind, alone), np.float64)

    @torch.inference_mode()
    def _likelihood(self, prompt: list[int], items: Sequence[str]) -> list[float]:
        """The prompt is read once; all titles go on from there together."""
        titles = [self._lines.of[item] for item in items]
        longest, known = max(map(len, titles)), len(prompt) - 1
        rows = [prompt[-1:] + title + [0] * (longest - len(title)) for title in titles]
        hidden = self._network.model(
            input_ids=torch.tensor(rows),
            past_key_values=read_once(self._network, prompt[:-1], len(rows)),
            position_ids=torch.arange(known, known + longest + 1).expand(len(rows), -1),
            use_cache=True,
        ).last_hidden_state[:, :-1]
        there = torch.tensor([[at < len(title) for at in range(longest)] for title in titles])
        logits = (hidden[there] @ self._network.lm_head.weight.T).float().log_softmax(-1)
        tokens = torch.tensor([token for title in titles for token in title])
        parts = logits[torch.arange(len(tokens)), tokens].split([len(title) for title in titles])
        return [float(part.sum()) for part in parts]


@dataclass(frozen=True)
class Asked:
    """A user whose target is among the candidates: histories and candidates as item ids."""

    history: Sequence[str]
    items: Sequence[str]
    scores: Sequence[float]
    target: int


def of_examples(path: Path, cut: HeldBack) -> list[Asked]:
    """The validation cases that ``scripts/bench/ranker.py`` has written."""
    histories = {
        user: [event.item for event in own]
        for user, own in groupby(cut.histories, key=lambda event: event.user)
    }
    cases = []
    for row in path.read_text().splitlines()[1:]:
        case = json.loads(row)
        items, own, target = case["candidates"], histories[case["user"]], case["target"]
        cases.append(Asked(own[: own.index(items[target])], items, case["retrieval"], target))
    return cases


def of_test(data: EvalData, folder: Path) -> list[Asked]:
    """The test users whose target is among the ten candidates that the workspace retrieves."""
    shop = evaluation_shop(data, "test", folder=folder)
    users = [case for case in data.split.test if case.history]
    cases = []
    with CatalogStore.open(shop.database_url) as store, Retriever.open(shop, store) as retriever:
        for start in range(0, len(users), RETRIEVED):
            batch = users[start : start + RETRIEVED]
            answers = retriever.retrieve_many([request_of(case) for case in batch], CANDIDATES)
            for user, answer in zip(batch, answers, strict=True):
                items = [candidate.item for candidate in answer.candidates]
                scores = [candidate.score for candidate in answer.candidates]
                if (wanted := user.targets[0].item) in items:
                    own = [event.item for event in user.history]
                    cases.append(Asked(own, items, scores, items.index(wanted)))
    return cases


@dataclass(frozen=True)
class Answer:
    """A case: the retriever's scores and the model's, centred, and the place of the target."""

    scores: NDArray[np.float64]
    target: int


def answered(titles: Titles, cases: Sequence[Asked]) -> list[Answer]:
    """The cases with what the model says of them."""
    answers = []
    for case in cases:
        both = np.column_stack([case.scores, titles.information(case.history, case.items)])
        answers.append(Answer(both - both.mean(0), case.target))
    return answers


def tested(
    titles: Titles, validation: Sequence[Answer], data: EvalData, folder: Path
) -> dict[str, Any]:
    """The figures of the test part, with the weights of all validation cases."""
    answers = answered(titles, of_test(data, folder))
    both, one = (weighed(answers, logit(validation, own), own) for own in (BOTH, ONE))
    users = len(data.split.test)
    overall = np.zeros((users, 2))
    overall[: len(answers)] = np.column_stack([one[0], both[0]])
    return judged(answers, both, one) | {
        "all users": users,
        "overall ndcg@10": [float(mean) for mean in overall.mean(0)],
        "overall both - retriever": interval(overall[:, 1] - overall[:, 0]),
    }


Judged: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""NDCG@10 and loss by case."""


def judged(answers: Sequence[Answer], both: Judged, alone: Judged) -> dict[str, Any]:
    """Figures of the retriever, of the model, and of both, with the paired differences."""
    named = {
        "retriever": [ndcg_at_k(answer.scores[:, 0], answer.target) for answer in answers],
        "model": [ndcg_at_k(answer.scores[:, 1], answer.target) for answer in answers],
        "both": both[0],
        "both - retriever": both[0] - alone[0],
    }
    return {
        "cases": len(answers),
        "ndcg@10": {name: interval(np.asarray(values)) for name, values in named.items()},
        "loss": {
            "retriever": float(alone[1].mean()),
            "both": float(both[1].mean()),
            "both - retriever": interval(both[1] - alone[1]),
        },
    }


def fused(answers: Sequence[Answer], columns: Sequence[int]) -> Judged:
    """Each case judged with weights fitted on other folds."""
    gains, losses = np.zeros(len(answers)), np.zeros(len(answers))
    for fold in range(FOLDS):
        others = [answer for place, answer in enumerate(answers) if place % FOLDS != fold]
        own = slice(fold, None, FOLDS)
        gains[own], losses[own] = weighed(answers[own], logit(others, columns), columns)
    return gains, losses


def weighed(
    answers: Sequence[Answer], weights: NDArray[np.float64], columns: Sequence[int]
) -> Judged:
    """Each case judged with these weights of these columns."""
    scored = [(answer.scores[:, list(columns)] @ weights, answer.target) for answer in answers]
    gains = [ndcg_at_k(scores, target) for scores, target in scored]
    losses = [np.logaddexp.reduce(scores) - scores[target] for scores, target in scored]
    return np.asarray(gains), np.asarray(losses)


def logit(answers: Sequence[Answer], columns: Sequence[int]) -> NDArray[np.float64]:
    """Weights of the highest likelihood (McFadden 1974)."""

    def loss(weights: NDArray[np.float64]) -> float:
        scored = [(answer.scores[:, list(columns)] @ weights, answer.target) for answer in answers]
        total = sum(np.logaddexp.reduce(scores) - scores[at] for scores, at in scored)
        return float(total / len(answers) + 1e-3 * weights @ weights)

    return np.asarray(minimize(loss, np.zeros(len(columns)), method="Powell").x)


if __name__ == "__main__":
    main()
