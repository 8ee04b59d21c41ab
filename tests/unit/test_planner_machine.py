"""What the planner finds out about a machine: control groups, instructions, NVIDIA's driver."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from llmrec.errors import ConfigError
from llmrec.planner import GraphicsCard, Machine, host, this_machine
from llmrec.planner.machine import parse_capability, read_cards

GIB = 2**30


def test_this_machine_is_read() -> None:
    import psutil

    machine = this_machine()
    assert 1 <= machine.cores <= (psutil.cpu_count() or 1)
    assert 0 < machine.ram_bytes <= psutil.virtual_memory().total
    assert machine.installed("torch")
    assert 0 < host.free_memory() <= machine.ram_bytes


def test_a_plan_is_made_without_torch(tiny_model: Path) -> None:
    program = f"""
import sys
from llmrec.config import EngineSettings
from llmrec.planner import plan_here, suggest, this_machine
plan = plan_here({str(tiny_model)!r}, EngineSettings())
suggest(this_machine())
heavy = {{"torch", "transformers", "vllm", "openvino", "bitsandbytes"}}
print(sorted(heavy & set(sys.modules)), plan.engine, plan.context)
"""
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert out.startswith("[] ") and out.split()[-1] == "1024"


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("0::/shop/web\n", {"shop/web/memory.max": "max", "shop/memory.max": str(4 * GIB)}, 4),
        ("0::/shop\n", {"shop/memory.max": str(8 * GIB), "memory.max": str(2 * GIB)}, 2),
        ("0::/\n", {"memory.max": "max"}, None),
        # Version 1: no limit is a huge number, and the path may be the host's.
        ("4:cpu,memory:/host/path\n", {"memory/memory.limit_in_bytes": str(3 * GIB)}, 3),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, None),
        ("", {}, None),
    ],
)
def test_a_containers_limit_is_heeded(
    tmp_path: Path, lines: str, files: dict[str, str], expected: int | None
) -> None:
    groups, root = tmp_path / "cgroup", tmp_path / "fs"
    groups.write_text(lines, encoding="utf-8")
    for name, value in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(value + "\n", encoding="ascii")
    limit = host.memory_limit(groups, root)
    assert limit == (None if expected is None else expected * GIB)


def test_no_control_groups_is_no_limit(tmp_path: Path) -> None:
    assert host.memory_limit(tmp_path / "nothing", tmp_path) is None


def test_instructions_come_from_cpuinfo(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(
        "processor\t: 0\nflags\t\t: fpu sse2 avx2 avx512f avx512_bf16 amx_int8\n", encoding="ascii"
    )
    found = host.instructions(info)
    assert found == {"avx2", "avx512", "avx512_bf16", "amx_int8"}
    assert Machine.without_card(instructions=found).has_bf16
    assert not Machine.without_card(instructions=frozenset({"avx512"})).has_bf16
    assert host.instructions(tmp_path / "none") == frozenset()


class NVMLError(Exception):
    """As in pynvml."""


class FakeDriver:
    """pynvml's functions over given cards: (name, total, free, (major, minor)).

    A handle is the card's number.
    """

    NVMLError = NVMLError

    def __init__(self, *cards: tuple[str, int, int, tuple[int, int]], broken: bool = False):
        self.cards = cards
        self.broken = broken
        self.open = 0

    def nvmlInit(self) -> None:
        if self.broken:
            raise NVMLError("Driver Not Loaded")
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:
        return int(uuid.rpartition("-")[2])

    def nvmlDeviceGetMigMode(self, handle: int) -> list[int]:
        raise NVMLError("Not Supported")

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        _, total, free, _ = self.cards[handle]
        return SimpleNamespace(total=total, free=free)

    def nvmlDeviceGetName(self, handle: int) -> str:
        return self.cards[handle][0]

    def nvmlDeviceGetCudaComputeCapability(self, handle: int) -> tuple[int, int]:
        return self.cards[handle][3]


class SplitDriver(FakeDriver):
    """Its first card is split; a part has less memory, and does not know its capability.

    Of the places for parts the first is empty.
    """

    PART = 77

    def nvmlDeviceGetMigMode(self, handle: int) -> list[int]:
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: int) -> int:
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: int, index: int) -> int:
        if index != 1:
            raise NVMLError("Not Found")
        return self.PART

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        assert handle == self.PART
        return SimpleNamespace(total=10 * GIB, free=9 * GIB)

    def nvmlDeviceGetName(self, handle: int) -> str:
        return "a part"

    def nvmlDeviceGetCudaComputeCapability(self, handle: int) -> tuple[int, int]:
        if handle == self.PART:
            raise NVMLError("Not Supported")
        return super().nvmlDeviceGetCudaComputeCapability(handle)

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, part: int) -> int:
        assert part == self.PART
        return 0


BIG = ("L40S", 48 * GIB, 40 * GIB, (8, 9))
OLD = ("T4", 15 * GIB, 15 * GIB, (7, 5))


def test_cards_are_read_from_the_driver() -> None:
    driver = FakeDriver(BIG, OLD)
    cards, problem = read_cards(driver, {})
    assert not problem and driver.open == 0
    assert [card.name for card in cards] == ["L40S", "T4"]
    assert cards[0] == GraphicsCard("L40S", 48 * GIB, 40 * GIB, (8, 9))
    assert cards[1].capability == "7.5"


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("1", ["T4"]),
        ("1,0", ["T4", "L40S"]),
        ("GPU-0", ["L40S"]),
        # CUDA stops at the first device that is not there.
        ("0,7,1", ["L40S"]),
        ("", []),
        ("-1", []),
    ],
)
def test_hidden_cards_are_not_seen(visible: str, names: list[str]) -> None:
    cards, problem = read_cards(FakeDriver(BIG, OLD), {"CUDA_VISIBLE_DEVICES": visible})
    assert [card.name for card in cards] == names
    assert bool(problem) == (not names)


def test_of_a_split_card_a_part_is_seen() -> None:
    (part,), problem = read_cards(SplitDriver(BIG), {})
    assert not problem
    assert part == GraphicsCard("a part", 10 * GIB, 9 * GIB, (8, 9))


def test_a_driver_that_fails_is_told() -> None:
    cards, problem = read_cards(FakeDriver(BIG, broken=True), {})
    assert cards == () and "Driver Not Loaded" in problem


def test_the_fake_driver_has_pynvmls_functions() -> None:
    pynvml = pytest.importorskip("pynvml")
    assert issubclass(pynvml.NVMLError, Exception)
    for name in (name for name in dir(SplitDriver) if name.startswith("nvml")):
        scripted = inspect.signature(getattr(SplitDriver, name))
        arguments = list(scripted.parameters)[1:]
        inspect.signature(getattr(pynvml, name)).bind(*arguments)  # TypeError if it takes others


def test_without_the_package_a_card_is_named_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)  # its import fails
    cards, problem = read_cards(environment={})
    assert cards == () and "pip install nvidia-ml-py" in problem


def test_imagined_cards() -> None:
    machine = Machine.with_card(8, "8.9", count=2)
    assert len(machine.cards) == 2 and machine.cards[0].memory_bytes == 8 * GIB
    assert Machine.with_card(8, (12, 0)).cards[0].capability == "12.0"
    with pytest.raises(ConfigError, match="no compute capability"):
        Machine.with_card(8, "ada")


@pytest.mark.parametrize("value", ["²", "8.²", "", "8.", "-1", "eight"])
def test_what_is_no_compute_capability_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="no compute capability"):
        parse_capability(value)
