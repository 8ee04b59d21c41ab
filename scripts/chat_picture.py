"""Take docs/images/chat.svg: ``llmrec chat`` on the demo store, in a terminal of tmux.

What is typed is below; everything else in the picture is what the command answered, in its colours.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "chat.svg"
COLUMNS, ROWS = 100, 120
LLMREC = (sys.executable, "-m", "llmrec.cli")
CHAT = ("chat", "-w", "demo-shop", "-k", "2")
PROMPT = "you>"
TYPED = (
    "a present for my brother who loves coffee",
    "under 40 euros",
    "/why 1",
    "no grinders",
    "more like the second",
    "/filters",
)
PATIENCE_S = 180.0
THEME = TerminalTheme(
    (22, 27, 34),
    (225, 228, 232),
    [
        (22, 27, 34), (255, 123, 114), (126, 200, 140), (232, 190, 90),
        (121, 184, 255), (210, 168, 255), (110, 205, 220), (225, 228, 232),
    ],
)  # fmt: skip
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class Terminal:
    """A window of a tmux server of its own, in which one command runs."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.socket = folder / "tmux"
        # No settings of whoever runs this: they may change colours and keys.
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        self.tmux("-f", os.devnull, "new-session", "-d", "-c", str(folder), *size, *command)

    def tmux(self, *arguments: str) -> str:
        """What one of tmux's commands prints."""
        command = ["tmux", "-u", "-S", str(self.socket), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
        if done.returncode and "kill-server" not in arguments:
            sys.exit(f"{done.stderr.strip()}\nllmrec chat has ended: see what it says by itself.")
        return done.stdout

    def wait(self, prompts: int) -> None:
        """Until the shopper is asked once more, which is when a reply has ended."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            lines = self.tmux("capture-pane", "-p").rstrip().splitlines()
            prompted = [line.startswith(PROMPT) for line in lines]
            if sum(prompted) == prompts and lines[-1].strip() == PROMPT:
                return
            time.sleep(0.2)
        raise SystemExit(
            f"llmrec chat did not answer within {PATIENCE_S:.0f} s:\n" + "\n".join(lines)
        )

    def type(self, line: str) -> None:
        """Press the keys of a line, and Enter."""
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PICTURE)
    out = parser.parse_args().out
    if shutil.which("tmux") is None:
        sys.exit("There is no tmux: apt-get install tmux")
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([*LLMREC, "demo"], cwd=name, check=True)
        screen = talk(Path(name))
    out.write_text(svg(screen), encoding="utf-8")
    print(f"{out}: {out.stat().st_size // 1024} KB")


def talk(folder: Path) -> str:
    """The screen after all that is typed, as text with escape sequences."""
    terminal = Terminal(folder, [*LLMREC, *CHAT])
    try:
        terminal.wait(1)
        terminal.tmux("send-keys", "C-l")  # the help, which is long
        for prompts, line in enumerate(TYPED, start=2):
            terminal.type(line)
            terminal.wait(prompts)
        return terminal.tmux("capture-pane", "-e", "-N", "-p")
    finally:
        terminal.tmux("kill-server")


def svg(screen: str) -> str:
    """Rich's picture of a terminal, without the font that it would fetch."""
    lines = screen.rstrip().splitlines()[:-2]  # without the last prompt, where nothing is typed
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi("\n".join(lines)))
    title = " ".join(("llmrec", *CHAT))
    picture = console.export_svg(title=title, theme=THEME, unique_id="chat")
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    picture = picture.replace("Fira Code, monospace", FONTS)
    # A little larger than it would be, so that the sides of boxes meet from line to line.
    picture = picture.replace("font-size: 20px", "font-size: 21px")
    return "\n".join(line.rstrip() for line in picture.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    main()
