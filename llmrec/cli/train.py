"""``llmrec train``: learn from the shop's own log, one part at a time or ``all`` of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.cli.train_behaviour import BehaviourStage, behaviour
from llmrec.cli.train_fusion import FusionStage, fusion
from llmrec.cli.train_ranker import RankerStage, ranker
from llmrec.cli.train_reader import reader
from llmrec.cli.train_shared import (
    DryRunOption,
    JsonOption,
    MaxExamplesOption,
    PromoteOption,
    ResumeOption,
    SeedOption,
    SinceCommand,
    SinceOption,
    TargetsOption,
    moment,
    training_settings,
)
from llmrec.cli.train_words import words
from llmrec.errors import ConfigError, DataError, LLMRecError

if TYPE_CHECKING:
    from llmrec.cli.train_shared import Made, Size, Stage
    from llmrec.config import Workspace

__all__ = ["app"]

_ORDER = ("behaviour", "fusion", "ranker")
_Skip = Annotated[
    list[str] | None,
    typer.Option(help="Leave this one out: behaviour, fusion or ranker; repeatable."),
]
_StageSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="STAGE.NAME=VALUE",
        help="A setting of one of them, such as behaviour.dropout=0.4; repeatable.",
    ),
]


def train_all(
    workspace: WorkspaceOption = None,
    since: SinceOption = None,
    skip: _Skip = None,
    max_examples: MaxExamplesOption = None,
    targets: TargetsOption = "retrieved",
    seed: SeedOption = 0,
    set_: _StageSettings = None,
    resume: ResumeOption = True,
    dry_run: DryRunOption = False,
    promote: PromoteOption = True,
    as_json: JsonOption = False,
) -> None:
    """Train the behaviour encoder, then the fusion, then the ranker: each as its own command does.

    The cost of all parts is printed before the first one starts. If the command is stopped, run it
    again: it continues where it was, and does not repeat a part that it finished with the same log
    and options. A part that has too little to learn from says so, and the others continue.

    Examples: [bold]llmrec train all -w shop --dry-run[/] ·
    [bold]llmrec train all -w shop --skip ranker[/] · [bold]llmrec train all -w shop --since[/]
    """
    from llmrec.config import Workspace

    shop = Workspace.open(workspace)
    options = _TrainingOptions(
        shop, since, max_examples, targets, seed, set_ or [], resume, promote
    )
    names = _names(skip or [])
    record = Record(shop, options.key)
    if not resume:
        record.clear()
    left = [name for name in names if record.outcome(name) is None]
    if dry_run or not as_json:
        sizes = _sizes(options, left, as_json=as_json)
        if dry_run and as_json:
            typer.echo(json.dumps(sizes))
    if dry_run:
        return
    outcomes = [
        record.outcome(name) or _done(options, name, record, show=not as_json) for name in names
    ]
    _show(outcomes, as_json=as_json)
    if any(outcome.state == "failed" for outcome in outcomes):
        raise typer.Exit(1)


def _show(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        plain = {outcome.stage: outcome.plain() for outcome in outcomes}
        typer.echo(json.dumps(plain, default=str))
    else:
        show_outcomes(outcomes)


def _names(skip: Sequence[str]) -> list[str]:
    for name in skip:
        if name not in _ORDER:
            raise ConfigError(f"--skip {name}: there is none.", hint=f"Name {', '.join(_ORDER)}.")
    return [name for name in _ORDER if name not in skip]


@dataclass(frozen=True)
class _TrainingOptions:
    """The options of the command, and the stages that it makes with them."""

    shop: Workspace
    since: str | None
    max_examples: int | None
    targets: str
    seed: int
    pairs: Sequence[str]
    resume: bool
    promote: bool

    def __post_init__(self) -> None:
        for pair in self.pairs:
            if pair.split(".")[0] not in _ORDER:
                raise ConfigError(
                    f"--set {pair} does not say what it is a setting of.",
                    hint=f"Begin with {', '.join(_ORDER)}: --set behaviour.dropout=0.4.",
                )

    @property
    def key(self) -> str:
        """A key that differs whenever an option differs that changes what is learned."""
        drawn = self.max_examples, self.targets, self.seed, sorted(self.pairs)
        return repr((self.since, *drawn, self.promote))

    def stage(self, name: str) -> Stage:
        """The stage of that name, as its own command makes it."""
        from llmrec.finetune.fusion import FusionSettings

        prefix = f"{name}."
        pairs = [pair.removeprefix(prefix) for pair in self.pairs if pair.startswith(prefix)]
        since, given = moment(self.since), {"seed": self.seed}
        make: dict[str, Callable[[], Stage]] = {
            "behaviour": lambda: BehaviourStage(
                self.shop, given | {"refit": True}, pairs, since=since, promote=self.promote
            ),
            "fusion": lambda: FusionStage(
                self.shop,
                training_settings(FusionSettings, given, pairs),
                since=since,
                promote=self.promote,
            ),
            "ranker": lambda: RankerStage(
                self.shop,
                given,
                pairs,
                max_examples=self.max_examples,
                targets=self.targets,
                since=since,
                resume=self.resume,
                promote=self.promote,
            ),
        }
        return make[name]()


def _sizes(options: _TrainingOptions, names: Sequence[str], *, as_json: bool) -> dict[str, Any]:
    """Print what each stage will cost; a stage that cannot learn does not stop the others."""
    plain: dict[str, Any] = {}
    for name in names:
        try:
            size: Size | str = _size(options, name)
        except DataError as error:
            size = f"It cannot learn: {error}"
        plain[name] = {"reason": size} if isinstance(size, str) else dict(size.plain)
        if not as_json:
            console.print(f"[bold]{name}[/]", highlight=False)
            words = size if isinstance(size, str) else size.words
            console.print(words, highlight=False, markup=False)
    if "behaviour" in names and len(names) > 1 and not as_json:
        console.print(
            "After the behaviour encoder is trained, fusion and ranker each train one more on a "
            "shorter log, if no older one will do.",
            highlight=False,
        )
    return plain


def _size(options: _TrainingOptions, name: str) -> Size | str:
    if absent := _absent(options, name):
        return absent
    stage = options.stage(name)
    return stage.idle() or stage.size()


def _absent(options: _TrainingOptions, name: str) -> str:
    """Why ``--since`` cannot continue this stage: no version of it serves; else empty."""
    from llmrec.artifacts import Artifacts

    if options.since is None or Artifacts(options.shop.models_dir).serving(name):
        return ""
    return f"No learned '{name}' serves, so there is nothing to go on from; train without --since."


def _done(options: _TrainingOptions, name: str, record: Record, *, show: bool) -> Outcome:
    """Train one stage. An error becomes its outcome, so that the others still run."""
    notes.print(f"[bold]{name}[/]", highlight=False)
    try:
        if absent := _absent(options, name):
            return unlearned(name, "idle", absent)
        stage = options.stage(name)
        if idle := stage.idle():
            return unlearned(name, "idle", idle)
        made = stage.learn()
    except DataError as error:
        return unlearned(name, "cannot learn", str(error))
    except LLMRecError as error:
        return unlearned(name, "failed", str(error))
    if made is None:
        raise ConfigError(
            "train all was started as one of several processes.",
            hint="Only the ranker trains in several: launch llmrec train ranker.",
        )
    outcome = outcome_of(name, made)
    record.keep(outcome)
    if show:
        made.show()
    return outcome


State: TypeAlias = Literal["serves", "published", "idle", "cannot learn", "failed"]

_STATE_TEXT: dict[State, str] = {
    "serves": "serves",
    "published": "does not serve",
    "idle": "nothing done",
    "cannot learn": "cannot learn",
    "failed": "failed",
}


@dataclass(frozen=True)
class Outcome:
    """The outcome of one stage.

    Attributes:
        stage: which one.
        state: whether something was learned, and serves.
        version: what was published.
        figure: by what it is judged.
        before: that figure without it.
        after: and with it.
        reason: why it does not serve, or was not learned.
        again: whether an earlier run of the command trained it.
    """

    stage: str
    state: State
    version: str = ""
    figure: str = ""
    before: float | None = None
    after: float | None = None
    reason: str = ""
    again: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {name: value for name, value in asdict(self).items() if name != "stage"}


def outcome_of(stage: str, made: Made) -> Outcome:
    """The outcome of a training that published something."""
    return Outcome(
        stage,
        "serves" if made.promoted else "published",
        made.artifact.name,
        made.figure,
        made.before,
        made.after,
        made.reason,
    )


def unlearned(stage: str, state: State, reason: str) -> Outcome:
    """The outcome of a stage that published nothing."""
    return Outcome(stage, state, reason=reason)


class Record:
    """The stages that were finished with one log and one set of options: ``cache/train-all.json``.

    Args:
        shop: whose.
        options: that change what is learned.
    """

    def __init__(self, shop: Workspace, options: str) -> None:
        from llmrec.catalog.store import CatalogStore
        from llmrec.retrieval.cache import cache_key

        self._shop, self._path = shop, shop.cache_dir / "train-all.json"
        with CatalogStore.open(shop.database_url) as store:
            revision = store.revision()
        models = shop.settings.models
        key = f"{revision.items} {revision.events}", models.llm, models.encoder, options
        self._key = cache_key(*key)

    def outcome(self, stage: str) -> Outcome | None:
        """The outcome of ``stage``, if it was finished and its version is still there."""
        from llmrec.artifacts import Artifacts

        entry = self._read().get(stage)
        if entry is None:
            return None
        version = entry["version"].partition("/")[2]
        if version not in Artifacts(self._shop.models_dir).numbers(stage):
            return None
        return Outcome(**(entry | {"again": True}))

    def keep(self, outcome: Outcome) -> None:
        """Record that a stage is finished."""
        from llmrec.artifacts.folders import replace_file

        done = self._read() | {outcome.stage: asdict(outcome)}
        replace_file(self._path, json.dumps({"key": self._key, "done": done}))

    def clear(self) -> None:
        """Delete the record."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            done: dict[str, Any] = content["done"] if content["key"] == self._key else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return done


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """A row for each stage, then the reasons of those that do not serve."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("Learned", "Version", "Figure", "Before", "After", ""):
        table.add_column(column, justify="right" if column in ("Before", "After") else "left")
    for outcome in outcomes:
        before, after = ("" if x is None else f"{x:.4f}" for x in (outcome.before, outcome.after))
        text = _STATE_TEXT[outcome.state] + (" (done before)" if outcome.again else "")
        table.add_row(outcome.stage, outcome.version, outcome.figure, before, after, text)
    console.print(table)
    for outcome in outcomes:
        if outcome.reason:
            console.print(f"[bold]{outcome.stage}[/]: {escape(outcome.reason)}", highlight=False)


app = typer.Typer(help="Learn from the shop's own event log.", no_args_is_help=True)
app.command("all", cls=SinceCommand)(train_all)
app.command("behaviour", cls=SinceCommand)(behaviour)
app.command("fusion", cls=SinceCommand)(fusion)
app.command("ranker", cls=SinceCommand)(ranker)
app.command("reader")(reader)
app.command("words")(words)
