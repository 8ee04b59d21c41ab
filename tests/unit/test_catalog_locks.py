"""The workspace's write lock across processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from llmrec.catalog.locks import LOCK_NAME, write_lock
from llmrec.config import Workspace
from llmrec.errors import LockedError

HOLDER = (
    "import sys\n"
    "from llmrec.catalog.locks import write_lock\n"
    "from llmrec.config import Workspace\n"
    "with write_lock(Workspace.open(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.init(tmp_path / "shop")


def holder(workspace: Workspace) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(workspace.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_refused_until_the_first_is_done(workspace: Workspace) -> None:
    with holder(workspace) as process:
        with pytest.raises(LockedError) as caught, write_lock(workspace, timeout=0.05):
            pytest.fail("two writers at once")
        assert str(workspace.path) in caught.value.message
        assert caught.value.hint
        process.communicate()  # end of its input: it leaves
    with write_lock(workspace, timeout=0.05):
        pass


def test_a_killed_holder_leaves_no_lock(workspace: Workspace) -> None:
    with holder(workspace) as process:
        process.kill()
        process.wait()
        assert (workspace.path / LOCK_NAME).exists()
        with write_lock(workspace, timeout=0.05):
            pass


def test_the_same_thread_may_take_it_again(workspace: Workspace) -> None:
    with write_lock(workspace, timeout=0), write_lock(workspace, timeout=0):
        pass
    with holder(workspace) as process:  # and it is free afterwards
        process.communicate()


def test_an_exception_frees_it(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), write_lock(workspace):
        1 / 0  # noqa: B018
    with holder(workspace) as process:
        process.communicate()
