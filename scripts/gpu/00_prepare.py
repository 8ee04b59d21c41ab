"""Join the parts that have come, install the wheels, convert the weights, and say what works.

    python3 scripts/gpu/00_prepare.py

Run it after each part or once after the last: it does what is possible and says what is still
missing. What is done is not done again. Nothing is fetched: pip runs with ``--no-index``. It needs
only the standard library until the core wheels are in place.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[2]
MANIFEST = "manifest.json"
MODULES = {
    "core": ("pydantic_settings", "platformdirs", "gguf", "llguidance", "llmrec.config"),
    "train": ("peft", "llmrec.finetune"),
    "quant": ("bitsandbytes",),
    "vllm": ("vllm", "vllm.entrypoints.openai.api_server"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / ".gpu")
    parser.add_argument("--out", type=Path, default=os.environ.get("OUT"), help="default: $OUT")
    parser.add_argument("--smoke", action="store_true", help="only check what is installed here")
    options = parser.parse_args()
    done: dict[str, Any] = {}
    if not options.smoke:
        done = {
            archive["name"]: bring(archive, options.folder) for archive in archives(options.folder)
        }
        for name, state in done.items():
            print(f"{name}: {state}", flush=True)
    site = options.folder / "site"
    imports = {group: check(modules, site) for group, modules in MODULES.items()}
    for group, problems in imports.items():
        print(f"import {group}: {problems or 'fine'}", flush=True)
    if options.out:
        report(options, done, imports, site)


def archives(folder: Path) -> list[dict[str, Any]]:
    """What the manifests of the parts that are here speak of."""
    manifests = sorted((folder / "parts").glob(f"*/{MANIFEST}"))
    if not manifests:
        raise SystemExit(f"no part has come yet: {folder / 'parts'} holds no {MANIFEST}")
    texts = {path.read_text(encoding="utf-8") for path in manifests}
    if len(texts) > 1:
        raise SystemExit("the parts come from different runs of pack.py; bring them all again")
    listed: list[dict[str, Any]] = json.loads(texts.pop())["archives"]
    return listed


def bring(archive: dict[str, Any], folder: Path) -> str:
    """Join and unpack one archive, once; returns what became of it."""
    stamp = folder / "done" / f"{archive['name']}.{archive['sha256'][:16]}"
    if stamp.exists():
        return "was done before"
    pieces = [
        (folder / "parts" / piece["part"] / piece["file"], piece) for piece in archive["pieces"]
    ]
    missing = sorted({piece["part"] for path, piece in pieces if not path.is_file()})
    if missing:
        return f"waits for part {', '.join(missing)}"
    started = perf_counter()
    folder.joinpath("done").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        joined = join(pieces, Path(scratch), archive)
        step = {"wheels": install, "gguf": convert, "file": copy}[archive["kind"]]
        try:
            step(joined, archive["name"], folder)
        except subprocess.CalledProcessError as error:
            # The pieces stay, so that it can be tried again; the others go on.
            return f"failed: its program ended with status {error.returncode}"
    stamp.touch()
    for path, _ in pieces:
        path.unlink()
    return f"done in {perf_counter() - started:.0f} s"


def join(pieces: list[tuple[Path, dict[str, Any]]], folder: Path, archive: dict[str, Any]) -> Path:
    """Put the pieces together; their hashes are checked."""
    # The GGUF reader goes by the ending.
    joined = folder / ("model.gguf" if archive["kind"] == "gguf" else archive["name"])
    whole = hashlib.sha256()
    with joined.open("wb") as out:
        for path, piece in pieces:
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != piece["sha256"]:
                raise SystemExit(f"{path} is damaged: bring part {piece['part']} again")
            out.write(data)
            whole.update(data)
    if whole.hexdigest() != archive["sha256"]:
        raise SystemExit(f"{archive['name']} does not join to what was packed")
    return joined


def install(archive: Path, name: str, folder: Path) -> None:
    """Install the wheels of a tar.xz into ``folder``/site."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, filter="data")
        wheels = sorted(Path(scratch).glob("*.whl"))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
        command += ["--no-compile", "--no-cache-dir", "--disable-pip-version-check", "--upgrade"]
        command += ["--root-user-action=ignore", "--target", str(folder / "site")]
        subprocess.run([*command, *map(str, wheels)], check=True)


def convert(gguf: Path, name: str, folder: Path) -> None:
    """Make weights called ``name`` in ``folder``/cache, where llmrec finds them."""
    program = (
        "import sys; from pathlib import Path\n"
        "from llmrec.weights import manifest\n"
        "from llmrec.weights.convert import convert_gguf\n"
        "gguf, target, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]\n"
        "target.mkdir(parents=True)\n"
        "convert_gguf(gguf, target)\n"
        "manifest.write(target, name=name, source='carried')\n"
    )
    partial = folder / "cache" / "weights" / f".{name}.partial"
    subprocess.run(["rm", "-rf", partial], check=True)
    command = [sys.executable, "-c", program, str(gguf), str(partial), name]
    subprocess.run(command, check=True, env=environment(folder / "site"), cwd=ROOT)
    final = partial.with_name(name)
    subprocess.run(["rm", "-rf", final], check=True)
    partial.replace(final)


def copy(file: Path, name: str, folder: Path) -> None:
    """Keep a file as ``folder``/data/``name``."""
    (folder / "data").mkdir(exist_ok=True)
    file.replace(folder / "data" / name)


def check(modules: tuple[str, ...], site: Path) -> str:
    """What fails when ``modules`` are imported in a new process; empty if nothing does."""
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-c", program, *modules],
        capture_output=True,
        text=True,
        env=environment(site),
        cwd=ROOT,
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def environment(site: Path) -> dict[str, str]:
    """The variables of scripts/gpu/env.sh."""
    paths = [str(ROOT), str(site), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "HF_HUB_OFFLINE": "1",
    }


def report(
    options: argparse.Namespace, done: dict[str, Any], imports: dict[str, str], site: Path
) -> None:
    """Write the report, where the archives brought what it needs."""
    sys.path[1:1] = [str(ROOT), str(site)]
    if importlib.util.find_spec("psutil") is None:
        return
    from report import Report

    written = Report(__file__, options)
    written.add("archives", done)
    written.add("imports", {group: problem or "fine" for group, problem in imports.items()})
    written.finish()


if __name__ == "__main__":
    main()
