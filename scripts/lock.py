"""Write constraints.txt anew: one set of versions for Python 3.10 and later (uv resolves it)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = (
    "# One set of versions that work together, for Python 3.10 and later; 'make lock' writes it.\n"
    "# A constraint installs nothing: the CUDA packages matter only where torch asks for them.\n"
)
EXTRAS = ("cpu", "quant", "train", "eval", "serve", "dev")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        command = [python, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--upgrade"]
        command += ["--python-version", "3.10", "--no-annotate", "--no-header", "pyproject.toml"]
        # The environment has its own pip; a constraint would replace it in mid-install.
        command += ["--no-emit-package", "pip"]
        command += [part for extra in EXTRAS for part in ("--extra", extra)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    (ROOT / "constraints.txt").write_text(HEADER + done.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
