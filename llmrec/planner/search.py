"""Go through the ways in which a model can run, the best first, to one that fits."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmrec.config import EngineSettings
from llmrec.planner.devices import capacity_of, card_of
from llmrec.planner.machine import Machine
from llmrec.planner.options import Option, ways
from llmrec.planner.plan import Plan
from llmrec.planner.refusals import cannot_run, check_settings
from llmrec.planner.rooms import Room, find_room, is_workable, smallest_room
from llmrec.planner.shapes import Shape

__all__ = ["SearchOutcome", "search"]


@dataclass
class SearchOutcome:
    """What a search came to.

    ``option`` and ``room`` are ``None`` if nothing fits; ``tried`` holds what was passed over, with
    the least room it needs (or what it had, if it was not workable).
    """

    card: int | None
    option: Option | None = None
    room: Room | None = None
    size: int = 0
    capacity: int = 0
    tried: list[tuple[Option, Room]] = field(default_factory=list)

    def plan(self, shape: Shape, settings: EngineSettings, reasons: tuple[str, ...] = ()) -> Plan:
        """The plan; only if something fits."""
        assert self.option is not None and self.room is not None
        stages = settings.pipeline_parallel
        split = self.option.cards // stages if self.option.engine == "vllm" else 1
        return Plan(
            engine=self.option.engine,
            model=shape.name,
            device=self.option.device,
            precision=self.option.precision,
            context=self.room.context,
            batch=self.room.batch,
            kv_tokens=self.room.kv_tokens,
            memory=self.room.memory,
            capacity=self.capacity,
            device_bytes=self.size,
            reasons=reasons,
            tensor_parallel=max(1, split),
            pipeline_parallel=stages,
        )


def search(machine: Machine, shape: Shape, settings: EngineSettings, engine: str) -> SearchOutcome:
    """The best way that fits into what a plan may take of the device.

    Raises:
        ConfigError: a setting that this machine, engine or model cannot honour.
        EngineUnavailable: the device is not there.
        MissingExtra: the engine, or what the precision needs, is not installed.
    """
    card = card_of(machine, settings)
    check_settings(machine, shape, settings, engine, card)
    options = list(ways(machine, shape, settings, engine, card))
    if not options:
        raise cannot_run(machine, shape, settings, engine, card)
    found = SearchOutcome(card)
    for option in options:
        found.size, found.capacity = capacity_of(machine, settings, option, card)
        room = find_room(shape, option, settings, found.capacity)
        if room is not None and (not option.workable or is_workable(room, settings)):
            found.option, found.room = option, room
            return found
        found.tried.append((option, room or smallest_room(shape, option, settings)))
    return found
