from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents import Agent, RunState


@dataclass(frozen=True)
class Paused:
    """
    A run that waits for people: its state, and what was asked about it.

    The state holds the conversation, and nobody has signed it. Keep it where only the agent
    can write; the server never sees it.
    """

    state: RunState[Any]
    run: str
    asked: Mapping[str, str] = field(default_factory=dict)  # approval ids by call id
    unaskable: Mapping[str, str] = field(default_factory=dict)  # why not, by call id

    def to_json(self, **options: Any) -> str:
        """
        All that another process needs to take the run up.

        :param options: for `RunState.to_json`, such as `context_serializer`
        """
        return json.dumps(
            {
                "run": self.run,
                "asked": dict(self.asked),
                "unaskable": dict(self.unaskable),
                "state": self.state.to_json(**options),
            }
        )

    @classmethod
    async def from_json(cls, agent: Agent[Any], text: str, **options: Any) -> Paused:
        """
        :param agent: the one the run was started with, built the same way
        :param options: for `RunState.from_json`, such as `context_deserializer`
        """
        raw = json.loads(text)
        state = await RunState.from_json(agent, raw["state"], **options)
        return cls(state, raw["run"], raw["asked"], raw["unaskable"])
