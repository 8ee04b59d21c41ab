"""Products as soft tokens: in their places, of the right length, and learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmrec.errors import DataError
from llmrec.finetune import LoraSettings, RankingExample
from llmrec.finetune.item_tokens import ItemVectors, Kind, train_item_tokens
from llmrec.finetune.item_tokens.network import ItemEmbedding
from llmrec.finetune.item_tokens.prompts import MARK, marked, tokenise_items

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

PROMPT = """You are a shop assistant.
The shopper's history, oldest first:
- put in the cart: Green tea - the (A) one
- rated 4.5: Kettle
- a note of theirs

Products on offer:
(A) Steel kettle, Acme
(AB) Cup - blue: 2

Which product? Answer: ("""
EXAMPLE = RankingExample(
    "u",
    PROMPT,
    ("A", "AB"),
    ("steel", "cup"),
    0,
    True,
    (0.2, 0.1),
    ("dropped", "tea", "kettle", "note"),
)
ROWS = {"tea": 3, "kettle": 4, "steel": 5, "cup": 6, "dropped": 7}


def test_a_product_with_a_vector_becomes_a_token_in_its_place() -> None:
    text, rows = marked(EXAMPLE, "tokens", ROWS)
    assert rows == [3, 4, 5, 6]
    expected = PROMPT.replace(" Green tea - the (A) one", MARK).replace(" Kettle", MARK)
    expected = expected.replace(" Steel kettle, Acme", MARK).replace(" Cup - blue: 2", MARK)
    assert text == expected
    text, rows = marked(EXAMPLE, "both", {"cup": 1})
    assert text == PROMPT.replace("Cup - blue: 2", f"Cup - blue: 2{MARK}")
    assert rows == [1]
    assert marked(EXAMPLE, "titles", ROWS) == (PROMPT, [])
    with pytest.raises(DataError, match="which items its history holds"):
        marked(replace(EXAMPLE, history=()), "tokens", ROWS)


def test_tokens_of_items_stand_between_those_of_words() -> None:
    def ids(text: str) -> list[int]:
        return [ord(char) for char in text.replace("AB", "\u00c6")]

    made = tokenise_items(
        [EXAMPLE], "both", ROWS, ids, vocabulary=1000, model="m", max_tokens=1000
    )[0]
    assert [one for one in made.tokens if one >= 1000] == [1003, 1004, 1005, 1006]
    assert "".join(chr(one) for one in made.tokens if one < 1000) == PROMPT.replace("AB", "\u00c6")
    assert made.label_tokens == (65, 0xC6)


def test_projected_items_are_as_long_as_words() -> None:
    import torch

    torch.manual_seed(0)
    words = torch.nn.Embedding(50, 32)
    vectors = np.random.default_rng(0).normal(3.0, 0.01, (20, 8)).astype(np.float32)
    table = ItemEmbedding(words, ItemVectors([str(one) for one in range(20)], vectors))
    ids = torch.tensor([[1, 55, 2], [69, 50, 49]])
    out = table(ids)
    assert torch.equal(out[0, 0], words.weight[1])
    assert torch.equal(out[1, 2], words.weight[49])
    items = table(torch.arange(50, 70)).norm(dim=1)
    assert items.mean().item() == pytest.approx(words.weight.norm(dim=1).median().item(), rel=0.01)
    assert not torch.equal(out[0, 1], out[1, 1])


def clusters(n: int, first: int, seed: int) -> tuple[list[RankingExample], ItemVectors]:
    """Who had an item of a group takes the offer that this group always is; titles say nothing."""
    draw = np.random.default_rng(seed)
    made, ids = [], []
    for index in range(first, first + n):
        group = int(draw.integers(4))
        had, offers = f"h{index}", tuple(f"o{index}{one}" for one in range(4))
        ids += [(had, group), *zip(offers, range(4), strict=True)]
        lines = "\n".join(f"({label}) thing" for label in "ABCD")
        prompt = f"- bought: thing\n\n{lines}\n\nAnswer: ("
        scores = tuple(float(one) for one in draw.permutation(4))
        made.append(
            RankingExample(f"u{index}", prompt, tuple("ABCD"), offers, group, True, scores, (had,))
        )
    vectors = np.eye(4)[[group for _, group in ids]] + draw.normal(0, 0.1, (len(ids), 4))
    return made, ItemVectors([id for id, _ in ids], vectors.astype(np.float32))


def test_what_only_behaviour_knows_is_learned_through_soft_tokens(
    tiny_model: Path, tmp_path: Path
) -> None:
    examples, items = clusters(160, 0, 0)
    settings = LoraSettings(
        r=8, learning_rate=3e-3, epochs=8, batch=16, accumulation=1, precision="fp32"
    )
    kinds: tuple[Kind, ...] = ("titles", "tokens")
    found = {
        kind: train_item_tokens(
            examples[:100],
            examples[100:120],
            examples[120:],
            str(tiny_model),
            items,
            kind,
            tmp_path / kind,
            settings,
        )
        for kind in kinds
    }
    assert found["tokens"].figures["accuracy"].mean > 0.9
    assert found["titles"].figures["accuracy"].mean < 0.6
    assert found["tokens"].trainable > found["titles"].trainable
    assert found["tokens"].evaluations[-1].step == found["tokens"].steps
