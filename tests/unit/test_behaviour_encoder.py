"""The behaviour encoder: causal, blind to padding, right about new items, safe on disk."""

import json

import numpy as np
import pytest
import torch

from llmrec.embedding.behaviour import (
    BehaviourConfig,
    BehaviourEncoder,
    History,
    load_behaviour,
    save_behaviour,
)
from llmrec.embedding.behaviour.histories import gap_buckets, pack
from llmrec.embedding.behaviour.layers import Layout
from llmrec.embedding.behaviour.network import BehaviourNetwork
from llmrec.embedding.behaviour.text_basis import TextBasis
from llmrec.errors import ModelError

ITEMS = tuple(f"i{number}" for number in range(20))
SHAPES = [
    {"positions": "recent"},
    {"positions": "relative", "layer": "ligr"},
    {"positions": "none", "kinds": ("view", "purchase"), "gaps": True},
]


def make(text: bool = True, **shape: object) -> BehaviourEncoder:
    draw = np.random.default_rng(1)
    texts = draw.normal(size=(len(ITEMS), 24)).astype(np.float32)
    basis = TextBasis.of(texts, 6) if text else None
    sizes = {"text_dim": 24, "text_rank": 6} if text else {}
    config = BehaviourConfig(dim=8, history=5, **{**sizes, **shape})
    with torch.random.fork_rng():
        torch.manual_seed(3)
        features = torch.from_numpy(basis.features(texts)) if basis else None
        network = BehaviourNetwork(config, len(ITEMS), features)
        for weight in network.parameters():
            weight.data += 0.1 * torch.randn_like(weight)
    return BehaviourEncoder(network.eval(), ITEMS, basis)


def outputs(encoder: BehaviourEncoder, lengths: list[int], items: list[int]) -> torch.Tensor:
    network = encoder.network
    rows = torch.tensor(items)
    numbers = torch.arange(len(items)) % 2
    with torch.inference_mode():
        layout = Layout.of(torch.tensor(lengths))
        return network(network.item_vectors(rows), numbers, numbers, layout)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_later_item_changes_nothing_before_it(shape):
    encoder = make(**shape)
    one = outputs(encoder, [4], [1, 2, 3, 4])
    other = outputs(encoder, [4], [1, 2, 3, 19])
    torch.testing.assert_close(one[:3], other[:3])
    assert not torch.allclose(one[3], other[3])


@pytest.mark.parametrize("shape", SHAPES)
def test_padding_and_company_change_nothing(shape):
    encoder = make(**shape)
    alone = outputs(encoder, [2], [7, 8])
    together = outputs(encoder, [2, 5, 1], [7, 8, 1, 2, 3, 4, 5, 9])
    torch.testing.assert_close(together[:2], alone)


def test_the_order_of_a_history_counts():
    users = make().encode([History(("i1", "i2", "i3")), History(("i3", "i2", "i1"))])
    assert not np.allclose(users[0], users[1], atol=1e-3)


def test_users_keep_their_places_whatever_their_lengths():
    encoder = make()
    histories = [History(ITEMS[: 1 + number % 5]) for number in range(40)]
    users = encoder.encode(histories)
    assert users.dtype == np.float32 and users.shape == (40, 8)
    for history, user in zip(histories, users, strict=True):
        np.testing.assert_allclose(encoder.encode([history])[0], user, atol=1e-5)


def test_only_the_last_events_are_read_and_unknown_items_are_skipped():
    encoder = make()
    long = encoder.encode([History(ITEMS[:9])])
    short = encoder.encode([History(("nobody", *ITEMS[4:7], "nothing", *ITEMS[7:9]))])
    np.testing.assert_allclose(long, short, atol=1e-6)


def test_a_history_of_nothing_known_is_zero():
    users = make().encode([History(()), History(("nobody",)), History(("i1",))])
    assert not users[:2].any() and users[2].any()


def test_kinds_and_gaps_count_where_the_network_reads_them():
    encoder = make(kinds=("view", "purchase"), gaps=True)
    plain = encoder.encode([History(("i1", "i2"))])
    bought = encoder.encode([History(("i1", "i2"), kinds=("view", "purchase"))])
    late = encoder.encode([History(("i1", "i2"), at=(0.0, 9e6))])
    assert not np.allclose(plain, bought) and not np.allclose(plain, late)
    strange = encoder.encode([History(("i1", "i2"), kinds=("smell", "smell"))])
    np.testing.assert_array_equal(strange, plain)


def test_the_oldest_read_event_knows_the_time_since_the_one_before():
    packed = pack(
        [History(("a", "b", "c"), at=(0.0, 8.0, 9.0))], {"a": 0, "b": 1, "c": 2}, {}, limit=2
    )
    assert packed.items.tolist() == [1, 2] and packed.gaps.tolist() == [4, 1]


def test_gaps_of_any_length_have_a_bucket():
    gaps = gap_buckets(np.array([0.0, 0.5, 1e12, -5.0]))
    assert gaps.tolist() == [0, 1, 31, 1]


def test_a_new_item_gets_a_vector_from_its_text_at_once():
    encoder = make()
    texts = np.random.default_rng(2).normal(size=(2, 24)).astype(np.float32)
    wider = encoder.extended(["new", "i3"], texts)
    assert wider.item_ids == (*ITEMS, "new") and wider.known == 20
    np.testing.assert_allclose(wider.item_vectors()[:20], encoder.item_vectors(), atol=1e-6)
    expected = (
        encoder.basis.features(texts[:1]) @ encoder.network.projection.weight.detach().numpy().T
    )
    np.testing.assert_allclose(wider.item_vectors()[20:], expected, atol=1e-6)
    assert not np.allclose(wider.encode([History(("new",))]), 0)
    # What was known is answered as before.
    history = [History(("i1", "i5"))]
    np.testing.assert_allclose(wider.encode(history), encoder.encode(history), atol=1e-6)


def test_what_is_kept_on_disk_is_what_events_taught():
    encoder = make()
    wider = encoder.extended(["new"], np.ones((1, 24), np.float32))
    kept = wider.taught()
    assert kept.item_ids == ITEMS and encoder.taught() is encoder
    np.testing.assert_allclose(kept.item_vectors(), encoder.item_vectors(), atol=1e-6)


def test_without_text_a_new_item_is_an_error():
    with pytest.raises(ModelError, match="reads no text"):
        make(text=False).extended(["new"], np.zeros((1, 24), np.float32))
    with pytest.raises(ModelError, match="reads 24, not vectors of length 3"):
        make().extended(["new"], np.zeros((1, 3), np.float32))


@pytest.mark.parametrize("text", [True, False])
def test_saved_and_loaded_it_says_the_same(tmp_path, text):
    encoder = make(text, layer="ligr")
    save_behaviour(encoder, tmp_path)
    loaded = load_behaviour(tmp_path)
    history = [History(("i1", "i2"))]
    np.testing.assert_array_equal(loaded.encode(history), encoder.encode(history))
    np.testing.assert_array_equal(loaded.item_vectors(), encoder.item_vectors())
    assert loaded.config == encoder.config and loaded.item_ids == encoder.item_ids
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_an_extended_encoder_can_be_saved_too(tmp_path):
    wider = make().extended(["new"], np.ones((1, 24), np.float32))
    save_behaviour(wider, tmp_path)
    assert load_behaviour(tmp_path).known == 20
    np.testing.assert_allclose(
        load_behaviour(tmp_path).item_vectors(), wider.item_vectors(), atol=1e-6
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", "{}x", "config.json is damaged"),
        ("config.json", '{"dim": 7}', "dim 7 cannot be divided"),
        ("config.json", '{"size": 7}', "field 'size'"),
        ("config.json", '{"dim": 16, "text_dim": 24, "text_rank": 6}', "does not fit config.json"),
        ("items.json", "[]", "items.json is damaged"),
        ("items.json", json.dumps({"known": 20, "ids": ["a"]}), "1 items for 20 vectors"),
        ("weights.safetensors", "x" * 20, "weights.safetensors is damaged"),
    ],
)
def test_damage_names_the_file(tmp_path, name, content, words):
    save_behaviour(make(), tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError, match=words):
        load_behaviour(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"config\.json is damaged or missing"):
        load_behaviour(tmp_path)


def test_text_features_keep_what_differs_most():
    draw = np.random.default_rng(5)
    texts = (draw.normal(size=(200, 3)) @ draw.normal(size=(3, 12))).astype(np.float32) + 7
    features = TextBasis.of(texts, 3).features(texts)
    assert features.std() == pytest.approx(0.02, rel=1e-3)
    centred = texts - texts.mean(0)
    scale = features @ features.T / np.maximum(np.abs(centred @ centred.T), 1e-9)
    wanted = np.sign(centred @ centred.T)
    np.testing.assert_allclose(scale * wanted, np.median(np.abs(scale)), rtol=0.2, atol=1e-4)
