"""The shop's documents over real Chroma, with the hashing encoder."""

import json
import shutil
from pathlib import Path

import pytest
from retrieval_shop import CountingEncoder
from typer.testing import CliRunner

from llmrec import Workspace
from llmrec.cli import checks
from llmrec.cli.main import app
from llmrec.config import ModelSettings, Settings
from llmrec.documents import Documents, DocumentsReport, documents_folder, index_documents
from llmrec.documents.passages import cut
from llmrec.documents.sentences import clauses_in, questions_in
from llmrec.documents.topics import WITHOUT_TOPICS, default_threshold, topics
from llmrec.embedding import HashingEncoder
from llmrec.embedding.languages import is_english, multilingual_beside
from llmrec.errors import ConfigError, DataError, IndexMismatch, MissingExtra
from llmrec.retrieval.collection import VectorCollection

RETURNS = """\
# Returns

Send it back within thirty days.

## Costs

Returns from Germany are free. Furniture costs 39 EUR to collect.
"""
QUESTIONS = Path(__file__).parents[2] / "scripts" / "bench" / "questions.json"
CONTACT = "# Contact\n\nCall us from nine to six. Dogs are welcome in the shop.\n"


@pytest.fixture
def workspace(tmp_path):
    Workspace.init(tmp_path / "shop")
    (tmp_path / "shop" / "documents" / "more").mkdir(parents=True)
    made = Workspace.open(tmp_path / "shop", overrides={"models": {"encoder": "hashing"}})
    write(made, "returns.md", RETURNS)
    write(made, "more/contact.md", CONTACT)
    return made


@pytest.fixture
def documents(workspace):
    opened = Documents(workspace, HashingEncoder())
    yield opened
    opened.close()


class Named(CountingEncoder):
    """The hashing encoder under another's name, remembering what it was asked."""

    def __init__(self, name, *, dimension):
        super().__init__(dimension=dimension)
        self._name = name

    @property
    def name(self):
        return self._name


@pytest.fixture
def english():
    return Named("minilm-l6-v2", dimension=256)


@pytest.fixture
def multilingual(monkeypatch):
    """Another encoder beside that of ``english``, as if the extra were installed."""
    encoder = Named("use-multilingual-v3", dimension=128)
    lay_beside(monkeypatch, encoder)
    return encoder


def lay_beside(monkeypatch, encoder):
    for module in ("shelf", "index"):
        monkeypatch.setattr(f"llmrec.documents.{module}.multilingual_beside", lambda _: encoder)


def write(workspace, name, text):
    (workspace.path / "documents" / name).write_text(text, encoding="utf-8")


def test_a_document_is_cut_at_its_headings_whatever_marks_it_has():
    passages = cut(
        "---\ntitle: x\n---\nBefore.\r\n\r\n# *Pay* [here](x)\n\n| Card | Fee |\n|---|---|\n"
        "| Visa | none |\n| Other | |\n\n- one\n  more\n- two\n\n<!-- hidden -->\n\n"
        "```\n# no heading\n```\n\n### Deep\n\n> Said ![logo](x.png)\n\nNext\n====\n\n## Empty\n"
    )
    assert [(passage.headings, passage.blocks) for passage in passages] == [
        ((), ("Before.",)),
        (
            ("Pay here",),
            ("Card: Visa; Fee: none.", "Card: Other.", "one more", "two", "# no heading"),
        ),
        (("Pay here", "Deep"), ("Said",)),
    ]


def test_a_long_passage_is_cut_between_its_blocks():
    blocks = [f"Paragraph {number}. " + "word " * 60 for number in range(8)]
    passages = cut("# Long\n\n" + "\n\n".join(blocks))
    assert len(passages) > 2 and all(passage.headings == ("Long",) for passage in passages)
    assert all(len(passage.text) < 1_000 for passage in passages)
    assert [block for passage in passages for block in passage.blocks] == [
        one.strip() for one in blocks
    ]


def test_only_changed_files_are_encoded_again(workspace):
    encoder = CountingEncoder()
    assert index_documents(workspace, encoder) == DocumentsReport(encoded=2, passages=3)
    assert len(encoder.texts) == 3 + 5
    assert "Costs: Returns from Germany are free." in encoder.texts
    del encoder.texts[:]
    assert index_documents(workspace, encoder) == DocumentsReport(unchanged=2, passages=3)
    assert encoder.texts == []
    write(workspace, "returns.md", RETURNS.replace("thirty", "sixty"))
    (workspace.path / "documents" / "more" / "contact.md").unlink()
    assert index_documents(workspace, encoder) == DocumentsReport(encoded=1, removed=1, passages=2)
    assert len(encoder.texts) == 2 + 3


def test_another_encoder_makes_everything_anew(workspace):
    index_documents(workspace, HashingEncoder(64))
    report = index_documents(workspace, HashingEncoder(32))
    assert report == DocumentsReport(encoded=2, passages=3)


def test_a_question_with_another_encoder_is_refused(workspace):
    index_documents(workspace, HashingEncoder(64))
    shelf = Documents(workspace, HashingEncoder(32))
    with pytest.raises(IndexMismatch, match="hashing-1-64") as raised:
        shelf.ask("are dogs welcome")
    assert "--rebuild" in raised.value.hint
    shelf.close()


def test_a_sentence_whose_passage_is_gone_answers_nothing(workspace, documents):
    index_documents(workspace, HashingEncoder())
    collection = VectorCollection.open(workspace, "documents")
    collection.delete(["more/contact.md#0"])
    collection.touch(writing=True)
    collection.close()
    found = documents.ask("are dogs welcome in the shop")
    assert found is None or found.file == "returns.md"
    assert index_documents(workspace, HashingEncoder()).encoded == 1
    assert documents.ask("are dogs welcome in the shop").file == "more/contact.md"


def test_a_run_that_was_broken_off_is_taken_up(workspace):
    with pytest.raises(KeyboardInterrupt):
        index_documents(workspace, CountingEncoder(break_after=3))
    report = index_documents(workspace, CountingEncoder())
    assert (report.encoded, report.unchanged, report.passages) == (1, 1, 3)


def test_an_answer_is_quoted_with_file_and_headings(workspace, documents):
    index_documents(workspace, HashingEncoder())
    found = documents.ask("what does furniture cost to collect")
    assert found.text == "Furniture costs 39 EUR to collect."
    assert (found.file, found.headings) == ("returns.md", ("Returns", "Costs"))
    assert found.source == "returns.md > Returns > Costs"
    assert found.passage == "Returns from Germany are free. Furniture costs 39 EUR to collect."
    assert documents.ask("zebra xylophone quartz") is None
    assert [(file.name, file.title, file.passages) for file in documents.files()] == [
        ("more/contact.md", "Contact", 1),
        ("returns.md", "Returns", 2),
    ]


def test_the_threshold_decides_whether_a_passage_is_an_answer(workspace):
    index_documents(workspace, HashingEncoder())
    for threshold, answered in ((-1.0, True), (1.0, False)):
        overrides = {"models": {"encoder": "hashing"}, "documents": {"threshold": threshold}}
        shelf = Documents(Workspace.open(workspace.path, overrides=overrides), HashingEncoder())
        assert (shelf.ask("zebra xylophone quartz") is not None) is answered
        shelf.close()


def test_a_new_index_is_noticed(workspace, documents):
    assert documents.ask("are dogs welcome") is None and documents.files() == []
    index_documents(workspace, HashingEncoder())
    assert documents.ask("are dogs welcome in the shop").text == "Dogs are welcome in the shop."
    write(workspace, "more/contact.md", "# Contact\n\nCats are welcome in the shop.\n")
    index_documents(workspace, HashingEncoder())
    assert documents.ask("are dogs welcome in the shop").text == "Cats are welcome in the shop."
    shutil.rmtree(workspace.path / "documents")
    assert index_documents(workspace, HashingEncoder()).removed == 2
    assert documents.ask("are dogs welcome in the shop") is None


def test_a_shop_without_documents_gets_no_index(tmp_path):
    workspace = Workspace.init(tmp_path / "shop")
    assert documents_folder(workspace) is None
    assert index_documents(workspace, HashingEncoder()) == DocumentsReport()
    assert not workspace.chroma_dir.exists()
    overrides = {"documents": {"folder": "terms"}}
    named = Workspace.open(workspace.path, overrides=overrides)
    with pytest.raises(ConfigError, match="terms") as raised:
        index_documents(named, HashingEncoder())
    assert raised.value.hint


def test_hidden_files_do_not_count_and_other_encodings_are_refused(workspace):
    hidden = workspace.path / "documents" / ".git"
    hidden.mkdir()
    (hidden / "notes.md").write_text("# Secret\n\nNo.\n")
    assert index_documents(workspace, HashingEncoder()).encoded == 2
    (workspace.path / "documents" / "latin.md").write_bytes("# Rückgabe".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8") as raised:
        index_documents(workspace, HashingEncoder())
    assert raised.value.file.endswith("latin.md")


def test_the_command_indexes_lists_and_answers(workspace, monkeypatch):
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")

    def run(*words):
        done = CliRunner().invoke(app, [*words, "-w", str(workspace.path)])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "No documents are indexed" in run("documents", "list")
    assert json.loads(run("documents", "index", "--json")) == {
        "encoded": 2,
        "unchanged": 0,
        "removed": 0,
        "passages": 3,
    }
    assert "more/contact.md" in run("documents", "list")
    said = run("documents", "ask", "are dogs welcome in the shop")
    assert "Dogs are welcome in the shop." in said and "more/contact.md > Contact" in said
    assert "do not say" in run("documents", "ask", "zebra", "xylophone", "quartz")
    asked = json.loads(run("documents", "ask", "are dogs welcome in the shop", "--json"))
    assert asked["source"] == "more/contact.md > Contact"


def test_indexing_the_catalogue_indexes_the_documents_too(workspace, monkeypatch):
    monkeypatch.setenv("LLMREC_MODELS__ENCODER", "hashing")
    done = CliRunner().invoke(app, ["index", "--json", "-w", str(workspace.path)])
    assert json.loads(done.stdout)["documents"]["encoded"] == 2
    done = CliRunner().invoke(app, ["index", "-w", str(workspace.path)])
    assert "Indexed 2 documents, 3 passages: 0 encoded" in done.stdout


def test_every_topic_is_asked_for_in_three_languages_and_no_way_of_asking_is_of_two():
    names = [topic.name for topic in topics()]
    ways = [way.casefold() for topic in topics() for way in topic.asked]
    assert len(set(names)) == len(names) and "contact" in names
    assert len(set(ways)) == len(ways)
    assert [topic.name for topic in topics() if topic.about is None] == ["product", "wish", "talk"]
    for topic in topics():
        assert any(is_han(way) for way in topic.asked) and any(
            not is_han(way) for way in topic.asked
        )


def test_no_question_to_test_on_is_a_way_of_asking():
    asked = json.loads(QUESTIONS.read_text(encoding="utf-8"))["shop_in_other_words"]
    held_out = {plain(one["question"]) for one in asked if one["half"] != "fit"}
    assert len(held_out) == 120 + 64
    assert not held_out & {plain(way) for topic in topics() for way in topic.asked}


def is_han(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def plain(text):
    return "".join(letter for letter in text.casefold() if letter.isalnum())


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("what if she doesn't like it, can she return it?", True),
        ("who pays the postage", True),
        ("Wie lange kann ich etwas zurückgeben?", False),
        ("多少天之内可以退货？", False),
    ],
)
def test_english_is_told_from_other_languages(question, english):
    assert is_english(question) is english


def test_a_question_in_another_language_is_read_by_the_multilingual_encoder(
    workspace, english, multilingual
):
    assert index_documents(workspace, english).encoded == 2
    assert "Costs: Returns from Germany are free." in multilingual.texts
    shelf = Documents(workspace, english)
    for reader, other, question in (
        (english, multilingual, "what does furniture cost to collect"),
        (multilingual, english, "Wie lange kann ich etwas zurückgeben?"),
    ):
        del english.texts[:], multilingual.texts[:]
        shelf.ask(question)
        assert question in reader.texts and question not in other.texts
    shelf.close()


def test_documents_in_another_language_are_read_by_the_multilingual_encoder(
    workspace, english, multilingual
):
    write(workspace, "returns.md", "# Rückgabe\n\nSie können alles binnen 30 Tagen zurückgeben.\n")
    write(workspace, "more/contact.md", "# Kontakt\n\nRufen Sie uns werktags bis 18 Uhr an.\n")
    index_documents(workspace, english)
    shelf = Documents(workspace, english)
    del english.texts[:], multilingual.texts[:]
    shelf.ask("how long can I return it")
    assert multilingual.texts == ["how long can I return it"] and english.texts == []
    shelf.close()


def test_before_its_index_is_made_the_multilingual_encoder_is_not_asked(
    workspace, english, monkeypatch
):
    lay_beside(monkeypatch, None)
    index_documents(workspace, english)
    later = Named("use-multilingual-v3", dimension=128)
    lay_beside(monkeypatch, later)
    shelf = Documents(workspace, english)
    shelf.ask("Wie lange kann ich etwas zurückgeben?")
    assert "Wie lange kann ich etwas zurückgeben?" in english.texts and later.texts == []
    index_documents(workspace, english)
    shelf.ask("Wie lange kann ich etwas zurückgeben?")
    assert "Wie lange kann ich etwas zurückgeben?" in later.texts
    shelf.close()


def test_the_multilingual_index_is_emptied_where_its_encoder_is_gone(
    workspace, english, multilingual, monkeypatch
):
    index_documents(workspace, english)
    lay_beside(monkeypatch, None)
    index_documents(workspace, english)
    collection = VectorCollection.open(workspace, "multilingual")
    assert collection.count() == 0
    collection.close()


def test_alone_the_english_encoder_answers_other_languages_by_bare_similarity(
    workspace, english, monkeypatch
):
    lay_beside(monkeypatch, None)
    write(workspace, "returns.md", "# Rückgabe\n\nSie können alles binnen 30 Tagen zurückgeben.\n")
    (workspace.path / "documents" / "more" / "contact.md").unlink()
    index_documents(workspace, english)
    shelf = Documents(workspace, english)
    found = shelf.ask("Sie können alles binnen 30 Tagen zurückgeben")
    assert found.text == "Sie können alles binnen 30 Tagen zurückgeben." and found.score > 0.7
    assert shelf.ask("Verleihen Sie Zelte?") is None
    shelf.close()


def test_encoders_of_the_shop_s_choice_go_without_topics_and_without_a_second():
    chosen = Named("own/encoder", dimension=64)
    assert multilingual_beside(chosen) is None
    assert default_threshold(chosen) == WITHOUT_TOPICS


def test_contact_is_the_sentence_with_an_address(workspace, documents):
    write(
        workspace,
        "more/contact.md",
        "# Contact\n\nCustomer service reaches us by mail and telephone at these hours. "
        "Mail us at help@shop.example or call +49 30 5550 1430.\n",
    )
    index_documents(workspace, HashingEncoder())
    found = documents.contact()
    assert found.text == "Mail us at help@shop.example or call +49 30 5550 1430."
    assert found.source == "more/contact.md > Contact" and "these hours" in found.passage


def test_there_is_no_contact_where_no_document_says_it(workspace, documents):
    assert documents.contact() is None
    (workspace.path / "documents" / "more" / "contact.md").unlink()
    index_documents(workspace, HashingEncoder())
    assert documents.contact() is None


def test_doctor_says_how_other_languages_are_read(monkeypatch):
    def found(encoder="minilm-l6-v2"):
        settings = Settings(models=ModelSettings(encoder=encoder))
        return [weight for weight in checks.weights(settings) if weight.name == "languages"]

    (reading,) = found()
    assert reading.state == "ok" and "use-multilingual-v3" in reading.value

    def not_installed(name):
        raise MissingExtra(name, extra="multilingual")

    monkeypatch.setattr("llmrec.embedding.load_encoder", not_installed)
    (missing,) = found()
    assert missing.state == "note" and "pip install fast-universal" in missing.hint
    assert found("hashing") == []


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("Is it warm?", "Is it warm?"),
        ("hm. ok. is it warm? my feet are cold", "is it warm?"),
        (
            "Die Dosen. Sind die groß genug, was passt rein? Danke!",
            "Sind die groß genug, was passt rein?",
        ),
        ("挺好的。第一个多重？我妈用", "第一个多重？"),
        ("挺好的。第一个多重?我妈用", "第一个多重?"),
        ("tell me its weight", "tell me its weight"),
        ("", ""),
    ],
)
def test_what_is_told_beside_a_question_is_no_part_of_it(message: str, question: str) -> None:
    assert questions_in(message) == [question]


@pytest.mark.parametrize("marks", ["？！，；", "?!,;"])
def test_chinese_is_taken_apart_where_its_signs_were_made_plain(marks: str) -> None:
    question, call, comma, stop = marks
    message = f"第一个多重{question}可以退货吗{question}"
    assert questions_in(message) == [f"第一个多重{question}", f"可以退货吗{question}"]
    message = f"多重{comma}能退吗{question}"
    assert questions_in(message) == ["多重", f"能退吗{question}"]
    told = f"太好了{call}我想退货{comma}但是拆开了{stop}行不行呢"
    assert clauses_in(told) == ["我想退货", "但是拆开了", "行不行呢"]


def test_two_questions_are_two() -> None:
    parts = questions_in("nice. is it 1.5 l? and does it whistle? thanks")
    assert parts == ["is it 1.5 l?", "and does it whistle?"]
