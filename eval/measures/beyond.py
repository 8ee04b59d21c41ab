"""What lists are like beyond hitting the target: coverage, novelty, diversity, serendipity.

Lists are integer arrays ``[n_users, depth]`` of item numbers (see
:mod:`llmrec.eval.measures.arrays`), and what is known of the items stands in arrays of ``n_items``
rows; :func:`beyond_accuracy` computes all of it. :mod:`llmrec.eval.measures.bias` has popularity
bias and calibration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmrec.errors import DataError
from llmrec.eval.measures.arrays import (
    Doubles,
    IntArray,
    Ints,
    ItemIndex,
    Ragged,
    check_lists,
    row_blocks,
)
from llmrec.eval.measures.bias import (
    calibration,
    count_table,
    exposure,
    gini,
    list_means,
    mean_popularity,
    popularity_lift,
)
from llmrec.eval.measures.metrics import find_hits
from llmrec.types import Event

if TYPE_CHECKING:
    from scipy import sparse

    Table: TypeAlias = NDArray[np.floating[Any]] | sparse.csr_array

__all__ = [
    "ItemFacts",
    "beyond_accuracy",
    "coverage",
    "intra_list_diversity",
    "label_table",
    "novelty",
    "serendipity",
]


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """What is known of the items of a catalogue, row by row.

    ``popularity`` is int64 ``[n_items]``: how many of ``n_users`` training users touched the item.
    ``vectors`` (dense ``[n_items, d]`` or a sparse table) say how alike items are, for diversity;
    ``categories`` is a sparse table ``[n_items, n_categories]`` of 0 and 1, for calibration; see
    :func:`label_table`. An item without a vector or a category has a row of zeros.
    """

    popularity: Ints
    n_users: int
    vectors: Table | None = None
    categories: sparse.csr_array | None = None

    @classmethod
    def of(
        cls,
        index: ItemIndex,
        events: Iterable[Event],
        *,
        categories: Mapping[str, Sequence[str]] | None = None,
        vectors: Table | None = None,
    ) -> ItemFacts:
        """From training events and the category names of each item id.

        Items are as alike as their categories where no ``vectors`` are given.
        """
        pairs = {(event.user, event.item) for event in events}
        counts: dict[str, int] = {}
        for _, item in pairs:
            counts[item] = counts.get(item, 0) + 1
        table = None
        if categories is not None:
            table = label_table([categories.get(item, ()) for item in index.ids])
        return cls(
            index.values(counts).astype(np.int64),
            len({user for user, _ in pairs}),
            table if vectors is None else vectors,
            table,
        )


def beyond_accuracy(
    lists: IntArray,
    ks: Sequence[int],
    facts: ItemFacts,
    *,
    relevant: Ragged | None = None,
    histories: Ragged | None = None,
    expected: IntArray | None = None,
) -> tuple[dict[str, float], dict[str, Doubles]]:
    """Everything that can be said with what is given, at every k.

    ``coverage``, ``gini``, ``novelty`` and ``popularity`` always; ``diversity`` with vectors or
    categories; ``serendipity`` with ``relevant`` and ``expected``; ``lift`` with ``histories``;
    ``calibration`` with histories and categories.

    Args:
        lists: item numbers, best first, ``[n_users, depth]``.
        ks: list lengths.
        facts: of the whole catalogue.
        relevant: relevant items by user.
        histories: items of the past by user.
        expected: what a popularity baseline recommends, ``[n_users, depth]`` or one list.

    Returns:
        The figures, ``{"coverage@10": 0.4, …}``, means over the users for whom they exist; and the
        values ``[n_users]`` of those that exist by user, ``nan`` where not.

    Raises:
        DataError: arrays that do not belong together.
    """
    n_items = len(facts.popularity)
    check_lists(lists, n_items)
    totals: dict[str, float] = {}
    users: dict[str, Doubles] = {}
    for k in ks:
        totals[f"coverage@{k}"] = coverage(lists, k, n_items)
        totals[f"gini@{k}"] = gini(exposure(lists, k, n_items))
        users[f"novelty@{k}"] = novelty(lists, k, facts.popularity, facts.n_users)
        users[f"popularity@{k}"] = mean_popularity(lists, k, facts.popularity)
        if facts.vectors is not None:
            users[f"diversity@{k}"] = intra_list_diversity(lists, k, facts.vectors)
        if relevant is not None and expected is not None:
            users[f"serendipity@{k}"] = serendipity(lists, k, relevant, expected)
        if histories is not None:
            totals[f"lift@{k}"] = popularity_lift(lists, k, histories, facts.popularity)
            if facts.categories is not None:
                users[f"calibration@{k}"] = calibration(lists, k, histories, facts.categories)
    means = {name: _mean(values) for name, values in users.items()}
    figures = {name: value for name, value in {**totals, **means}.items() if not np.isnan(value)}
    return figures, users


def coverage(lists: Sequence[Sequence[str]] | IntArray, k: int, n_items: int) -> float:
    """Catalogue coverage@k: share of the catalogue that is recommended to anybody.

    ``|∪_u top-k(u)| / n_items`` (Ge, Delgado-Battenfeld & Jannach 2010).

    Args:
        lists: item numbers ``[n_users, depth]``, or lists of ids.
        k: how many of each list count.
        n_items: size of the catalogue.

    Raises:
        DataError: the catalogue is empty, or smaller than what was recommended.

    >>> coverage([["a", "b"], ["a", "c"]], k=2, n_items=6)
    0.5
    """
    if isinstance(lists, np.ndarray):
        check_lists(lists, n_items)
        recommended = int(np.count_nonzero(exposure(lists, k, n_items)))
    else:
        recommended = len({item for ids in lists for item in ids[:k]})
    if n_items < max(1, recommended):
        raise DataError(
            f"{recommended} different items were recommended from a catalogue of {n_items}.",
            hint="Pass the number of items of the catalogue that the recommender draws from.",
        )
    return recommended / n_items


def novelty(
    lists: Sequence[Sequence[str]] | IntArray,
    k: int,
    popularity: Mapping[str, int] | Ints,
    n_users: int,
) -> Doubles:
    """Novelty@k of each list: mean self-information of its items, in bits.

    ``1/|L| · Σ_{i ∈ L} log2(n_users / users(i))`` over the first k items (Zhou et al. 2010). An
    item that nobody has touched counts as touched by one: its information has no finite value.

    Args:
        lists: recommended item numbers or ids, best first.
        k: how many of each list count.
        popularity: number of training users, ``[n_items]``, or by item id; absent means none.
        n_users: number of training users.

    Returns:
        ``[len(lists)]`` bits; ``nan`` for an empty list, which is neither novel nor stale.

    >>> novelty([["a", "b"], ["new"]], 2, {"a": 8, "b": 2}, n_users=8)
    array([1., 3.])
    """
    if isinstance(lists, np.ndarray) and not isinstance(popularity, Mapping):
        return list_means(lists, k, np.log2(n_users / np.maximum(popularity, 1)))
    if isinstance(lists, np.ndarray) or not isinstance(popularity, Mapping):
        raise DataError(
            "One of lists and popularity is an array, the other has item ids.",
            hint="Give both as arrays, or both by item id.",
        )
    index = ItemIndex(item for ids in lists for item in ids[:k])
    return novelty(index.lists(lists, k), k, index.values(popularity).astype(np.int64), n_users)


def intra_list_diversity(lists: IntArray, k: int, vectors: Table) -> Doubles:
    """Diversity@k of each list: 1 - mean cosine over all pairs of its first k items.

    ``1 - 2 / (m (m - 1)) · Σ_{i < j} cos(v_i, v_j)`` (intra-list similarity of Ziegler et al. 2005;
    Smyth & McClave 2001). With rows of 0 and 1 (categories) the cosine is the overlap
    ``|A ∩ B| / sqrt(|A| |B|)``. Not pair by pair: with unit vectors the sum over pairs is
    ``(|Σ v|² - m) / 2``. Items without a vector are left out; a repetition is a
    pair of cosine 1.

    Args:
        lists: item numbers ``[n_users, depth]``.
        k: how many of each list count.
        vectors: ``[n_items, d]``, dense or sparse; any length but zero.

    Returns:
        ``[n_users]``, from 0 (all alike) to 1 (nothing in common; above 1 for opposed vectors);
        ``nan`` for lists of fewer than two items with vectors.

    >>> intra_list_diversity(np.array([[0, 1], [0, 2], [0, -1]]), 2, np.eye(3)[[0, 0, 1]])
    array([ 0.,  1., nan])
    """
    units, known = _unit_rows(vectors)
    values = np.full(len(lists), np.nan)
    for block in row_blocks(len(lists), max(k, units.shape[1])):
        chosen = count_table(lists[block, :k], len(known), known)
        m = np.asarray(chosen.sum(axis=1), dtype=np.float64).ravel()
        sums = chosen @ units
        square = sums.multiply(sums) if hasattr(sums, "multiply") else np.square(sums)
        length = np.asarray(square.sum(axis=1), dtype=np.float64).ravel()
        pairs = m * (m - 1)
        mean = np.divide(length - m, pairs, out=np.full(len(m), np.nan), where=pairs > 0)
        # Rounding must not make a list of equal items look less than alike.
        values[block] = np.maximum(1 - mean, 0.0)
    return values


def serendipity(lists: IntArray, k: int, relevant: Ragged, expected: IntArray) -> Doubles:
    """Serendipity@k of each list: share of the first k items that are relevant and not expected.

    ``|{i ∈ top-k : i relevant, i ∉ expected-k}| / k``, where expected is what a primitive model,
    here a popularity baseline, would have shown this user (Ge, Delgado-Battenfeld & Jannach 2010;
    Kaminskas & Bridge 2016). Divided by k, as precision is: a short list gains nothing. It is never
    above precision@k, and the difference is what popularity alone would have found.

    Args:
        lists: item numbers ``[n_users, depth]``.
        k: how many of each list count, of ``expected`` too.
        relevant: relevant items by user.
        expected: item numbers ``[n_users, depth]``, or ``[depth]`` for everybody alike.

    Raises:
        DataError: not as many expected lists as lists.

    >>> serendipity(np.array([[0, 1, 2]]), 3, Ragged.of([[0, 2]]), np.array([0, 1, 5])).round(3)
    array([0.333])
    """
    plain = (
        expected if expected.ndim == 2 else np.broadcast_to(expected, (len(lists), len(expected)))
    )
    if len(plain) != len(lists):
        raise DataError(
            f"There are {len(lists)} lists, but {len(plain)} expected ones.",
            hint="Give the baseline's list for each user, or one for everybody.",
        )
    hits = find_hits(lists, relevant, k)
    items = lists[hits.users, hits.ranks - 1]
    obvious = np.zeros(len(items), dtype=np.bool_)
    for block in row_blocks(len(items), k):
        obvious[block] = (plain[hits.users[block], :k] == items[block, None]).any(axis=1)
    return hits.total((~obvious).astype(np.float64)) / k


def label_table(labels: Sequence[Sequence[str]]) -> sparse.csr_array:
    """A sparse table ``[len(labels), n_labels]`` of 0 and 1, a column for each different label.

    >>> label_table([["mugs"], [], ["mugs", "gifts"]]).toarray()
    array([[1., 0.],
           [0., 0.],
           [1., 1.]], dtype=float32)
    """
    from scipy import sparse

    index = ItemIndex(label for row in labels for label in row)
    rows = index.sets(labels)
    shape = (len(labels), max(1, len(index)))
    ones = np.ones(len(rows.values), dtype=np.float32)
    return sparse.csr_array((ones, rows.values, rows.offsets), shape=shape)


def _mean(values: Doubles) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _unit_rows(vectors: Table) -> tuple[Any, NDArray[np.bool_]]:
    """Rows of length 1 (float32), and which rows had a length at all."""
    if isinstance(vectors, np.ndarray):
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    else:
        lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1), dtype=np.float64))
    known = lengths > 0
    scale = (1.0 / np.where(known, lengths, 1.0))[:, None]
    if isinstance(vectors, np.ndarray):
        return (vectors * scale).astype(np.float32), known
    return vectors.multiply(scale).tocsr().astype(np.float32), known
