"""Plans for imagined machines: they fit, they keep what is fixed, and say why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.config import EngineSettings
from llmrec.errors import ConfigError, EngineUnavailable, LLMRecError, MissingExtra, OutOfMemory
from llmrec.planner import Machine, Plan, choose, suggest
from llmrec.planner.memory import estimate
from llmrec.planner.shapes import KNOWN_MODELS, shape_from_config

AUTO = EngineSettings()
SHAPES = {name: known.shape for name, known in KNOWN_MODELS.items()}
SMALL, MIDDLE, LARGE = (
    SHAPES[name] for name in ("smollm2-135m-instruct", "Qwen/Qwen3-8B", "Qwen/Qwen3-32B")
)
LADDER = {"fp32": 0, "bf16": 1, "fp16": 1, "fp8": 2, "int8": 3, "nf4": 4}


def card(gb: float, capability: str, **changes: object) -> Machine:
    return replace(Machine.with_card(gb, capability), **changes)  # type: ignore[arg-type]


def without(package: str, machine: Machine) -> Machine:
    left = {name: one for name, one in machine.packages.items() if name != package}
    return replace(machine, packages=left)


@pytest.mark.parametrize(
    ("machine", "model", "engine", "precision"),
    [
        (card(6, "7.5"), "smollm2-135m-instruct", "vllm", "fp16"),
        (card(8, "8.9"), "smollm2-135m-instruct", "vllm", "bf16"),
        (card(24, "8.9"), "Qwen/Qwen3-8B", "vllm", "bf16"),
        (card(24, "8.9"), "Qwen/Qwen3-14B", "vllm", "fp8"),
        # No fp8 below 8.9, so a quantization that only transformers makes.
        (card(24, "8.6"), "Qwen/Qwen3-14B", "transformers", "int8"),
        (card(16, "8.6"), "Qwen/Qwen3-14B", "transformers", "nf4"),
        (card(80, "9.0"), "Qwen/Qwen3-32B", "vllm", "bf16"),
        # float16 overflows in Gemma 3, and the card has no bf16.
        (card(16, "7.5"), "google/gemma-3-1b-it", "vllm", "fp32"),
        (card(16, "7.0"), "smollm2-135m-instruct", "transformers", "fp16"),
        (card(16, "6.1"), "smollm2-135m-instruct", "openvino", "fp32"),
        (Machine.without_card(), "smollm2-135m-instruct", "openvino", "fp32"),
    ],
)
def test_what_is_chosen(machine: Machine, model: str, engine: str, precision: str) -> None:
    plan = choose(machine, SHAPES[model], AUTO)
    assert (plan.engine, plan.precision) == (engine, precision), plan.reasons


def test_nothing_is_chosen_that_is_not_installed() -> None:
    machine = without("vllm", card(24, "8.9"))
    plan = choose(machine, MIDDLE, AUTO)
    assert (plan.engine, plan.precision) == ("transformers", "bf16")
    assert "vLLM is not installed" in plan.reasons[0]
    bare = Machine.without_card(packages={"torch": "2"})
    assert choose(bare, SMALL, AUTO).engine == "transformers"
    # A vLLM that was built for CPUs does nothing on a card.
    machine = replace(card(24, "8.9"), packages={"vllm": "0.32.0+cpu"})
    assert choose(machine, SMALL, AUTO).engine == "transformers"


@given(
    gb=st.floats(4, 200),
    capability=st.sampled_from(["7.0", "7.5", "8.0", "8.6", "8.9", "9.0", "12.0"]),
    name=st.sampled_from(sorted(SHAPES)),
    share=st.floats(0.3, 1.0),
    count=st.sampled_from([1, 2, 4]),
    context=st.sampled_from([None, 512, 4096]),
    batch=st.sampled_from([None, 1, 7, 300]),
)
def test_every_plan_fits_and_keeps_what_is_fixed(
    gb: float,
    capability: str,
    name: str,
    share: float,
    count: int,
    context: int | None,
    batch: int | None,
) -> None:
    machine = Machine.with_card(gb, capability, count=count)
    settings = EngineSettings(memory_share=share, context=context, batch=batch)
    try:
        plan = choose(machine, SHAPES[name], settings)
    except OutOfMemory as error:
        assert name in error.message and error.hint
        return
    assert plan.memory.total <= share * gb * 2**30
    assert context in (None, plan.context) and batch in (None, plan.batch)
    assert plan.context <= SHAPES[name].context and plan.kv_tokens >= plan.context
    cards = plan.tensor_parallel
    assert cards <= count and SHAPES[name].heads % cards == 0
    # The estimate is that of the plan's own numbers, not of something smaller.
    again = estimate(
        SHAPES[name],
        plan.precision,
        context=plan.context,
        batch=plan.batch,
        engine=plan.engine,
        kv_tokens=plan.kv_tokens,
        adapters=settings.max_adapters,
        adapter_rank=settings.max_adapter_rank,
        cards=cards,
    )
    assert plan.memory == again
    filled = plan.settings(settings)
    assert filled.precision == plan.precision and filled.context == plan.context
    assert filled.memory_share <= share
    assert len(plan.reasons) >= 4 and all(reason.endswith(".") for reason in plan.reasons)


@given(
    capability=st.sampled_from(["7.5", "8.6", "8.9"]),
    name=st.sampled_from(sorted(SHAPES)),
    sizes=st.lists(st.floats(1, 200), min_size=2, max_size=6),
)
def test_a_larger_card_never_gets_a_worse_precision(
    capability: str, name: str, sizes: list[float]
) -> None:
    rungs = []
    for gb in sorted(sizes):
        try:
            plan = choose(Machine.with_card(gb, capability), SHAPES[name], AUTO)
            rungs.append(LADDER[plan.precision])
        except OutOfMemory:
            rungs.append(99)
    assert rungs == sorted(rungs, reverse=True)


@given(name=st.sampled_from(sorted(SHAPES)), sizes=st.lists(st.floats(1, 300), min_size=2))
def test_more_main_memory_never_gets_a_worse_precision(name: str, sizes: list[float]) -> None:
    rungs = []
    for gb in sorted(sizes):
        try:
            plan = choose(Machine.without_card(ram_gb=gb), SHAPES[name], AUTO)
            assert plan.memory.total <= 0.8 * gb * 2**30
            rungs.append(LADDER[plan.precision])
        except OutOfMemory:
            rungs.append(99)
    assert rungs == sorted(rungs, reverse=True)


def test_several_equal_cards_are_taken_together_only_where_one_is_too_small() -> None:
    two = Machine.with_card(24, "8.9", count=2)
    assert choose(two, SMALL, AUTO).tensor_parallel == 1
    plan = choose(two, SHAPES["Qwen/Qwen3-14B"], AUTO)
    assert (plan.precision, plan.tensor_parallel) == ("bf16", 2)
    assert plan.settings(AUTO).tensor_parallel == 2
    # Nine heads cannot be shared out, and a card that is named is the only one.
    one = choose(two, SHAPES["Qwen/Qwen3-14B"], EngineSettings(device="cuda:1"))
    assert (one.precision, one.tensor_parallel) == ("fp8", 1)
    with pytest.raises(ConfigError, match="9 attention heads"):
        choose(two, SMALL, EngineSettings(tensor_parallel=2))


@pytest.mark.parametrize(
    ("settings", "engine", "expected"),
    [
        ({"precision": "nf4"}, "auto", ("transformers", "nf4")),
        ({"precision": "fp8"}, "auto", ("vllm", "fp8")),
        ({"precision": "fp32"}, "auto", ("vllm", "fp32")),
        ({"precision": "fp16"}, "transformers", ("transformers", "fp16")),
        ({}, "transformers", ("transformers", "bf16")),
        ({"device": "cpu"}, "auto", ("openvino", "fp32")),
        ({"device": "cpu", "precision": "bf16"}, "transformers", ("transformers", "bf16")),
    ],
)
def test_settings_go_over_the_choice(
    settings: dict[str, str], engine: str, expected: tuple[str, str]
) -> None:
    machine = Machine.with_card(24, "8.9")
    plan = choose(machine, SMALL, EngineSettings.model_validate(settings), engine)
    assert (plan.engine, plan.precision) == expected
    if "precision" in settings:
        assert "engine.precision says so" in plan.reasons[1]


def test_context_and_batch_that_are_fixed_are_kept() -> None:
    plan = choose(Machine.with_card(24, "8.9"), MIDDLE, EngineSettings(context=4096, batch=3))
    assert (plan.context, plan.batch) == (4096, 3)
    assert plan.settings(AUTO).batch == 3


@pytest.mark.parametrize(
    ("machine", "settings", "engine", "error", "said"),
    [
        (card(24, "8.6"), {"precision": "fp8"}, "auto", ConfigError, "cannot run in fp8"),
        (card(24, "7.5"), {"precision": "bf16"}, "auto", ConfigError, "cannot run in bf16"),
        (card(24, "8.9"), {"precision": "awq"}, "auto", ConfigError, "not stored so"),
        (card(24, "8.9"), {"precision": "int8"}, "vllm", ConfigError, "cannot run in int8"),
        (card(24, "8.9"), {"context": 9000}, "auto", ConfigError, "8192 tokens at most"),
        (card(24, "8.9"), {"device": "gpu"}, "auto", ConfigError, "engine.device is 'gpu'"),
        (card(24, "8.9"), {"device": "cuda:3"}, "auto", EngineUnavailable, "1 card"),
        (card(24, "8.9"), {"tensor_parallel": 3}, "auto", ConfigError, "1 are here"),
        (card(24, "8.9"), {"tensor_parallel": 3}, "transformers", ConfigError, "splits no layers"),
        (card(24, "7.0"), {}, "vllm", ConfigError, "compute capability 7.0"),
        (card(24, "8.9"), {}, "openvino", ConfigError, "does not run on"),
        (Machine.without_card(), {"precision": "fp16"}, "auto", ConfigError, "fp16 on the CPU"),
        (Machine.without_card(), {"device": "cuda"}, "auto", EngineUnavailable, "0 card"),
        (Machine.without_card(packages={}), {}, "vllm", MissingExtra, "'vllm' is not installed"),
        (Machine.without_card(packages={}), {}, "openvino", MissingExtra, "openvino"),
        (
            Machine.without_card(packages={}),
            {"precision": "int8"},
            "transformers",
            MissingExtra,
            "bitsandbytes",
        ),
        (Machine.without_card(), {}, "scripted", ConfigError, "nothing to plan"),
    ],
)
def test_what_cannot_be_had_is_refused(
    machine: Machine, settings: dict[str, object], engine: str, error: type[LLMRecError], said: str
) -> None:
    with pytest.raises(error) as caught:
        choose(machine, SMALL, EngineSettings.model_validate(settings), engine)
    assert said in str(caught.value)
    assert caught.value.hint


def test_a_model_that_does_not_fit_names_the_sizes_and_what_does() -> None:
    with pytest.raises(OutOfMemory) as caught:
        choose(Machine.with_card(8, "8.9"), LARGE, AUTO)
    assert "'Qwen/Qwen3-32B' needs 2" in caught.value.message and "GB" in caught.value.message
    assert "A model that fits is" in caught.value.hint
    with pytest.raises(OutOfMemory) as caught:
        choose(Machine.with_card(16, "8.9"), MIDDLE, EngineSettings(precision="bf16"))
    assert "Set engine.precision to fp8" in caught.value.hint
    with pytest.raises(OutOfMemory) as caught:
        choose(
            Machine.with_card(24, "8.9"), MIDDLE, EngineSettings(context=40960, precision="bf16")
        )
    assert "Set engine.context to 8192" in caught.value.hint
    with pytest.raises(OutOfMemory) as caught:
        choose(without("bitsandbytes", card(16, "8.6")), SHAPES["Qwen/Qwen3-14B"], AUTO)
    assert "llmrec[quant]" in caught.value.hint


def test_the_precision_does_not_depend_on_what_other_programs_hold() -> None:
    idle = Machine.with_card(24, "8.9")
    (one,) = idle.cards
    shared = replace(idle, cards=(replace(one, free_bytes=one.memory_bytes * 4 // 5),))
    plan = choose(shared, MIDDLE, AUTO)
    assert plan.precision == choose(idle, MIDDLE, AUTO).precision == "bf16"
    assert plan.memory.total <= one.memory_bytes * 4 // 5
    assert any("Other programs" in reason for reason in plan.reasons)
    full = replace(idle, cards=(replace(one, free_bytes=2**30),))
    with pytest.raises(OutOfMemory, match=r"1\.1 GB of a card of 24 GB are free"):
        choose(full, MIDDLE, AUTO)


def test_vllm_is_given_no_more_of_a_card_than_it_can_use() -> None:
    plan = choose(Machine.with_card(141, "9.0"), SMALL, AUTO)
    assert plan.engine == "vllm" and plan.kv_tokens == plan.batch * plan.context
    assert plan.settings(AUTO).memory_share < 0.5
    tight = choose(Machine.with_card(24, "8.9"), MIDDLE, AUTO)
    assert tight.settings(AUTO).memory_share == AUTO.memory_share


def test_stored_quantization_decides() -> None:
    config = {
        "model_type": "qwen3",
        "hidden_size": 4096,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 12288,
        "vocab_size": 151936,
        "max_position_embeddings": 40960,
        "quantization_config": {"quant_method": "awq"},
    }
    shape = replace(shape_from_config(config, "someone/qwen3-8b-awq"), disk_bytes=6_100_000_000)
    machine = Machine.with_card(16, "8.6")
    plan = choose(machine, shape, AUTO)
    assert (plan.engine, plan.precision, plan.memory.weights) == ("vllm", "awq", 6_100_000_000)
    with pytest.raises(ConfigError, match="stored as awq"):
        choose(machine, shape, EngineSettings(precision="bf16"))
    with pytest.raises(ConfigError, match="cannot run in awq"):
        choose(without("vllm", machine), shape, AUTO)


def test_suggestions_fit_and_grow_with_the_card() -> None:
    sizes = (6, 8, 12, 16, 24, 48, 80, 141)
    largest = []
    for gb in sizes:
        found = suggest(Machine.with_card(gb, "8.9"))
        assert all(one.plan.memory.total <= 0.9 * gb * 2**30 for one in found)
        assert len({one.known.family for one in found}) == len(found) > 0
        qwen = next(one for one in found if one.known.family == "Qwen3")
        assert qwen.plan.precision in ("bf16", "fp8")
        largest.append(qwen.known.shape.parameters)
    assert largest == sorted(largest) and largest[-1] > 30e9
    on_cpu = suggest(Machine.without_card())
    assert on_cpu and all(one.known.shape.parameters < 1e9 for one in on_cpu)


def test_a_plan_is_frozen() -> None:
    plan = choose(Machine.without_card(), SMALL, AUTO)
    assert isinstance(plan, Plan)
    with pytest.raises(AttributeError):
        plan.precision = "nf4"  # type: ignore[misc]


def test_an_engine_is_loaded_as_planned(tiny_model: Path) -> None:
    from llmrec.engines import load_engine
    from llmrec.planner import plan_here

    settings = EngineSettings(context=512, batch=2)
    plan = plan_here(str(tiny_model), settings)
    engine = load_engine("auto", str(tiny_model), settings)
    try:
        assert (engine.name, engine.context_window) == (plan.engine, 512)
        assert len(engine.generate(["The shopper"], max_tokens=2)) == 1
    finally:
        engine.close()
