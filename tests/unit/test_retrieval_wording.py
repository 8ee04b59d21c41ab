"""How a shopper's words are read before anything is searched: codes, slips, scripts, nothing."""

import numpy as np
import pytest

from llmrec import Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.embedding import HashingEncoder
from llmrec.retrieval import RetrievalRequest, Retriever, build_index
from llmrec.retrieval.answered import _coverage, _describes
from llmrec.retrieval.encoded import EncodedTexts
from llmrec.retrieval.spelling import Spelling
from llmrec.retrieval.wording import read_wording, reads
from llmrec.types import Filters, HistoryEntry, Item

THINGS = ("kettle", "tent", "jacket", "pan", "mug", "lamp", "rucksack", "blanket", "whisk", "rug")
ITEMS = [
    Item("MUG-3", "Stoneware mug"),
    Item("TEN/1", "Ridge tent for two"),
    Item("DE-3", "Gießkanne 5 l"),
    Item("17850", "Door stop of felt"),
    Item("drill", "Bolt GSR18V-55 cordless drill"),
    Item("case", "Carrying case", description="Made for the GSR18V-55 and other drills."),
    Item("ean", "Cotton towel", attributes={"EAN": "4006381333931"}),
    Item("cover", "Cover of canvas", attributes={"fits": "TRA708SST"}),
    Item("grill", "Pellet grill TRA708SST"),
    Item("phones", "Audio WH-1000XM4"),
    Item("door", "Türstopper"),
    Item("dress1", "红色连衣裙"),
    Item("dress2", "连衣裙 长款"),
    Item("lamp9", "护眼台灯"),
    Item("tea", "Loose leaf 100 g", description="绿茶"),
    *(Item(f"i{n:02d}", f"{THINGS[n % 10].title()} number {n}") for n in range(36)),
    *(Item(f"s{n}", f"Soap bottle 500ml no {n}") for n in range(3)),
]


class ReadingEncoder(HashingEncoder):
    """Knows English words, and none that are misspelt; of other scripts it makes noise."""

    def knows(self, word):
        return word in {"cake", "kite", "nothing", "like", "this", "strange"}


@pytest.fixture(scope="module")
def retriever(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wording") / "shop"
    Workspace.init(folder)
    workspace = Workspace.open(folder, overrides={"models": {"encoder": "hashing"}})
    encoder = ReadingEncoder()
    with CatalogStore.open(workspace.database_url) as store:
        store.write_items(ITEMS)
        build_index(workspace, store, encoder)
    with Retriever.open(workspace, encoder=encoder) as opened:
        yield opened


def answer(retriever, query, n=5, **filters):
    return retriever.retrieve(RetrievalRequest(query=query, filters=Filters(**filters)), n)


def ids(result):
    return [candidate.item for candidate in result.candidates]


@pytest.mark.parametrize(
    ("query", "id"),
    [
        ("MUG-3", "MUG-3"),
        ("mug-3", "MUG-3"),
        ("do you have the MUG-3?", "MUG-3"),
        ("TEN/1", "TEN/1"),
        ("DE-3", "DE-3"),
        ("17850", "17850"),
        ("GSR18V-55", "drill"),
        ("gsr 18v-55 drill", "drill"),
        ("bolt gsr18v55", "drill"),
        ("4006381333931", "ean"),
        ("EAN 4006381333931", "ean"),
        ("mug3", "MUG-3"),
        ("mug 3", "MUG-3"),
        ("have you ten-1?", "TEN/1"),
        ("GSR 18V 55", "drill"),
        ("gsr18v-55", "drill"),
        ("wh1000xm4", "phones"),
        ("WH 1000 XM4", "phones"),
        ("audio wh-1000xm-4", "phones"),
        ("TRA708SST", "grill"),
        ("tra708sst cover", "cover"),
        ("a cover for the tra-708-sst", "cover"),
        ("TRA708SST pellet grill", "grill"),
    ],
)
def test_an_exact_code_comes_first(retriever, query, id):
    result = answer(retriever, query)
    assert ids(result)[0] == id
    assert not any("much like" in note for note in result.notes)
    assert answer(retriever, query, 1).candidates[0].item == id
    some = retriever.retrieve_from(("query", "lexical"), RetrievalRequest(query=query), 3)
    assert ids(some)[0] == id


def test_a_code_does_not_get_past_filters(retriever):
    assert "MUG-3" not in ids(answer(retriever, "MUG-3", 60, not_items=["MUG-3"]))


def test_a_size_is_no_code(retriever):
    assert ids(answer(retriever, "kettle 500ml"))[0] in {"i00", "i10", "i20", "i30"}


@pytest.mark.parametrize(
    "query", ["茶壶500ml", "500-ml kettle", "a kettle under €500", "kettle 500€", "500毫升", "$500"]
)
def test_a_measure_with_other_signs_around_it_is_no_code(retriever, query):
    candidates = answer(retriever, query).candidates
    assert not any("exact" in candidate.sources for candidate in candidates)


def test_a_code_with_other_signs_around_it_is_one(retriever):
    assert ids(answer(retriever, "型号TRA708SST"))[0] in {"cover", "grill"}


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        ("kettel", "kettle"),
        ("ketle", "kettle"),
        ("keetle", "kettle"),
        ("tnet", "tent"),
        ("jaket", "jacket"),
        ("rucksakc", "rucksack"),
        ("blankt", "blanket"),
        ("giesskahne", "gießkanne"),
        ("KETTEL", "kettle"),
        ("Gießkahne", "gießkanne"),
        ("Türstoper", "türstopper"),
        ("ekttle", "kettle"),
        ("etnt", "tent"),
        ("ajcket", "jacket"),
        ("acket", "jacket"),
    ],
)
def test_a_slip_finds_what_was_meant_and_says_so(retriever, slip, word):
    result = answer(retriever, slip)
    titles = {item.id: item.title.lower() for item in ITEMS}
    assert word in titles[ids(result)[0]]
    # Both as they are written: the slip as it was typed, the word as the shop has it.
    assert result.notes[0] == f"no product has the word “{slip}”; searched for “{word}”"


def test_a_word_that_means_something_else_is_left_as_it_stands(retriever):
    assert not any("searched for" in note for note in answer(retriever, "cake").notes)


def test_slips_are_counted_in_letters():
    spelling = Spelling({"kettle": 2, "kettles": 9, "tent": 1, "café": 1, "18v": 4})
    assert spelling.nearest("kettls") == "kettles"  # one slip from both: the commoner
    assert spelling.nearest("test") is None  # of four letters another letter is another word
    assert spelling.nearest("ten") is None
    assert spelling.nearest("18w") is None
    assert spelling.nearest("bettle") is None  # another first letter is another word
    assert spelling.nearest("ekttle") == "kettle"
    assert spelling.nearest("ettles") == "kettles"
    assert spelling.nearest("ents") is None  # of four letters one more is another word
    assert Spelling({}).nearest("kettle") is None


def test_what_the_encoder_cannot_read_does_not_drown_the_words(retriever):
    assert set(ids(answer(retriever, "连衣裙", 2))) == {"dress1", "dress2"}
    assert ids(answer(retriever, "灯", 1)) == ["lamp9"]


@pytest.mark.parametrize("history", [(), ("MUG-3", "i00", "i10")])
def test_where_no_encoder_reads_the_words_only_what_has_them_answers(retriever, history):
    entries = tuple(HistoryEntry(item=id) for id in history)
    found = retriever.retrieve(RetrievalRequest(entries, "绿茶"), 60).candidates
    assert found[0].item == "tea"
    assert [one.item for one in found if one.fit == "answer"] == ["tea"]


def test_scripts_are_tried_and_not_believed():
    class Reading(HashingEncoder):
        def encode(self, texts, *, progress=None):
            pairs = {
                "连衣裙": "dress",
                "椅子": "chair",
                "咖啡": "coffee",
                "刀": "knife",
                "鞋": "shoes",
            }
            return super().encode([pairs.get(text, text) for text in texts])

    assert reads(EncodedTexts(Reading()), "好看的鞋 for me")
    assert not reads(EncodedTexts(HashingEncoder()), "好看的鞋")
    assert reads(EncodedTexts(HashingEncoder()), "shoes, 鞋")  # most of it is Latin
    assert reads(EncodedTexts(HashingEncoder()), "12 ☂ !")


def test_a_query_that_nothing_answers_says_so(retriever):
    unlike = "nothing here is much like “strange nothing”: what is nearest follows"
    result = answer(retriever, "strange nothing")
    assert result.unlike == unlike
    assert unlike in result.notes
    assert result.candidates  # what is nearest comes all the same
    assert answer(retriever, "ridge tent").unlike is None
    assert not any("much like" in note for note in answer(retriever, "ridge tent").notes)
    assert answer(retriever, "", 3).notes == ()


def test_what_answers_but_may_not_come_is_no_answer(retriever):
    assert answer(retriever, "soap bottle").notes == ()
    ids_of_soap = [f"s{n}" for n in range(3)]
    (note,) = answer(retriever, "soap bottle", not_items=ids_of_soap).notes
    assert note.startswith("nothing that fits is much like “soap bottle”")


def test_noise_that_is_near_to_something_is_no_answer(retriever):
    unlike = "no product has the words “帐篷”, and the text encoder hashing does not know them"
    assert unlike in answer(retriever, "帐篷").unlike
    # A word that neither knows says nothing of what is here either.
    assert "does not know them" in answer(retriever, "xq zzyv wk").unlike


def test_an_unknown_word_is_most_of_a_query():
    def anywhere(token):
        return np.array({"food": range(30), "wet": range(3)}.get(token, ()), np.int64)

    def titled(token):
        return np.array({"food": [1], "wet": [1]}.get(token, ()), np.int64)

    def share(query, rows=titled):
        return _coverage(query, anywhere, rows, np.ones(60, bool))

    assert share("goldfish food") < 0.3
    assert share("wet food") == share("wet food 42") == 1
    assert share("wet food", lambda token: np.empty(0, np.int64)) == 0.5  # in no title
    assert share("!!") == 0


@pytest.mark.parametrize(
    ("query", "describes"),
    [
        ("tennis racket", False),
        ("clip-on lamp", False),
        ("Rasenmäher", False),
        ("car tyres 205/55 R16", False),
        ("help me sleep better", True),
        ("ein Geschenk", True),
        ("for my grandmother", True),
        ("送妈妈", True),
    ],
)
def test_a_want_is_told_from_a_name(query, describes):
    assert _describes(query) == describes


def test_what_the_history_has_is_said(retriever):
    history = (HistoryEntry(item="TEN/1"), HistoryEntry(item="DE-3"))
    result = retriever.retrieve(RetrievalRequest(history, "ridge tent"), 5)
    assert result.left_out == ("Ridge tent for two",)
    assert "left out, since the history has it: “Ridge tent for two”" in result.notes
    again = RetrievalRequest(history, "ridge tent", Filters(allow_seen=True))
    assert retriever.retrieve(again, 5).left_out == ()
    code = retriever.retrieve(RetrievalRequest(history, "TEN/1"), 5)
    assert code.left_out == ("Ridge tent for two",)
    assert retriever.retrieve(RetrievalRequest(history), 5).left_out == ()
    filtered = RetrievalRequest(history, "ridge tent", Filters(not_items=["TEN/1"]))
    assert retriever.retrieve(filtered, 5).left_out == ()


def test_sizes_and_words_with_numbers_are_no_spaced_codes(retriever):
    state = retriever._keeper.current()
    for query in ("500 ml", "size 42", "kettle 500ml", "number 5", "2 x 3"):
        assert not len(read_wording(query, state, lambda ids: {}).exact)


def test_a_pasted_text_costs_no_more_look_ups_than_a_short_one(retriever, monkeypatch):
    looked = []
    nearest = Spelling.nearest
    monkeypatch.setattr(
        Spelling, "nearest", lambda self, word: looked.append(word) or nearest(self, word)
    )
    answer(retriever, " ".join(f"zq{'x' * (n % 30)}{n}b" + "y" * n for n in range(60)))
    assert 0 < len(looked) <= 8


def test_rows_of_a_token_are_those_whose_text_holds_it(retriever):
    state = retriever._keeper.current()
    lexical = state.sources["lexical"]
    rows = lexical.rows("mug")
    assert [state.snapshot.ids[row] for row in rows] == sorted(
        item.id for item in ITEMS if "mug" in item.title.casefold()
    )
    assert lexical.rows("unheardof").dtype == np.int64
    assert not len(lexical.rows("unheardof"))


def test_chinese_words_that_no_item_has_are_taken_apart(retriever):
    assert ids(answer(retriever, "灯具", 1)) == ["lamp9"]
    assert set(ids(answer(retriever, "裙子", 2))) == {"dress1", "dress2"}
    # Where some item has one of the words, the others are not: 色 alone is in many.
    lexical = retriever._keeper.current().sources["lexical"]
    assert (lexical.scores("连衣裙 灯具") == lexical.scores("连衣裙")).all()
