"""The arms of a measurement: ways to be helped that answer the same holes, each through the editor's own path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.completion.complete import Retriever, complete
from assistant.context.window import Budget
from assistant.engine.protocol import CancelToken, Engine, Forgets
from assistant.errors import InputError
from assistant.evaluate.ask import EVERYTHING, Answer, read_answer
from assistant.evaluate.others import RowRetriever
from assistant.evaluate.repository.choose import Hole
from assistant.evaluate.repository.tree import BaseIndex
from assistant.retrieval.candidate import Sources
from assistant.types import CompleteRequest

WINDOW = Budget(512, 128)
"""What the editor reads of the open file on a processor of middling speed; where reading is quick it reads more."""


class Arm(Protocol):
    """One way to be helped."""

    @property
    def name(self) -> str:
        """Its name on the command line and in reports."""
        ...

    def ask(self, hole: Hole) -> Answer:
        """Return what it suggests in the hole, as fast as it would be if nothing had been asked before."""
        ...


@dataclass(frozen=True, slots=True)
class Bench:
    """What arms are made of: the model, the index of the base commit, the repository, most tokens of other files.

    ``budget`` is what is read of the open file.
    """

    engine: Engine
    index: BaseIndex
    repository: Path
    tokens: int
    budget: Budget = WINDOW


@dataclass(frozen=True, slots=True)
class EditorArm:
    """Asks as the editor does when somebody stops typing at the hole, shows everything, and is greedy.

    ``adapter`` as in CompleteRequest: None is the active one, the empty text the model alone. ``budget`` is what is
    read of the open file.
    """

    name: str
    engine: Engine
    repository: Path
    retriever: Retriever | None = None
    adapter: str | None = None
    budget: Budget = WINDOW

    def ask(self, hole: Hole) -> Answer:
        """Return the suggestion; nobody looked at other files lately, and none is in a tab.

        The engine forgets first what it has read, where it can: no arm is quicker for coming second.
        """
        if isinstance(self.engine, Forgets):
            self.engine.forget()
        text = hole.before + hole.after
        request = CompleteRequest(
            id=f"{hole.id} {self.name}",
            text=text,
            cursor=hole.start,
            path=hole.path,
            workspace=str(self.repository),
            adapter=self.adapter,
        )
        return read_answer(
            complete(
                self.engine,
                request,
                CancelToken(),
                options=EVERYTHING,
                retriever=self.retriever,
                budget=self.budget,
            )
        )


def _base(bench: Bench) -> Arm:
    return EditorArm("base", bench.engine, bench.repository, budget=bench.budget)


def _retrieval(bench: Bench) -> Arm:
    retriever = RowRetriever(bench.index.reader, Sources(), bench.tokens)
    return EditorArm("retrieval", bench.engine, bench.repository, retriever, budget=bench.budget)


ARMS: Mapping[str, Callable[[Bench], Arm]] = {"base": _base, "retrieval": _retrieval}
"""All arms by name. Each is compared with the first one asked for."""


def read_arms(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas. Raises InputError for one that is not known, or named twice."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in ARMS:
            raise InputError(f"--arms: there is no arm '{name}'; choose among {', '.join(ARMS)}.")
    if not names or len(set(names)) < len(names):
        raise InputError(f"--arms '{text}': name each arm once, with commas between them, such as base,retrieval.")
    return names


def make_arms(names: Sequence[str], bench: Bench) -> list[Arm]:
    """Return the arms of these names."""
    return [ARMS[name](bench) for name in names]
