"""The scripts of scripts/gpu: what they share, and each once in its small mode on the CPU."""

from __future__ import annotations

import importlib
import importlib.util
import json
import lzma
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from retrieval_shop import make_events, make_items, make_shop

from llmrec.artifacts import Artifact, Card, CardData, read_card
from llmrec.engines import ScriptedEngine
from llmrec.errors import ConfigError
from llmrec.eval import open_data
from llmrec.eval.main_path.shop import evaluation_shop
from llmrec.finetune import LoraSettings
from llmrec.finetune.behaviour import (
    BehaviourSettings,
    publish_behaviour,
    shop_data,
    train_behaviour,
)
from llmrec.finetune.ranker.prompts import prompt_maker
from llmrec.finetune.reader.examples import reader_examples
from llmrec.finetune.reader.messages import read_messages, written_sets
from llmrec.reading.shipped import shipped_card

FOLDER = Path(__file__).parents[2] / "scripts" / "gpu"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("[0-9][0-9]_*.py"))

Script = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delenv("LLMREC_GPU_REPORTS", raising=False)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Run a script's ``main`` and return its report."""

    def run(name: str, *arguments: str | Path) -> dict[str, Any]:
        words = [f"{name}.py", "--out", str(tmp_path), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        loaded(name).main()
        report: dict[str, Any] = json.loads((tmp_path / f"{name}.json").read_text())
        return report

    return run


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"gpu_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", [*SCRIPTS, "pack"])
def test_each_script_explains_itself(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as done:
        loaded(name).main()
    assert done.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_the_readme_names_every_script() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in FOLDER.glob("*.py"):
        assert f"`{path.name}`" in text, path.name


def test_a_report_says_what_ran_where(script: Script) -> None:
    report = script("10_matmul_limit", "--smoke")
    assert report["format"] == 1
    assert report["finished"] and report["smoke"]
    assert report["machine"]["cores"] and "torch" in report["versions"]
    assert report["command"].startswith("python 10_matmul_limit.py")
    assert set(report["results"]["limit_tflops"]) >= {"fp32", "bf16"}
    assert all(rate > 0 for rate in report["results"]["matmul_bf16_tflops"].values())


def test_limits_count_only_for_the_card_they_were_measured_on(
    script: Script, tmp_path: Path
) -> None:
    limit = importlib.import_module("report").limit
    assert limit(str(tmp_path), "bf16") is None
    best = script("10_matmul_limit", "--smoke")["results"]["limit_tflops"]
    assert limit(str(tmp_path), "fp32") == best["fp32"]
    assert limit(str(tmp_path), "int8") == best["bf16"]
    other = json.loads((tmp_path / "10_matmul_limit.json").read_text())
    other["machine"]["gpu"] = "another card"
    (tmp_path / "10_matmul_limit.json").write_text(json.dumps(other))
    assert limit(str(tmp_path), "fp32") is None


def test_limits_are_found_in_the_folder_of_copies(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMREC_GPU_REPORTS", str(tmp_path / "kept"))
    best = script("10_matmul_limit", "--smoke")["results"]["limit_tflops"]
    assert importlib.import_module("report").limit(str(tmp_path / "new"), "bf16") == best["bf16"]


def test_precisions_are_compared_with_the_first(script: Script, tiny_model: Path) -> None:
    report = script(
        "20_transformers_precisions",
        *("--smoke", "--model", tiny_model, "--precisions", "fp32", "bf16", "awq"),
    )
    found = report["results"]
    assert found["fp32"]["agreement_with_first"]["largest"] == 0
    assert 0 < found["bf16"]["agreement_with_first"]["largest"] < 1
    assert found["fp32"]["planned_bytes"]["weights"] > found["bf16"]["planned_bytes"]["weights"]
    assert "awq" in found["awq"]["error"]


def test_an_adapter_is_trained_and_judged(script: Script, tiny_model: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "ranker"
    trained = script("40_train_lora", "--smoke", "--model", tiny_model, "--adapter", adapter)
    found = trained["results"]
    done, planned = found["training"]["steps"]
    assert done == planned == len(found["losses"])
    assert not found["training"]["timed_out"]
    assert found["training"]["validation"]["ndcg@10 lift"]
    assert (adapter / "card.json").is_file()
    assert (tmp_path / found["plot"]).read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "40_train_lora-curves").glob("events.*"))
    judged = script("50_quality_scale", "--smoke", "--model", tiny_model, "--adapters", adapter)
    found = judged["results"]
    assert found["retriever"]["ndcg10_minus_retriever"] == [0, 0, 0]
    for name in ("base model", "ranker"):
        mean, low, high = found[name]["weight 1.0"]["ndcg10"]
        assert 0 <= low <= mean <= high <= 1
    assert f"weight {found['ranker']['fitted_weight']}" in found["ranker"]


def test_training_ends_in_time(script: Script, tiny_model: Path, tmp_path: Path) -> None:
    words = ("--smoke", "--model", tiny_model, "--adapter", tmp_path / "ranker", "--minutes", "0")
    found = script("40_train_lora", *words)["results"]["training"]
    assert found["timed_out"]
    assert found["steps"] == [1, 2]
    assert (tmp_path / "ranker" / "card.json").is_file()


def test_a_reader_is_trained_and_judged(script: Script, tiny_model: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "reader"
    words = ("--smoke", "--model", tiny_model, "--adapter", adapter, "--no-witness")
    results = script("60_train_reader", *words)["results"]
    done, planned = results["training"]["steps"]
    assert done == planned == len(results["losses"]["means"]) == results["data"]["examples"] / 4
    assert not results["training"]["timed_out"]
    best = min(evaluation[1] for evaluation in results["training"]["evaluations"])
    assert results["training"]["validation"]["loss"][0] == pytest.approx(best, abs=1e-4)
    assert (tmp_path / results["plot"]).read_bytes().startswith(b"\x89PNG")
    apart = {path.stem for path in written_sets(test=True)}
    reading = results["reading"]
    assert set(reading) == apart | {"witness"}
    assert all(reading[name]["messages"] == reading[name]["of"] == 1 for name in apart)
    card = read_card(adapter)
    assert card.kind == "reader" and card.metrics["intent right"].n == len(apart)
    assert set(card.extra["languages"]) == {"en", "de", "zh"}
    packed = tmp_path / "60_train_reader-int8"
    assert shipped_card(packed) == card
    again = script(
        "60_train_reader",
        *("--smoke", "--model", tiny_model, "--adapter", tmp_path / "second", "--no-witness"),
        *("--start", packed, "--minutes", "0", "--judge-minutes", "0"),
    )["results"]
    assert again["training"]["timed_out"] and again["training"]["steps"][0] == 1
    assert read_card(tmp_path / "second").parent == "reader/60_train_reader-int8"
    assert {again["reading"][name]["messages"] for name in apart} == {0}


def test_a_reader_of_another_rank_is_not_gone_on_from(tmp_path: Path) -> None:
    train_reader = loaded("60_train_reader")
    card = Card(
        kind="reader",
        data=CardData(sha256="", events=0, users=0, items=0),
        settings=LoraSettings(r=4, alpha=8).model_dump(mode="json"),
        seed=0,
        seconds=1.0,
    )
    start = Artifact("reader", "before", tmp_path, card)
    options = Namespace(rank=None, learning_rate=1e-4, epochs=1, batch=4)
    assert train_reader._settings(options, start, 64).r == 4
    assert train_reader._settings(options, start, 64).evaluate_every == 4
    options.rank = 8
    with pytest.raises(ConfigError, match="was trained with 4"):
        train_reader._settings(options, start, 64)


def test_processes_make_a_readers_examples_of_all_messages() -> None:
    made_examples = loaded("60_train_reader").made_examples
    messages = list(read_messages(written_sets()[0]))[:60]
    written = reader_examples(messages, variants=0, seed=0)
    examples = made_examples(messages, 1, 2)
    assert {example.head for example in written} <= {example.head for example in examples}
    assert len(examples) == len(set(examples)) > 1.5 * len(written)
    assert examples == made_examples(messages, 1, 2)


def test_sets_are_read_in_turn() -> None:
    in_turn = loaded("60_train_reader").in_turn
    order = [name for name, _ in in_turn({"a": "x" * 9, "b": "y" * 5})]
    assert "".join(order) == "aaaabbbbaaaaba"


def test_quantized_bases_are_compared_with_the_whole_one(script: Script, tiny_model: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="pip install 'llmrec[quant]'")
    found = script("45_qlora", "--smoke", "--model", tiny_model)["results"]
    assert found["whole"]["settings"]["quantization"] is None
    assert found["nf4"]["settings"]["quantization"] == "nf4"
    assert found["nf4"]["validation"]["loss"] != found["whole"]["validation"]["loss"]


def test_prompts_of_another_chat_template_are_refused(tiny_model: Path) -> None:
    files = importlib.import_module("prompt_files")
    file = files.invented_file(str(tiny_model), 2)
    file.check_template(prompt_maker(str(tiny_model)))
    with pytest.raises(ValueError, match=r"make_prompts.py --model"):
        file.check_template(ScriptedEngine())


def test_prompts_are_made_of_a_shop_that_has_learned(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = make_items(60)
    source = make_shop(tmp_path / "source", items, make_events(items, 40))
    (source.path / "llmrec.toml").write_text('[models]\nencoder = "hashing"\n')
    data = open_data(source.path)
    shop = evaluation_shop(data, "test", folder=tmp_path / "shop")
    learned, tiny = shop_data(shop), BehaviourSettings(dim=16, layers=1, history=8, epochs=1)
    publish_behaviour(
        shop, train_behaviour(learned.events, learned.catalogue, tiny), tiny, learned.events
    )
    words = [source.path, "--shop", shop.path, "--out", tmp_path / "out", "--name", "toy"]
    words += ["--model", tiny_model, "--examples", "9"]
    monkeypatch.setattr(sys, "argv", ["make_prompts.py", *map(str, words)])
    loaded("make_prompts").main()
    files = importlib.import_module("prompt_files")
    train, valid, test = files.parts_of(tmp_path / "out" / "toy", "train", "valid", "test")
    assert 1 < len(train.prompts) <= 9
    asked = test.about["counts"]
    assert asked["retrieved"] == len(test.prompts)
    assert asked["retrieved"] + asked["missed"] == sum(bool(one.history) for one in data.split.test)
    targets = {(one.user, event.item) for one in data.split.test for event in one.targets}
    assert {(prompt.user, prompt.candidates[prompt.target]) for prompt in test.prompts} <= targets
    for one in (*train.prompts, *valid.prompts, *test.prompts):
        assert len(one.retrieval) == len(one.candidates)
        assert one.history and not set(one.history) & set(one.candidates)


def test_prompts_survive_their_file(tmp_path: Path) -> None:
    files = importlib.import_module("prompt_files")
    rows = files.invented(ScriptedEngine(), 3, candidates=4, history=2)
    assert rows == files.invented(ScriptedEngine(), 3, candidates=4, history=2)
    assert len({row.head for row in rows}) == 3
    files.write(tmp_path / "a.xz", rows, {"shop": "demo", "prompt_version": "v", "counts": {}})
    back = files.read(tmp_path / "a.xz")
    assert list(back.prompts) == rows
    assert [example.target for example in back.examples().examples] == [row.target for row in rows]
    with lzma.open(tmp_path / "b.xz", "wt") as out:
        out.write('{"format": 99}\n')
    with pytest.raises(ValueError, match="another format"):
        files.read(tmp_path / "b.xz")


def test_agreement_sees_a_changed_order() -> None:
    agreement = importlib.import_module("measures").agreement
    one, other = np.array([0.3, 0.2, 0.1]), np.array([0.2, 0.3, 0.1])
    found = agreement([other, one], [one, one], top=2)
    assert found["same_top"] == 0.5
    assert found["top_overlap"] == 1.0
    assert found["tau"] == pytest.approx((1 / 3 + 1) / 2, abs=1e-5)
    assert found["largest"] == pytest.approx(0.1)


def test_parameters_leave_the_embeddings_out(tiny_model: Path) -> None:
    counted = importlib.import_module("measures").matmul_parameters(tiny_model)
    config = json.loads((tiny_model / "config.json").read_text())
    wide, inner = config["hidden_size"], config["intermediate_size"]
    heads = config["num_key_value_heads"] * wide // config["num_attention_heads"]
    layer = 2 * wide * wide + 2 * wide * heads + 3 * wide * inner
    assert counted == config["num_hidden_layers"] * layer


def test_each_level_asks_its_own_prompts_and_all_at_once(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = CountingEngine()
    options = Namespace(
        smoke=True,
        levels=[1, 4],
        prompts=None,
        candidates=5,
        seconds=30.0,
        new_tokens=4,
        model=str(tiny_model),
        out=str(tmp_path),
        in_process=False,
    )
    found = loaded("30_vllm_serve").measured(engine, None, "bf16", options)
    assert found["at 1"]["requests"] == found["at 4"]["requests"] == 8
    # Two to warm up, then three plans of eight, the last of which repeats the first.
    # Each asks of five candidates apart.
    assert len(engine.asked) == (2 + 24) * 5
    assert engine.asked[10:50] == engine.asked[-40:]
    assert len(set(engine.asked)) == 16 * 5
    assert "bf16 at 4" in capsys.readouterr().out


class CountingEngine(ScriptedEngine):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def score_labels(self, prompts: Any, labels: Any, **options: Any) -> Any:
        self.asked += prompts
        return super().score_labels(prompts, labels, **options)


def make_wheel(folder: Path, name: str, needs: str = "", version: str = "1.0") -> Path:
    folder.mkdir(exist_ok=True)
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": "ANSWER = 42\n" * 500,
        f"{name}/kernel.so": "x" * 1000,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{one},,\n" for one in [*files, f"{info}/RECORD"])
    with ZipFile(path, "w", ZIP_DEFLATED) as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return path


def test_only_missing_packages_are_collected(tmp_path: Path) -> None:
    wheels = importlib.import_module("wheels")
    needs = (
        "Requires-Dist: torch==2.11.0\nRequires-Dist: numpy<2\nRequires-Dist: beta[fast]\n"
        "Requires-Dist: never; sys_platform == 'win32'\nRequires-Dist: video\n"
    )
    alpha = make_wheel(tmp_path / "wheels", "alpha", needs)
    beta = make_wheel(tmp_path / "wheels", "beta", "Requires-Dist: gamma>1; extra == 'fast'")
    make_wheel(tmp_path / "wheels", "gamma")
    gamma = make_wheel(tmp_path / "wheels", "gamma", version="2.0")
    other = make_wheel(tmp_path / "wheels", "gamma", version="3.0")
    other.rename(other.with_name("gamma-3.0-cp311-cp311-manylinux_2_17_x86_64.whl"))
    found = wheels.collect(
        ["alpha==1.0"],
        tmp_path / "wheels",
        present={"torch": "2.11.0", "numpy": "2.5.2"},
        leave_out={"video"},
    )
    assert found.files == {"alpha": alpha, "beta": beta, "gamma": gamma}
    assert found.left_out == ["video"]
    assert found.doubts == ["numpy<2 (there: 2.5.2)"]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A folder with one wheel and one file, cut into small parts."""
    pack, wheels = loaded("pack"), importlib.import_module("wheels")
    alpha = make_wheel(tmp_path / "wheels", "gpu_script_alpha")
    archive = tmp_path / "core.tar.xz"
    pack.pack_wheels(wheels.Wheels({"gpu_script_alpha": alpha}), archive, ("kernel.so",))
    noise = tmp_path / "noise"
    noise.write_bytes(np.random.default_rng(0).bytes(3 * 2**20))
    parts = pack.Parts(tmp_path / "gpu" / "parts", 2 * 2**20)
    parts.add(archive, "core", "wheels")
    parts.add(noise, "prompts.xz", "file")
    parts.close()
    assert "complete then: core" in parts.table()
    return tmp_path / "gpu"


def test_parts_join_install_and_are_not_done_twice(packed: Path, tmp_path: Path) -> None:
    prepare = loaded("00_prepare")
    assert sorted(path.name for path in (packed / "parts").iterdir()) == ["01", "02"]
    states = [prepare.bring(archive, packed) for archive in prepare.archives(packed)]
    assert all(state.startswith("done in") for state in states)
    assert (packed / "data" / "prompts.xz").read_bytes() == (tmp_path / "noise").read_bytes()
    installed = packed / "site" / "gpu_script_alpha"
    assert "ANSWER = 42" in (installed / "__init__.py").read_text()
    assert not (installed / "kernel.so").exists()
    assert [prepare.bring(archive, packed) for archive in prepare.archives(packed)] == [
        "was done before"
    ] * 2


def test_what_has_not_come_is_waited_for(packed: Path) -> None:
    prepare = loaded("00_prepare")
    (packed / "parts" / "02" / "prompts.xz.001").unlink()
    states = {
        archive["name"]: prepare.bring(archive, packed) for archive in prepare.archives(packed)
    }
    assert states["prompts.xz"] == "waits for part 02"
    assert states["core"].startswith("done in")


def test_a_damaged_piece_is_named(packed: Path) -> None:
    prepare = loaded("00_prepare")
    piece = packed / "parts" / "02" / "prompts.xz.001"
    piece.write_bytes(b"\0" + piece.read_bytes()[1:])
    with pytest.raises(SystemExit, match="bring part 02 again"):
        prepare.bring(prepare.archives(packed)[1], packed)


def test_parts_of_two_packings_do_not_mix(packed: Path) -> None:
    (packed / "parts" / "02" / "manifest.json").write_text('{"archives": []}')
    with pytest.raises(SystemExit, match="different runs"):
        loaded("00_prepare").archives(packed)
    with pytest.raises(SystemExit, match="no part has come"):
        loaded("00_prepare").archives(packed / "elsewhere")
