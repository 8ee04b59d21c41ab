"""Several processes at one store, killed ones among them; and a disk that is full."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifact_cards import fills, make_card, publish

from llmrec.artifacts import Artifacts
from llmrec.errors import DiskFull

HERE = Path(__file__).parent
PUBLISH = """
import sys
from pathlib import Path
from artifact_cards import fills, make_card
from llmrec.artifacts import Artifacts

store = Artifacts(sys.argv[1])
for _ in range(int(sys.argv[2])):
    made = store.publish("fusion", fills(sys.argv[3]), make_card(notes=(sys.argv[3],)))
    store.promote("fusion", made.version)
"""
HANG = """
import sys, time
from artifact_cards import fills, make_card
from llmrec.artifacts import Artifacts

def fill(folder):
    fills()(folder)
    print("filled", flush=True)
    time.sleep(600)

Artifacts(sys.argv[1]).publish("fusion", fill, make_card())
"""


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "models")


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", program, *map(str, arguments)]
    # The folder of this file, and what the tests of this process import from.
    path = ":".join([str(HERE), *filter(None, sys.path)])
    return subprocess.Popen(
        words, env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"}, stdout=-1, stderr=-1, text=True
    )


def names(store: Artifacts) -> set[str]:
    return {path.name for path in (store.root / "fusion").iterdir()}


def test_publishers_at_the_same_time_get_a_number_each(store: Artifacts) -> None:
    running = [start(PUBLISH, store.root, 5, name) for name in "abc"]
    for one in running:
        said = one.communicate()
        assert one.returncode == 0, said
    versions = store.versions("fusion")
    assert [version.version for version in versions] == [f"{number:04}" for number in range(1, 16)]
    for version in versions:
        assert (version.folder / "deep" / "weights").read_text() == version.card.notes[0]
    assert names(store) == {*store.numbers("fusion"), "write.lock", "current.json"}
    served = [store.current("fusion")] + [store.rollback("fusion") for _ in range(14)]
    assert {one.version for one in served if one} == set(store.numbers("fusion"))
    assert store.rollback("fusion") is None


def test_a_publisher_that_is_killed_leaves_nothing_half(store: Artifacts) -> None:
    kept = publish(store)
    killed, alive = start(HANG, store.root), start(HANG, store.root)
    try:
        for one in (killed, alive):
            assert one.stdout and one.stdout.readline() == "filled\n", one.communicate()
        killed.kill()
        killed.wait()
        assert store.versions("fusion") == (kept,)
        before = {name for name in names(store) if name.startswith(".building-")}
        assert len(before) == 4  # two folders, each with its lock
        assert publish(store).version == "0002"
        left = {name for name in names(store) if name.startswith(".building-")}
        assert len(left) == 2 and left < before  # those of the one that is alive
    finally:
        for one in (killed, alive):
            one.kill()
            one.communicate()
    publish(store)
    assert names(store) == {"0001", "0002", "0003", "write.lock"}


@pytest.mark.parametrize("at", range(6))
def test_a_process_killed_at_any_rename_leaves_the_old_or_the_new(
    store: Artifacts, at: int
) -> None:
    program = f"""
import os, signal, sys
count = 0
def counted(name, real):
    def call(*arguments, **named):
        global count
        if count == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        return real(*arguments, **named)
    setattr(os, name, call)
from artifact_cards import publish
from llmrec.artifacts import Artifacts
store = Artifacts(sys.argv[1])
for name in ("replace", "rmdir"):
    counted(name, getattr(os, name))
publish(store)
store.promote("fusion", "0002")
store.remove("fusion", "0001")
publish(store)
"""
    publish(store)
    store.promote("fusion", "0001")
    process = start(program, store.root)
    said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said
    serves = store.current("fusion")
    assert serves is not None and serves.version in ("0001", "0002")
    for version in store.versions("fusion"):
        assert (version.folder / "deep" / "weights").read_text() == "learned"
    newest = int(store.numbers("fusion")[-1])
    assert int(publish(store).version) == newest + 1
    hidden = {name for name in names(store) if name.startswith(".")}
    assert not hidden, hidden


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def writes_bytes(path: Path) -> None:
    path.write_bytes(bytes(2_000_000))


def writes_numpy(path: Path) -> None:
    np.save(path, np.zeros(300_000))


def writes_safetensors(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"weights": np.zeros(300_000)}, path)


def writes_torch(path: Path) -> None:
    import torch

    torch.save(torch.zeros(600_000), path)


@pytest.mark.parametrize("write", [writes_bytes, writes_numpy, writes_safetensors, writes_torch])
def test_a_full_disk_leaves_nothing_of_the_version(
    small_disk: Path, write: Callable[[Path], Any]
) -> None:
    store = Artifacts(small_disk / "models")
    kept = publish(store)
    with pytest.raises(DiskFull, match="No space left"):
        store.publish("fusion", lambda folder: write(folder / "weights"), make_card())
    assert store.versions("fusion") == (kept,)
    assert names(store) == {"0001", "write.lock"}
    assert publish(store).version == "0002"


def test_a_disk_that_is_full_keeps_what_serves_and_lets_versions_go(small_disk: Path) -> None:
    store = Artifacts(small_disk / "models")
    for _ in range(3):
        publish(store)
    store.promote("fusion", "0001")
    with pytest.raises(OSError, match="No space left"), open(small_disk / "filler", "wb") as filler:
        while True:
            filler.write(bytes(4096))
            filler.flush()
    with pytest.raises(DiskFull):
        store.promote("fusion", "0002")
    with pytest.raises(DiskFull):
        store.publish("fusion", fills(), make_card())
    assert store.serving("fusion") == "0001"
    store.remove("fusion", "0003")  # which makes room
    assert store.promote("fusion", "0002") == store.current("fusion")
