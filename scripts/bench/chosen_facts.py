r"""Whether a language model chooses the fact that answers a shopper better than words do.

    python scripts/bench/chosen_facts.py --model smollm2-135m-instruct

asks it three ways about the cases of tests/unit/test_explain_choice.py, in which readers marked the
right one of two to four facts, and prints as JSON how often each is right:

- labels: the likeliest letter behind a list of the facts, summed over all rotations of the list, so
  that a model which likes the letter A gains nothing by it
- question: the mean log-likelihood of the question's tokens behind the fact
- fact: the mean log-likelihood of the fact's tokens behind the question, less that without it

beside the first sentence, and words with the place, as the shop chooses. "beside words" adds each
way to those with the weight that does best on the cases a weight may be fitted on (the sixty and
the fitted half of the others): in the model's favour there, and fair on "unseen" alone.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from processes import machine

from llmrec.demo import items_files
from llmrec.engines.local.loading import load_network
from llmrec.engines.local.prefix import read_once, shared_length
from llmrec.engines.local.scoring import last_logits, log_softmax
from llmrec.engines.protocol import Message
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.explain.choice import FactText, lateness, word_overlap
from llmrec.types import FloatArray
from llmrec.weights import locate

CASES = Path(__file__).parents[2] / "tests" / "unit"
LETTERS = "ABCD"
WEIGHTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Case:
    """A question about a product, facts of it, and the places of the right ones.

    ``source`` is ``chosen`` or ``asked``; ``fitted``: the shop's choice was fitted on it.
    """

    source: str
    question: str
    title: str
    language: str
    facts: tuple[FactText, ...]
    right: frozenset[int]
    fitted: bool


def main() -> None:
    """Have each way choose a fact of each case, and print how many it chooses right."""
    args = arguments()
    cases = [*read_cases("chosen"), *read_cases("asked")][: args.cases]
    started = time.perf_counter()
    chooser = Chooser(args.model)
    ways: dict[str, Callable[[Case], FloatArray]] = {
        "labels": chooser.by_labels,
        "question": chooser.by_question,
        "fact": chooser.by_fact,
    }
    words = [words_and_place(case) for case in cases]
    figures = {
        "cases": counted(cases, [case.right for case in cases], lambda right: True),
        "first sentence": hits(cases, [-np.arange(len(case.facts)) for case in cases]),
        "words and place": hits(cases, words),
    }
    for name, way in ways.items():
        scores = [way(case) for case in cases]
        figures[name] = hits(cases, scores)
        figures[f"{name} beside words"] = beside_words(cases, words, scores)
    seconds = round(time.perf_counter() - started)
    report = {"machine": machine(), "model": args.model, "seconds": seconds, **figures}
    print(json.dumps(report, indent=2))


class Chooser:
    """Scores the facts of a case with a language model, in its full precision on this machine.

    Args:
        model: a name of ``llmrec models list``, a pulled hub id, or a folder.
    """

    def __init__(self, model: str) -> None:
        self._network, tokenizer = load_network(model, locate(model))
        self._tokenizer = ChatTokenizer(tokenizer, model)

    def by_labels(self, case: Case) -> FloatArray:
        """``[facts]``: log-probabilities of the letters, each fact under each letter once."""
        count = len(case.facts)
        letters = LETTERS[:count]
        orders = [np.roll(np.arange(count), shift) for shift in range(count)]
        prompts = [self._label_prompt(case, order.tolist()) for order in orders]
        with torch.inference_mode():
            logits = last_logits(self._network, [self._tokenizer.ids(prompt) for prompt in prompts])
        total = np.zeros(count, np.float32)
        for order, prompt, row in zip(orders, prompts, logits, strict=True):
            total[order] += log_softmax(row[self._tokenizer.label_ids(prompt, letters)])
        return total

    def by_question(self, case: Case) -> FloatArray:
        """``[facts]``: how likely the question is for a shopper whom the fact answers."""
        asks = "A shop sells this: {title}. It says of it: {fact}\nWhat had the shopper asked for?"
        contents = [asks.format(title=case.title, fact=fact.text) for fact in case.facts]
        return self._likelihoods(
            [self._prompt(content) for content in contents], [case.question] * len(contents)
        )

    def by_fact(self, case: Case) -> FloatArray:
        """``[facts]``: how much likelier the question makes each fact."""
        facts = [fact.text for fact in case.facts]
        says = f"Say one fact about this product: {case.title}."
        with_question = self._prompt(f'A shopper asks for "{case.question}".\n{says}')
        without = self._prompt(says)
        likelihoods = (
            self._likelihoods([text] * len(facts), facts) for text in (with_question, without)
        )
        behind_question, alone = likelihoods
        return behind_question - alone

    def _label_prompt(self, case: Case, order: Sequence[int]) -> str:
        listed = "\n".join(
            f"({letter}) {case.facts[place].text}"
            for letter, place in zip(LETTERS, order, strict=False)
        )
        asks = f'A shopper asks for "{case.question}". We offer: {case.title}.\n'
        asks += f"Which of these facts helps this shopper most?\n{listed}\n"
        return self._prompt(f"{asks}Answer with the letter alone.", "(")

    def _prompt(self, content: str, answer_prefix: str = "") -> str:
        turns = [Message(role="user", content=content)]
        return self._tokenizer.render(turns, answer_prefix=answer_prefix)

    @torch.inference_mode()
    def _likelihoods(self, prompts: Sequence[str], texts: Sequence[str]) -> FloatArray:
        """``[texts]``: the mean log-probability of the tokens of each text behind its prompt.

        What all begin with is read once: on a processor the tokens are what costs.
        """
        before = [self._tokenizer.ids(prompt) for prompt in prompts]
        after = [self._tokenizer.ids(text) for text in texts]
        rows = [a + b for a, b in zip(before, after, strict=True)]
        start = shared_length([row[:-1] for row in before], at_least=1)
        rests = [torch.tensor(row[start:]) for row in rows]
        tokens = torch.nn.utils.rnn.pad_sequence(rests, batch_first=True)
        positions = torch.arange(start, start + tokens.shape[1]).expand(len(rows), -1)
        cache = read_once(self._network, rows[0][:start], len(rows))
        logits = self._network(
            input_ids=tokens, past_key_values=cache, position_ids=positions
        ).logits
        chances = logits.float().log_softmax(-1)  # [texts, tokens, vocabulary]
        means = []
        for row, (prompt, text) in enumerate(zip(before, after, strict=True)):
            first = len(prompt) - start
            places = torch.arange(first, first + len(text))
            means.append(chances[row, places - 1, tokens[row, places]].mean())
        return torch.stack(means).numpy()


def words_and_place(case: Case) -> FloatArray:
    """``[facts]``: as the shop scores them."""
    scores = [
        word_overlap(case.question, fact, case.title) - lateness(place)
        for place, fact in enumerate(case.facts)
    ]
    return np.array(scores, np.float32)


def beside_words(
    cases: Sequence[Case], words: Sequence[FloatArray], scores: Sequence[FloatArray]
) -> dict[str, Any]:
    """Hits of words plus the standardised scores, with the best of some weights, and the weight."""

    def together(weight: float) -> list[FloatArray]:
        return [a + weight * standardised(b) for a, b in zip(words, scores, strict=True)]

    def on_fitted(weight: float) -> int:
        return sum(
            right
            for right, case in zip(rights(cases, together(weight)), cases, strict=True)
            if case.fitted
        )

    best = max(WEIGHTS, key=on_fitted)
    return {**hits(cases, together(best)), "weight": best}


def standardised(scores: FloatArray) -> FloatArray:
    """With mean 0 and standard deviation 1 over the facts of a case."""
    result: FloatArray = (scores - scores.mean()) / max(float(scores.std()), 1e-6)
    return result


def rights(cases: Sequence[Case], scores: Sequence[FloatArray]) -> list[bool]:
    """For each case whether the fact of the highest score is a right one."""
    return [
        int(np.argmax(values)) in case.right for case, values in zip(cases, scores, strict=True)
    ]


def hits(cases: Sequence[Case], scores: Sequence[FloatArray]) -> dict[str, int]:
    """How many cases of each kind are right."""
    return counted(cases, rights(cases, scores), bool)


def counted(
    cases: Sequence[Case], values: Sequence[Any], counts: Callable[[Any], bool]
) -> dict[str, int]:
    """How many cases of each kind count; the kinds overlap."""
    kinds: Mapping[str, Callable[[Case], bool]] = {
        "chosen": lambda case: case.source == "chosen",
        "asked": lambda case: case.source == "asked",
        "unseen": lambda case: not case.fitted,
        "english": lambda case: case.language == "en",
    }
    pairs = list(zip(cases, values, strict=True))
    return {
        name: sum(counts(value) for case, value in pairs if belongs(case))
        for name, belongs in kinds.items()
    }


def read_cases(source: str) -> Iterator[Case]:
    """The cases of one of the two files."""
    products = {row["id"]: row for path in items_files() for row in read_lines(path)}
    for row in read_lines(CASES / f"{source}_facts.jsonl"):
        item, right = products[row["item"]], row["right"]
        names = [text.partition(": ")[0] for text in row["facts"]]
        facts = (
            FactText(text, name if name in (item.get("attributes") or {}) else "")
            for text, name in zip(row["facts"], names, strict=True)
        )
        places = frozenset(right if isinstance(right, list) else [right])
        yield Case(
            source,
            row["question"],
            item["title"],
            item["language"],
            tuple(facts),
            places,
            row.get("fitted", True),
        )


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m-instruct", help="weights installed here")
    parser.add_argument("--cases", type=int, help="so many, the first; default: all 243")
    return parser.parse_args()


if __name__ == "__main__":
    main()
