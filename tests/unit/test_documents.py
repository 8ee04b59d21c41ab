"""The shop's documents over real Chroma, with the hashing encoder."""

import json
import shutil

import pytest
from retrieval_shop import CountingEncoder
from typer.testing import CliRunner

from llmrec import Workspace
from llmrec.cli.main import app
from llmrec.documents import Documents, DocumentsReport, documents_folder, index_documents
from llmrec.documents.passages import cut
from llmrec.embedding import HashingEncoder
from llmrec.errors import ConfigError, DataError, IndexMismatch
from llmrec.retrieval.collection import VectorCollection

RETURNS = """\
# Returns

Send it back within thirty days.

## Costs

Returns from Germany are free. Furniture costs 39 EUR to collect.
"""
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


def write(workspace, name, text):
    (workspace.path / "documents" / name).write_text(text, encoding="utf-8")


def test_a_document_is_cut_at_its_headings_whatever_marks_it_has():
    passages = cut(
        "---\ntitle: x\n---\nBefore.\r\n\r\n# *Pay* [here](x)\n\n| Card | Fee |\n|---|---|\n"
        "| Visa | none |\n| Other | |\n\n- one\n  more\n- two\n\n<!-- hidden -->\n\n"
        "```\n# no heading\n```\n\n### Deep\n\n> Said ![logo](x.png)\n\nNext\n====\n\n## Empty\n"
    )
    assert [(one.headings, one.blocks) for one in passages] == [
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
    assert len(passages) > 2 and all(one.headings == ("Long",) for one in passages)
    assert all(len(one.text) < 1_000 for one in passages)
    assert [block for one in passages for block in one.blocks] == [one.strip() for one in blocks]


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
    assert [(one.name, one.title, one.passages) for one in documents.files()] == [
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
