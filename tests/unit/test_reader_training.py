"""Training the reader: what it learns from, how its reading is judged, and what may serve."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llmrec.artifacts import Artifacts, CardData, Figure, read_card
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.config import Settings, Workspace
from llmrec.engines import ScriptedEngine
from llmrec.errors import ConfigError, DataError, ModelError
from llmrec.finetune import LoraSettings, publish_adapter
from llmrec.finetune.reader import messages as written
from llmrec.finetune.reader import shop as shop_data
from llmrec.finetune.reader.examples import reader_examples, unsaid
from llmrec.finetune.reader.measure import (
    PRICES,
    FigureName,
    Judged,
    add_to_card,
    judged,
    read_apart,
)
from llmrec.finetune.reader.messages import WrittenMessage, read_messages, written_sets
from llmrec.finetune.reader.publish import publish_reader, serving_reader
from llmrec.finetune.reader.session import ReaderSession
from llmrec.finetune.reader.shop import ReaderData, reader_data
from llmrec.finetune.reader.train import ReaderTask, train_reader
from llmrec.reading import MessageReader, ReadingContext
from llmrec.reading import loading as reading_loading
from llmrec.reading.lines import Line, Part
from llmrec.reading.loading import load_reader
from llmrec.reading.prompt import plain
from llmrec.reading.scripted import ScriptedReader
from llmrec.reading.shipped import pack_adapter, shipped_adapter, shipped_card, whole_adapter
from llmrec.reading.tracing import traced
from llmrec.types import Item

pytest.importorskip("peft", reason="pip install 'llmrec[train]'")

ROOT = Path(__file__).parents[2]
QUICK = LoraSettings(
    r=4,
    learning_rate=3e-3,
    epochs=2,
    batch=4,
    accumulation=2,
    save_every=1,
    precision="fp32",
    max_tokens=1024,
)
NO_LOG = CardData(sha256="", events=0, users=0, items=0)
MUG = {"message": "a mug, 20 max", "want": {"intent": "find", "looking_for": "mug", "max": 20}}


def said(message: str, context: ReadingContext | None = None, **want: Any) -> WrittenMessage:
    return WrittenMessage(message, context, "EUR", {"intent": "find", **want}, "en")


def judge(message: WrittenMessage, line: str) -> Judged:
    reader = ScriptedReader({plain(message.message): line})
    return judged(message, reader.read(message.message, message.context, message.currency))


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def mugs(path: Path, count: int = 60) -> Path:
    things = ("mug", "kettle", "bottle", "tea")
    rows = (
        {
            "message": f"a {things[n % 4]} number {n} under {n + 20}",
            "want": {"intent": "find", "looking_for": things[n % 4], "max": n + 20},
        }
        for n in range(count)
    )
    return lines(path, *rows)


def planted(count: int = 24) -> ReaderTask:
    made = [
        said(
            f"a {thing}, {n + 20} max, no Acme", looking_for=thing, max=n + 20, not_brands=["Acme"]
        )
        for n, thing in zip(range(count), ("mug", "tea", "kettle", "bottle") * count, strict=False)
    ]
    train, held = (reader_examples(one, variants=0, seed=0) for one in (made[:-8], made[-8:]))
    return ReaderTask(train, held, NO_LOG)


@pytest.fixture
def shop(tmp_path: Path, tiny_model: Path) -> Workspace:
    made = Workspace.init(tmp_path / "shop")
    (made.path / "llmrec.toml").write_text(
        f'version = 1\n[reader]\nbase = "{tiny_model}"\nengine = "transformers"\n'
        # The tiny model's tokens are little more than letters: no sign is one of them.
        "witness = false\n"
    )
    return Workspace.open(made.path)


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reader") / "trained"
    train_reader(planted(), str(tiny_model), out, QUICK.model_copy(update={"epochs": 1}))
    return out


@pytest.mark.parametrize(
    ("line", "right", "turned"),
    [
        ("find | thing mug | max 20", True, False),
        ("find | thing mug | min 20", False, True),
        ("find | thing mug", False, False),
        ("find | thing mug | max 20 | min 2", False, False),
    ],
)
def test_a_price_is_right_only_under_its_own_sign(line: str, right: bool, turned: bool) -> None:
    own = judge(said("a set of 2 mugs, 20 at most", looking_for="mugs", max=20), line).cases
    assert own[PRICES] == [right] and own["limits turned round"] == [turned]
    assert "numbers invented as prices" not in own


def test_a_number_that_is_no_price_is_invented_only_where_there_is_one() -> None:
    lens = said("a lens, 50 mm", looking_for="lens")
    assert judge(lens, "find | thing lens | max 50").cases["numbers invented as prices"] == [True]
    assert judge(lens, "find | thing lens").cases["numbers invented as prices"] == [False]
    assert "numbers invented as prices" not in judge(said("a lens"), "find | thing lens").cases


def test_a_price_that_the_second_witness_doubts_is_asked_about() -> None:
    message = said("a mug, 20 max", looking_for="mug", max=20)
    line = Line("find", (Part("thing", "mug"), Part("max", "20")))
    own = judged(message, traced(message.message, line, [Part("max", "20")])).cases
    assert own[PRICES] == [False] and own["prices asked about"] == [True]
    assert own["limits turned round"] == [False]


def test_brands_are_right_as_wanted_and_refused() -> None:
    message = said("Bosch drill, no Ryobi", brands=["Bosch"], not_brands=["Ryobi"])
    good = judge(message, "find | brand Bosch | no brand Ryobi").cases
    turned = judge(message, "find | brand Bosch | brand Ryobi").cases
    more = judge(message, "find | brand Bosch | brand drill | no brand Ryobi").cases
    names: tuple[FigureName, ...] = ("brands right", "brands turned round", "brands invented")
    assert [good[name] for name in names] == [[True], [False], [False]]
    assert [turned[name] for name in names] == [[False], [True], [False]]
    assert [more[name] for name in names] == [[False], [False], [True]]
    assert "brands right" not in judge(said("a drill"), "find | thing drill").cases


def test_a_refusal_is_held_or_searched_for() -> None:
    message = WrittenMessage(
        "cake without nuts", None, "EUR", {"intent": "find", "not": ["nut"]}, "en"
    )
    held = judge(message, "find | thing cake | without nuts").cases
    assert held["refusals held"] == [True] and held["refusals searched"] == [False]
    sought = judge(message, "find | thing cake | feature: nuts").cases
    assert sought["refusals held"] == [False] and sought["refusals searched"] == [True]
    assert judge(said("a cake"), "find | without cake").cases["refusals invented"] == [True]


def test_each_value_of_an_attribute_is_a_case() -> None:
    message = said("a red and blue rug", attributes={"colour": ["red", "blue"]})
    own = judge(message, "find | thing rug | colour: red | feature: rug").cases
    assert sorted(own["attribute values right"]) == [False, True]
    assert sorted(own["attribute values invented"]) == [False, True]
    assert own["intent right"] == [True] and "thing right" not in own


def test_sets_are_read_by_language_and_counted_together(tmp_path: Path) -> None:
    english = lines(tmp_path / "test_en.jsonl", MUG, MUG)
    german = lines(tmp_path / "test_de.jsonl", {**MUG, "message": "Becher, max 20"})
    reader = ScriptedReader({"a mug, 20 max": "find | thing mug | max 20"})
    done: list[int] = []
    found = read_apart(reader, [english, german], done.append)
    assert done == [1, 1, 1] and list(found) == ["en", "de"]
    assert found["en"].figures()[PRICES].mean == 1.0 and found["en"].figures()[PRICES].n == 2
    assert found["de"].figures()[PRICES].mean == 0.0


def test_figures_come_first_on_the_card(trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "adapter")
    own = judge(said("a mug, 20 max", looking_for="mug", max=20), "find | thing mug | max 20")
    add_to_card(folder, {"en": own}, own_messages=3)
    card = read_card(folder)
    assert card.kind == "reader" and card.main == (PRICES, own.figures()[PRICES])
    assert {"loss", "accuracy"} < set(card.metrics)
    assert card.extra["own_messages"] == 3 and card.extra["base_sha256"]
    assert card.extra["languages"]["en"][PRICES]["n"] == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("no JSON", "is no JSON"),
        ([1], "the line"),
        ({"want": {"intent": "find"}}, "message: Field required"),
        ({"message": "", "want": {"intent": "find"}}, "message"),
        ({"message": "a mug"}, "want: Field required"),
        ({"message": "a mug", "want": {"looking_for": "mug"}}, "want.intent: Field required"),
        ({"message": "a mug", "want": {"intent": "buy"}}, "want.intent: "),
        ({"message": "a mug", "want": {"intent": "find", "price": 9}}, "want.price: Extra"),
        ({"message": "a mug", "want": {"intent": "find", "max": "many"}}, "want.max: "),
        ({"message": "a mug", "want": {"intent": "find", "brands": "Acme"}}, "want.brands: "),
        ({**MUG, "context": {"screen": []}}, "context.screen: Extra"),
        ({**MUG, "contxt": None}, "contxt: Extra"),
    ],
)
def test_a_line_that_is_no_message_is_named(tmp_path: Path, row: object, told: str) -> None:
    text = row if isinstance(row, str) else json.dumps(row)
    path = tmp_path / "ours.jsonl"
    path.write_text(f"{json.dumps(MUG)}\n\n{text}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        list(read_messages(path))
    assert f"{path}, line 3" in caught.value.message and told in caught.value.message
    assert '"want"' in caught.value.hint


def test_what_the_command_prints_is_a_meaning(tmp_path: Path) -> None:
    read = ScriptedReader({"a mug, 20 max": "find | thing mug | max 20"}).read("a mug, 20 max")
    path = lines(tmp_path / "ours.jsonl", {**MUG, "want": read.reading.to_dict()})
    (one,) = read_messages(path)
    assert one.want == MUG["want"] and one.context is None
    assert len(reader_examples([one], variants=3, seed=0)) > 1


def test_the_pages_messages_teach_something(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "finetuning.md").read_text(encoding="utf-8")
    shown = re.findall(r'^    (\{"message".+\})$', page, re.MULTILINE)
    path = lines(tmp_path / "ours.jsonl", *map(json.loads, shown))
    first, second = read_messages(path)
    assert first.context == ReadingContext("tent", {"max": 300}, ("Tarn 2", "Duo"))
    assert not unsaid(first) and not unsaid(second)
    lines_said = {example.line for example in reader_examples([first, second], variants=0, seed=0)}
    assert lines_said == {
        "refine | max 200 | without polyester | item 2",
        "find | thing mug | max tenner",
    }


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ours\.jsonl cannot be read"):
        list(read_messages(tmp_path / "ours.jsonl"))


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("own", ["en", "zh"]),
        ("ours-de", ["de", "de"]),
        ("test_zh", ["zh", "zh"]),
        ("model", ["en", "zh"]),
    ],
)
def test_a_files_name_or_the_script_tells_the_language(
    tmp_path: Path, name: str, languages: list[str]
) -> None:
    path = lines(tmp_path / f"{name}.jsonl", MUG, {**MUG, "message": "不要塑料的杯子"})
    assert [message.language for message in read_messages(path)] == languages


def test_all_shipped_sets_can_be_read() -> None:
    for path in written_sets():
        assert len(list(read_messages(path))) > 100
    for path in written_sets(test=True):
        assert len(list(read_messages(path))) >= (
            100 if path.stem in ("test_en", "test_de", "test_zh") else 15
        )


def test_what_is_held_out_is_in_no_training_example(shop: Workspace, tmp_path: Path) -> None:
    path = mugs(tmp_path / "ours.jsonl", 200)
    data = reader_data(shop, [path], only_mine=True, variants=0)
    assert len(data.held) == 5 and len(data.train) == 195 and data.own == data.messages == 200
    assert not {one.head for one in data.held} & {one.head for one in data.train}
    again = reader_data(shop, [path], only_mine=True, variants=0)
    assert again == data
    fewer = reader_data(shop, [path], only_mine=True, variants=0, max_examples=20)
    assert fewer.train == data.train[:20] and fewer.held == data.held


def test_messages_that_the_reader_is_measured_by_do_not_teach_it(
    shop: Workspace, tmp_path: Path
) -> None:
    """In English, German and Chinese, also where spaces or capitals differ."""
    taken = [
        {"message": f" {message.message.upper()}  ", "want": message.want}
        for language in ("en", "de", "zh")
        for path in written_sets(test=True)
        if path.stem == f"test_{language}"
        for message in list(read_messages(path))[:5]
    ]
    path = lines(tmp_path / "ours.jsonl", *taken)
    own = mugs(tmp_path / "mugs.jsonl", 40)
    data = reader_data(shop, [path, own], only_mine=True, variants=0)
    assert len(taken) == 15 and data.messages == 40
    assert sum("is measured by it" in reason for reason in data.left_out) == 15


def test_variants_name_the_catalogues_brands(shop: Workspace, tmp_path: Path) -> None:
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item("1", "Kettle", brand="Quillfarn")])
    rows = (
        {"message": f"a kettle number {n} by Acme", "want": {"intent": "find", "brands": ["Acme"]}}
        for n in range(60)
    )
    path = lines(tmp_path / "ours.jsonl", *rows)
    data = reader_data(shop, [path], only_mine=True, variants=2)
    assert any("brand Quillfarn" in one.line for one in data.train)


def test_messages_that_do_not_say_what_they_mean_teach_nothing(
    shop: Workspace, tmp_path: Path
) -> None:
    silent = {"message": "the usual", "want": {"intent": "find", "looking_for": "mug"}}
    mixed = lines(tmp_path / "mixed.jsonl", MUG, silent)
    data = reader_data(shop, [mixed], only_mine=True, variants=0)
    assert len(data.train) == 1
    assert data.left_out == ("'the usual': no words of it say its thing",)
    with pytest.raises(DataError, match="None of the 1 messages teaches anything: 'the usual'"):
        reader_data(shop, [lines(tmp_path / "silent.jsonl", silent)], only_mine=True)
    with pytest.raises(ConfigError, match="leaves no messages"):
        reader_data(shop, only_mine=True)


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_reader_training import QUICK, planted, train_reader
from llmrec.finetune import StepReport
def tell(report):
    if isinstance(report, StepReport) and report.step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
train_reader(planted(), sys.argv[2], Path(sys.argv[3]), QUICK, progress=tell)
"""


def test_a_run_that_was_killed_ends_as_if_nothing_had_been(
    tiny_model: Path, tmp_path: Path
) -> None:
    here, broken = str(Path(__file__).parent), tmp_path / "broken"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, here, str(tiny_model), str(broken)], capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (tmp_path / "broken.training").is_dir() and not broken.exists()
    again = train_reader(planted(), str(tiny_model), broken, QUICK)
    whole = train_reader(planted(), str(tiny_model), tmp_path / "whole", QUICK)
    assert again.resumed_from == 2 and len(whole.steps) == 4
    assert again.steps == whole.steps and again.best == whole.best
    assert whole.evaluations[-1].loss < whole.evaluations[0].loss
    ours, theirs = tensors(broken), tensors(tmp_path / "whole")
    assert all((ours[name] == theirs[name]).all() for name in theirs)


def test_several_processes_are_refused(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="trains in one process"):
        ReaderSession(shop, ReaderData((), (), 0, 0, (), 0.0), QUICK)


def test_a_base_that_cannot_answer_for_signs_is_refused(shop: Workspace, tiny_model: Path) -> None:
    with_witness = shop.path / "llmrec.toml"
    with_witness.write_text(with_witness.read_text().replace("witness = false", ""))
    with pytest.raises(ModelError, match="has no single token for ' "):
        ReaderSession(Workspace.open(shop.path), ReaderData((), (), 0, 0, (), 0.0), QUICK)


def version(trained: Path, folder: Path, *means: float, base: str | None = None) -> Path:
    """A trained adapter that reads so many prices, brands and intents right."""
    shutil.copytree(trained, folder)
    card = read_card(folder)
    names = (PRICES, "brands right", "intent right")
    figures = {name: Figure(mean=mean, n=9) for name, mean in zip(names, means, strict=False)}
    extra = card.extra | ({"base": base} if base else {})
    card.model_copy(update={"metrics": figures or card.metrics, "extra": extra}).write(folder)
    return folder


def test_only_what_reads_no_less_right_serves(
    shop: Workspace, trained: Path, tmp_path: Path
) -> None:
    none = tmp_path / "nothing-shipped"

    def published(*means: float, promote: bool = True, **more: Any) -> Any:
        folder = version(trained, tmp_path / f"v{len(list(tmp_path.iterdir()))}", *means, **more)
        return publish_reader(shop, folder, promote=promote, shipped=none)

    store = Artifacts(shop.models_dir)
    unknown = published()
    assert not unknown.promoted and unknown.reason == "Nothing is known of how well it reads."
    first = published(0.8, 0.8, 0.8)
    assert first.promoted and store.serving("reader") == first.artifact.version
    for means in ((0.7, 0.9, 0.9), (0.9, 0.7, 0.9), (0.9, 0.9, 0.7)):
        worse = published(*means)
        assert not worse.promoted and "0.7000 against 0.8000" in worse.reason
        assert worse.reason.startswith(f"{first.artifact.name} goes on serving: ")
    equal = published(0.8, 0.8, 0.8)
    assert equal.promoted and store.serving("reader") == equal.artifact.version
    held = published(0.9, 0.9, 0.9, promote=False)
    assert not held.promoted and store.serving("reader") == equal.artifact.version
    other = published(0.9, 0.9, 0.9, base="another")
    assert not other.promoted and "trained on 'another'" in other.reason
    assert f"llmrec models promote reader {other.artifact.version}" in other.reason


def test_what_ships_serves_until_something_reads_as_well(
    shop: Workspace, trained: Path, tmp_path: Path
) -> None:
    shipped = tmp_path / "shipped"
    pack_adapter(version(trained, tmp_path / "source", 0.9, 0.9, 0.9), shipped)
    worse = publish_reader(
        shop, version(trained, tmp_path / "worse", 0.8, 0.9, 0.9), shipped=shipped
    )
    assert not worse.promoted and worse.reason == (
        "The reader that ships goes on serving: price fields right 0.8000 against 0.9000."
    )
    good = publish_reader(shop, version(trained, tmp_path / "good", 0.9, 1, 1), shipped=shipped)
    assert good.promoted
    pack_adapter(trained, shipped)
    unmeasured = publish_reader(
        Workspace.init(tmp_path / "other"),
        version(trained, tmp_path / "third", 1, 1, 1, base="smollm2-135m-instruct"),
        shipped=shipped,
    )
    assert not unmeasured.promoted and "does not say how well it reads" in unmeasured.reason


def test_the_reader_is_what_is_set_else_promoted_else_shipped(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    shutil.copytree(trained, models / "mine")
    monkeypatch.setattr(reading_loading, "shipped_adapter", lambda: trained)

    def loaded(adapter: str | None = None) -> tuple[str, ...]:
        engine = ScriptedEngine()
        settings = Settings.without_workspace().model_copy(deep=True)
        settings = settings.model_copy(
            update={
                "models": settings.models.model_copy(update={"engine": "transformers"}),
                "reader": settings.reader.model_copy(update={"adapter": adapter}),
            }
        )
        found, alone = load_reader(settings, models, lambda: engine)
        assert alone is None and isinstance(found, MessageReader)
        assert engine.adapters == (found.adapter,)
        return engine.adapters

    assert loaded() == ("reader",)
    store = Artifacts(models)
    made = publish_adapter(store, trained)
    assert loaded() == ("reader",)
    assert loaded("reader/0001") == ("reader/0001",)
    store.promote("reader", made.version)
    assert loaded() == ("reader/0001",)
    assert loaded("none") == ("reader",)
    assert loaded("mine") == ("mine",)
    with pytest.raises(ModelError, match="no version '0009' of 'reader'"):
        loaded("reader/0009")


def test_training_goes_on_from_what_serves(
    shop: Workspace, trained: Path, tmp_path: Path, tiny_model: Path
) -> None:
    shipped, base = tmp_path / "shipped", str(tiny_model)
    assert serving_reader(shop, base, shipped) is None
    pack_adapter(version(trained, tmp_path / "source", 0.9, 0.9, 0.9), shipped)
    start = serving_reader(shop, base, shipped)
    assert start is not None and start.folder == shipped_adapter(shipped) == whole_adapter(shipped)
    assert whole_adapter(start.folder) == start.folder
    assert serving_reader(shop, "another", shipped) is None
    made = publish_reader(shop, version(trained, tmp_path / "v1", 1, 1, 1), shipped=shipped)
    promoted = serving_reader(shop, base, shipped)
    assert promoted is not None and promoted.version == made.artifact.version

    still = QUICK.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    task = replace(planted(), parent=promoted.name)
    train_reader(task, base, tmp_path / "on", still, start=promoted)
    assert read_card(tmp_path / "on").parent == promoted.name
    before, after = tensors(trained), tensors(tmp_path / "on")
    assert all(abs(before[name] - after[name]).max() < 1e-6 for name in before)
    train_reader(planted(), base, tmp_path / "anew", still)
    anew = tensors(tmp_path / "anew")
    assert any(abs(before[name] - anew[name]).max() > 1e-3 for name in before)


def test_a_shape_that_is_not_that_of_the_start_is_refused(
    shop: Workspace, trained: Path, tmp_path: Path
) -> None:
    made = publish_reader(shop, version(trained, tmp_path / "v1", 1, 1, 1), shipped=tmp_path)
    wider = QUICK.model_copy(update={"r": 8})
    with pytest.raises(ConfigError, match=r"r = 8: reader/0001 was trained with 4"):
        ReaderSession(shop, ReaderData((), (), 0, 0, (), 0.0), wider, start=made.artifact)


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, ["train", "reader", *map(str, arguments)])
    if result.exception:
        raise result.exception
    return json.loads(result.stdout)


def test_a_dry_run_says_what_it_will_cost_and_trains_nothing(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = mugs(tmp_path / "en9.jsonl", 90)
    monkeypatch.setattr(shop_data, "written_sets", lambda *, test=False: [] if test else [shipped])
    path = mugs(tmp_path / "ours.jsonl", 40)
    asked = ("-w", shop.path, "--messages", path, "--max-examples", 30, "--dry-run", "--json")
    found = run(*asked, "--set", "r=4", "--set", "batch=4")
    size = found["estimate"]
    assert size["examples"] == 30 and size["validation"] > 0 and size["seconds"] > 0
    assert found["messages"]["own"] == 40 and found["messages"]["all"] == 130
    assert found["messages"]["left_out"] == 0 and found["settings"]["r"] == 4
    assert not Artifacts(shop.models_dir).numbers("reader")


def test_a_dry_run_leaves_the_run_that_was_stopped(shop: Workspace, tmp_path: Path) -> None:
    stopped = shop.cache_dir / "train-reader" / "runs" / "other" / "adapter.training"
    stopped.mkdir(parents=True)
    silent = {"message": "the usual", "want": {"intent": "find", "looking_for": "mug"}}
    rows = [silent] * 7 + [MUG] * 2
    path = lines(tmp_path / "ours.jsonl", *rows)
    asked = ["train", "reader", "-w", str(shop.path), "--messages", str(path), "--only-mine"]
    result = CliRunner().invoke(app, [*asked, "--dry-run", "--set", "r=4", "--variants", "0"])
    assert result.exit_code == 0 and stopped.is_dir()
    assert "9 messages, 9 of them your own; 1 examples to train on" in result.stderr
    assert result.stderr.count("Left out:") == 5 and "and 2 more" in result.stderr
    assert "messages that were kept apart" in " ".join(result.stdout.split())


def test_a_bad_file_ends_the_command_with_the_line(shop: Workspace, tmp_path: Path) -> None:
    path = lines(tmp_path / "ours.jsonl", MUG, {"message": "a mug", "want": {"intent": "buy"}})
    with pytest.raises(DataError, match=r"ours\.jsonl, line 2, want\.intent: "):
        run("-w", shop.path, "--messages", path, "--dry-run")


def test_from_messages_to_a_version(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mugs(tmp_path / "ours.jsonl", 40)
    apart = lines(
        tmp_path / "test_en.jsonl", MUG, {"message": "Bosch drill", "want": {"intent": "find"}}
    )
    monkeypatch.setattr(written, "written_sets", lambda *, test=False: [apart])
    quick = ("--set", "r=4", "--set", "batch=4", "--set", "accumulation=1", "--max-examples", 8)
    said = run("-w", shop.path, "--messages", path, "--only-mine", "--no-promote", "--json", *quick)
    assert said["version"] == "reader/0001" and not said["promoted"]
    assert said["reason"] == "It was not to be promoted."
    card = said["card"]
    assert card["metrics"][PRICES]["n"] == 1 and card["metrics"]["intent right"]["n"] == 2
    assert card["extra"]["own_messages"] == 40 and card["extra"]["languages"]["en"]
    assert card["seed"] == 0 and card["extra"]["examples"] == 8
    assert card["parent"] is None
    assert not list((shop.cache_dir / "train-reader" / "runs").glob("*"))
    assert list((shop.cache_dir / "train-reader" / "curves").rglob("events.out.tfevents.*"))
    made = Artifacts(shop.models_dir).get("reader", "0001")

    monkeypatch.setattr(
        sys, "argv", ["ship_reader.py", str(made.folder), "--target", str(tmp_path / "adapter")]
    )
    runpy.run_path(str(ROOT / "scripts" / "ship_reader.py"), run_name="__main__")
    assert shipped_card(tmp_path / "adapter") == made.card


def test_an_adapter_without_figures_or_of_another_kind_is_not_shipped(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranker = version(trained, tmp_path / "ranker", 1, 1, 1)
    read_card(ranker).model_copy(update={"kind": "ranker"}).write(ranker)
    for folder, told in ((trained, "does not say how well"), (ranker, "holds a ranker")):
        target = tmp_path / "adapter"
        argv = ["ship_reader.py", str(folder), "--target", str(target)]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit, match=told):
            runpy.run_path(str(ROOT / "scripts" / "ship_reader.py"), run_name="__main__")
        assert not target.exists()
