"""Ingest as the processes that users run: killed, doubled, out of disk, fed with bombs."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmrec.catalog.locks import write_lock
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
LLMREC = (sys.executable, "-m", "llmrec.cli")
MEGABYTE = 2**20


def llmrec(*words, **options):
    command = [*LLMREC, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def counts(shop):
    with CatalogStore.open(shop.database_url) as store:
        return store.count_items(), store.count_events()


def write_items(path, rows):
    with path.open("w") as file:
        file.write("id,title,description\n")
        file.writelines(
            f"i{i},Product {i},{i * 7919 % 10007} {'words ' * 30}\n" for i in range(rows)
        )


def test_killed_at_random_moments_and_run_again():
    script = ROOT / "scripts" / "bench" / "kill_ingest.py"
    command = [sys.executable, str(script), "--kills", "3", "--rows", "20000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed 3 times" in done.stdout


def test_the_benchmark_of_events_runs():
    script = ROOT / "scripts" / "bench" / "ingest_events.py"
    command = [sys.executable, str(script), "--rows", "5000", "--format", "parquet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"added": 5000' in done.stdout


def test_two_at_once(tmp_path):
    shop = Workspace.init(tmp_path / "shop")
    write_items(tmp_path / "items.csv", 10)
    with write_lock(shop):
        second = llmrec("ingest", "items", tmp_path / "items.csv", "-w", shop.path)
    assert second.returncode == 1
    assert "Another llmrec command is writing" in second.stderr
    assert "What to do" in second.stderr
    assert counts(shop) == (0, 0)
    assert llmrec("ingest", "items", tmp_path / "items.csv", "-w", shop.path).returncode == 0
    assert counts(shop) == (10, 0)


def test_an_error_is_a_sentence_and_a_hint_not_a_traceback(tmp_path):
    shop = Workspace.init(tmp_path / "shop")
    (tmp_path / "items.csv").write_text("id,title\n")
    done = llmrec("ingest", "items", tmp_path / "items.csv", "-w", shop.path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "no rows below the header" in done.stderr


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads its memory from /proc")
@pytest.mark.parametrize("filler", [b"\0", b"i1,Cup,words\n"])
def test_a_gzip_of_ten_gigabytes_is_given_up_in_little_memory(tmp_path, filler):
    """Ten GiB in a file of ten MiB: one packed member of 256 MiB, forty times over."""
    shop = Workspace.init(tmp_path / "shop")
    bomb = tmp_path / "items.csv.gz"
    block = gzip.compress(filler * (256 * MEGABYTE // len(filler)), compresslevel=1)
    bomb.write_bytes(gzip.compress(b"id,title,description\n") + block * 40)
    code = (
        "import re, sys\n"
        "from llmrec.cli.main import main\n"
        "sys.argv = ['llmrec', 'ingest', 'items', sys.argv[1], '-w', sys.argv[2]]\n"
        "try: main()\n"
        "finally: print(re.search('VmHWM:\\\\s+(\\\\d+)', open('/proc/self/status').read())[1])\n"
    )
    command = [sys.executable, "-c", code, str(bomb), str(shop.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "unpacks to more than" in done.stderr
    assert int(done.stdout.split()[-1]) < 300 * 1024
    assert counts(shop) == (0, 0)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MiB, which only root can mount."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_writes_nothing(tmp_path, small_disk):
    shop = Workspace.init(small_disk / "shop")
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    write_items(small, 100)
    write_items(large, 40_000)
    assert llmrec("ingest", "items", small, "-w", shop.path).returncode == 0
    done = llmrec("ingest", "items", large, "-w", shop.path)
    assert done.returncode == 1
    assert "No space left" in done.stderr or "no space left" in done.stderr
    assert "What to do" in done.stderr
    assert counts(shop) == (100, 0)
    assert list(shop.rejects_dir.iterdir()) == []


def test_a_disk_filled_by_rejects_writes_nothing(tmp_path, small_disk):
    shop = Workspace.init(small_disk / "shop")
    bad = tmp_path / "bad.csv"
    with bad.open("w") as file:
        file.write("id,title,price\n0,Cup,1\n")
        file.writelines(f"{i},Cup,{'free ' * 30}\n" for i in range(1, 30_000))
    done = llmrec("ingest", "items", bad, "-w", shop.path)
    assert done.returncode == 1
    assert "o space left" in done.stderr
    assert counts(shop) == (0, 0)
    assert list(shop.rejects_dir.iterdir()) == []


def test_a_data_set_of_the_hub_read_from_a_folder(tmp_path):
    """The real ``datasets`` library, with a folder in the place of the hub."""
    from llmrec.ingest import ingest_items

    shop = Workspace.init(tmp_path / "shop")
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.jsonl").write_text('{"id": "1", "title": "Cup"}\n{"id": "2", "title": "Pot"}\n')
    report = ingest_items(shop, [f"hf:{data}"]).files[0]
    assert (report.format, report.rows, report.added) == ("Hugging Face data set", 2, 2)


def test_a_hub_out_of_reach_is_one_sentence(tmp_path):
    shop = Workspace.init(tmp_path / "shop")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    done = llmrec("ingest", "items", "hf:nobody/nothing", "-w", shop.path, env=environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "The data set 'hf:nobody/nothing' cannot be loaded" in done.stderr
    assert counts(shop) == (0, 0)
