"""The one path of suggestions that the window's route and those of other editors share, with what it has learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.completion.complete import Options, Retriever, complete
from assistant.completion.filters import SURER_ALONE
from assistant.completion.window_budget import WindowBudget
from assistant.engine.protocol import CancelToken, Lease
from assistant.prompts.fim import SourceFile
from assistant.retrieval.index.service import Indexes
from assistant.retrieval.search.retriever import IndexRetriever
from assistant.server.sent_files import SentFiles, SentRetriever
from assistant.types import CompleteRequest, Event, GenerateRequest, Params


class Suggesting:
    """How suggestions are made in this service: how fast the model reads, what the workspaces hold, the settings.

    ``suggest`` and ``read`` are called on the worker's thread alone.
    """

    def __init__(self, indexes: Indexes | None, options: Callable[[], Options]) -> None:
        self._retriever = IndexRetriever(indexes.source) if indexes else None
        self._sent = SentFiles()
        self.options = options
        self._window = WindowBudget()

    def suggest(
        self,
        wanted: CompleteRequest,
        options: Options,
        model: Lease,
        cancel: CancelToken,
        *,
        files: Sequence[SourceFile] = (),
    ) -> Iterator[Event]:
        """Yield the events of a completion. ``files`` are what an editor sent of other files, the newest last."""
        budget, affordable = self._window.budget, self._window.affordable(options)
        events = complete(model, wanted, cancel, budget, affordable, self._retriever_for(files))
        return self._window.watch(events)

    def read(
        self, wanted: CompleteRequest, options: Options, files: Sequence[SourceFile], model: Lease, cancel: CancelToken
    ) -> Iterator[Event]:
        """Have the model read the prompt of a completion and write nothing, so that the next one finds it read."""
        alone = replace(options, without=options.without | {SURER_ALONE})
        silent = with_params(model, lambda params: replace(params, max_tokens=0))
        return complete(silent, wanted, cancel, self._window.budget, alone, self._retriever_for(files))

    def _retriever_for(self, files: Sequence[SourceFile]) -> Retriever | None:
        return SentRetriever(self._sent, tuple(files), self._retriever) if files else self._retriever


def with_params(model: Lease, change: Callable[[Params], Params]) -> Lease:
    """Return the same model, asked with other parameters than those that the completion path chooses."""

    def generate(request: GenerateRequest, cancel: CancelToken) -> Iterator[Event]:
        return model.generate(replace(request, params=change(request.params)), cancel)

    return replace(model, generate=generate)
