"""The arms of a measurement: ways to be helped that answer the same holes, each through the editor's own path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assistant.completion.complete import Options, Retriever, complete
from assistant.engine.protocol import CancelToken, Engine, Forgets
from assistant.errors import InputError
from assistant.measure.evaluate.ask import EVERYTHING, Answer, read_answer
from assistant.measure.evaluate.other_files import RowRetriever
from assistant.repository.holes import Hole
from assistant.retrieval.index.base_index import BaseIndex
from assistant.retrieval.search.candidate import Sources
from assistant.retrieval.search.window import Budget
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

    ``budget`` is what is read of the open file; ``options`` and ``sources`` say what is left out of asking.
    """

    engine: Engine
    index: BaseIndex
    repository: Path
    tokens: int
    budget: Budget = WINDOW
    options: Options = EVERYTHING
    sources: Sources = field(default_factory=Sources)


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
    adapter: str | None = ""
    budget: Budget = WINDOW
    options: Options = EVERYTHING

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
        options, retriever, budget = self.options, self.retriever, self.budget
        with self.engine.begin() as model:
            return read_answer(
                complete(model, request, CancelToken(), options=options, retriever=retriever, budget=budget)
            )


def _arm(name: str, bench: Bench, *, retrieval: bool, adapter: str | None) -> Arm:
    retriever = RowRetriever(bench.index.reader, bench.sources, bench.tokens) if retrieval else None
    return EditorArm(name, bench.engine, bench.repository, retriever, adapter, bench.budget, bench.options)


ARMS: Mapping[str, Callable[[Bench], Arm]] = {
    "base": lambda bench: _arm("base", bench, retrieval=False, adapter=""),
    "retrieval": lambda bench: _arm("retrieval", bench, retrieval=True, adapter=""),
    "adapter": lambda bench: _arm("adapter", bench, retrieval=False, adapter=None),
    "both": lambda bench: _arm("both", bench, retrieval=True, adapter=None),
}
"""All arms by name. Each is compared with the first one asked for."""
WITH_ADAPTER = ("adapter", "both")
"""Those that the engine's active adapter answers; the others ask the base."""
WITHOUT_ADAPTER = tuple(name for name in ARMS if name not in WITH_ADAPTER)


def read_arms(text: str | None, *, adapter: bool = False) -> tuple[str, ...]:
    """Return the names in a list with commas; None: all that there are, those with an adapter where there is one.

    Raises InputError for one that is not known, or named twice, or needs an adapter.
    """
    if text is None:
        return tuple(ARMS) if adapter else WITHOUT_ADAPTER
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in ARMS:
            raise InputError(f"--arms: there is no arm '{name}'; choose among {', '.join(ARMS)}.")
        if name in WITH_ADAPTER and not adapter:
            raise InputError(f"--arms: the arm '{name}' needs an adapter; name it with --adapter NAME.")
    if not names or len(set(names)) < len(names):
        raise InputError(f"--arms '{text}': name each arm once, with commas between them, such as base,retrieval.")
    return names


def make_arms(names: Sequence[str], bench: Bench) -> list[Arm]:
    """Return the arms of these names."""
    return [ARMS[name](bench) for name in names]
