"""Which wheels another machine lacks: requirements walked down, what is there already left out.

pip's own resolver would fetch torch and all of CUDA again, so each missing package is downloaded
alone (``--no-deps``) and its metadata say what it needs in turn.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

__all__ = ["Target", "Wheels", "collect", "present_packages", "store_uncompressed"]

# pip matches each glibc level exactly.
_GLIBC = (5, 12, 17, 24, 26, 27, 28, 31, 34, 35)


@dataclass(frozen=True)
class Target:
    """The machine that the wheels are for."""

    python: str = "3.12"
    platforms: tuple[str, ...] = (
        *(f"manylinux_2_{level}_x86_64" for level in _GLIBC),
        "manylinux1_x86_64",
        "manylinux2014_x86_64",
    )

    def tags(self) -> frozenset[Tag]:
        """What a wheel's name may end with."""
        major, minor = map(int, self.python.split("."))
        tags = cpython_tags((major, minor), platforms=self.platforms)
        every = compatible_tags((major, minor), f"cp{major}{minor}", self.platforms)
        return frozenset((*tags, *every))

    def environment(self) -> dict[str, str]:
        """What markers of requirements are evaluated with."""
        values = {name: str(value) for name, value in default_environment().items()}
        return values | {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "platform_machine": "x86_64",
            "platform_system": "Linux",
            "sys_platform": "linux",
        }


@dataclass
class Wheels:
    """What :func:`collect` found. ``doubts`` are packages that are there in an unfit version."""

    files: dict[str, Path] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(path.stat().st_size for path in self.files.values())


def present_packages(listing: str) -> dict[str, str | None]:
    r"""Packages by canonical name from lines ``name`` or ``name==version``; ``#`` is a comment.

    >>> present_packages("Torch==2.11.0\n# no\npeft\n")
    {'torch': '2.11.0', 'peft': None}
    """
    versions: dict[str, str | None] = {}
    for line in listing.splitlines():
        name, _, version = line.partition("#")[0].strip().partition("==")
        if name:
            versions[canonicalize_name(name)] = version or None
    return versions


def collect(
    wanted: Iterable[str],
    folder: Path,
    *,
    present: Mapping[str, str | None],
    leave_out: Collection[str] = (),
    target: Target | None = None,
) -> Wheels:
    """Download ``wanted`` and all that they need and ``present`` does not have.

    Args:
        wanted: requirements, e.g. ``vllm==0.26.0``.
        folder: where the wheels go; one that is there and fits is used again.
        present: packages of the target machine, with versions where they are known.
        leave_out: packages that are not fetched although something asks for them.
        target: the machine.

    Raises:
        SystemExit: pip finds no wheel.
    """
    target = target or Target()
    environment, tags, wheels = target.environment(), target.tags(), Wheels()
    specifiers: dict[str, SpecifierSet] = {}
    queue = [Requirement(requirement) for requirement in wanted]
    while queue:
        need = queue.pop(0)
        name = canonicalize_name(need.name)
        if name in leave_out:
            wheels.left_out.append(name)
        elif name in present:
            version = present[name]
            if version and not need.specifier.contains(version, prereleases=True):
                wheels.doubts.append(f"{need} (there: {version})")
        else:
            specifiers[name] = specifiers.get(name, SpecifierSet()) & need.specifier
            wheel = _fitting(folder, name, specifiers[name], tags)
            if wheel is None:
                _download(f"{name}{specifiers[name]}", folder, target)
                wheel = _fitting(folder, name, specifiers[name], tags)
            if wheel is None:
                raise SystemExit(f"pip saved no wheel of {name}{specifiers[name]}")
            if wheels.files.get(name) != wheel or need.extras:
                wheels.files[name] = wheel
                queue += _needs(wheel, need.extras, environment)
    wheels.left_out = sorted(set(wheels.left_out))
    return wheels


def store_uncompressed(wheel: Path, out: Path, *, drop: Collection[str] = ()) -> None:
    """Copy a wheel without compression, so that xz packs it better; ``drop`` names are left out."""
    with ZipFile(wheel) as source, ZipFile(out, "w") as copy:
        for member in source.infolist():
            if not any(member.filename.endswith(name) for name in drop):
                data = source.read(member)
                member.compress_type = ZIP_STORED
                copy.writestr(member, data)


def _fitting(
    folder: Path, name: str, specifier: SpecifierSet, tags: Collection[Tag]
) -> Path | None:
    """The newest wheel of ``name`` in ``folder`` that ``specifier`` and one of ``tags`` allow."""
    known = [(parse_wheel_filename(path.name), path) for path in folder.glob("*.whl")]
    fit = [
        (parts[1], path)
        for parts, path in known
        if parts[0] == name
        and specifier.contains(parts[1], prereleases=True)
        and not parts[3].isdisjoint(tags)
    ]
    return max(fit)[1] if fit else None


def _download(requirement: str, folder: Path, target: Target) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    command += ["--only-binary=:all:", "--python-version", target.python]
    command += ["--implementation", "cp", "--disable-pip-version-check"]
    for platform in target.platforms:
        command += ["--platform", platform]
    done = subprocess.run([*map(str, command), requirement], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"pip has no wheel of {requirement}:\n{done.stderr[-600:]}")


def _needs(
    wheel: Path, extras: Collection[str], environment: Mapping[str, str]
) -> list[Requirement]:
    """What a wheel requires on the target, with the named extras."""
    with ZipFile(wheel) as archive:
        name = next(
            member for member in archive.namelist() if member.endswith(".dist-info/METADATA")
        )
        headers = HeaderParser().parsestr(archive.read(name).decode("utf-8", "replace"))
    needs = [Requirement(line) for line in headers.get_all("Requires-Dist") or ()]
    return [
        need
        for need in needs
        if need.marker is None
        or any(need.marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
    ]
