import errno

import pytest

from llmrec.config import Settings, Workspace, cache_dir, disk_errors
from llmrec.errors import ConfigError, DiskFull, WorkspaceError


def test_a_new_workspace_opens_with_defaults(tmp_path):
    workspace = Workspace.init(tmp_path / "shop")
    assert workspace.settings == Workspace.open(tmp_path / "shop").settings
    assert workspace.settings.retrieval.candidates == 20
    assert workspace.database_url == f"sqlite:///{tmp_path / 'shop' / 'catalog.db'}"
    assert workspace.rejects_dir.is_dir() and not list(workspace.path.glob("*.partial"))


def test_init_twice_opens_and_changes_nothing(tmp_path):
    config = Workspace.init(tmp_path / "shop").path / "llmrec.toml"
    config.write_text(config.read_text() + "\n[retrieval]\ncandidates = 7\n")
    assert Workspace.init(tmp_path / "shop").settings.retrieval.candidates == 7


def test_init_refuses_a_folder_with_other_things(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(WorkspaceError, match="not an empty folder"):
        Workspace.init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_nearest_workspace_above_is_found(tmp_path, monkeypatch):
    Workspace.init(tmp_path / "shop")
    deep = tmp_path / "shop" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert Workspace.open().path == tmp_path / "shop"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError, match="llmrec init DIR"):
        Workspace.open()
    monkeypatch.setenv("LLMREC_WORKSPACE", str(tmp_path / "shop"))
    assert Workspace.open().path == tmp_path / "shop"


def test_a_newer_workspace_is_left_alone(tmp_path):
    config = Workspace.init(tmp_path / "shop").path / "llmrec.toml"
    config.write_text("version = 99\n[a_section_of_the_future]\nx = 1\n")
    with pytest.raises(WorkspaceError, match=r"newer llmrec .*version 99.* pip install -U llmrec"):
        Workspace.open(tmp_path / "shop")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = ", "not valid TOML"),
        ("[retrieval]\ncandidate = 3", r"retrieval\.candidate"),
        ("[retrieval]\ncandidates = 201", r"retrieval\.candidates"),
        ("[ranking]\nllm_weight = 'high'", r"ranking\.llm_weight"),
        ("[models]\nengine = 'abacus'", r"models\.engine"),
        ("version = 1\n[ingest]\nlowest_rating = 5\n", "lowest_rating 5 is not below"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, text, message):
    config = Workspace.init(tmp_path / "shop").path / "llmrec.toml"
    config.write_text(text)
    with pytest.raises(ConfigError, match=message):
        Workspace.open(tmp_path / "shop")


def test_flags_go_over_environment_over_file(tmp_path, monkeypatch):
    config = Workspace.init(tmp_path / "shop").path / "llmrec.toml"
    config.write_text("[retrieval]\ncandidates = 5\nrrf_k = 5\ndepth = 5\n")
    monkeypatch.setenv("LLMREC_RETRIEVAL__CANDIDATES", "6")
    monkeypatch.setenv("LLMREC_RETRIEVAL__RRF_K", "6")
    overrides = {"retrieval": {"candidates": 7}}
    retrieval = Workspace.open(tmp_path / "shop", overrides=overrides).settings.retrieval
    assert (retrieval.candidates, retrieval.rrf_k, retrieval.depth) == (7, 6, 5)


def test_the_systems_refusals_become_our_errors(tmp_path):
    with pytest.raises(DiskFull, match="No space left"), disk_errors(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(WorkspaceError, match="permissions"), disk_errors(tmp_path):
        raise OSError(errno.EACCES, "Permission denied")
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "gone")
    with pytest.raises(RuntimeError, match="other"), disk_errors(tmp_path / "not" / "there"):
        raise RuntimeError("other")
    # Libraries that write by themselves (safetensors) do not raise an OSError.
    with pytest.raises(DiskFull), disk_errors(tmp_path):
        raise RuntimeError("I/O error: No space left on device (os error 28)")


def test_the_cache_folder_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMREC_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        Settings().retrieval.candidates = 3
