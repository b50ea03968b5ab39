"""One sample from one place of a file: the very prompt that the editor would send there, and what stood there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.completion.prompt import Laid, lay_prompt
from assistant.completion.window_budget import STEPS
from assistant.prompts.fim import file_prompt
from assistant.repository.holes import Hole
from assistant.retrieval.index.source import Source
from assistant.retrieval.search.pack import Piece, render
from assistant.retrieval.search.retrieve import Retrieved, retrieve
from assistant.retrieval.search.window import Budget, CountTokens, Window, fit_budget
from assistant.types import CompleteRequest, Control, Prompt, Text
from finetune.data.samples import Sample

# The control tokens of a prompt, and the repository's and the file's names beside their own tokens.
_AROUND = 16
_LEAST_RETRIEVAL = 128
SERVED = Budget()
"""The window that the held-out holes are asked with."""


class Encoder(Protocol):
    """What a model reads with: ``assistant.engine.model_folder.ModelTokenizer``."""

    @property
    def family(self) -> str:
        """The fill-in-the-middle family, a key of the prompts' table, or ``none``."""
        ...

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a prompt."""
        ...

    def count(self, texts: Sequence[Text]) -> list[int]:
        """Return the number of tokens of each text."""
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """A sample with what it was made of, to be shown and tested. ``middle`` is what the model has to write."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    hole: Hole
    laid: Laid
    middle: str

    def sample(self, file: int) -> Sample:
        """Return it as the trainer reads it."""
        return Sample(self.ids, self.weights, file)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much a token counts in the loss: of the open file around the hole, and of the hole with its end."""

    file: float
    middle: float


HELD_OUT = Weights(0.0, 1.0)
"""The loss on held-out holes is that of the holes alone, in nats a token."""


class Filler:
    """Makes samples of one repository for one model, none longer than ``length`` tokens."""

    def __init__(self, encoder: Encoder, repository: str, length: int) -> None:
        """``repository`` is the name that prompts give it."""
        self._encoder = encoder
        self._repository = repository
        self._length = length
        self._counts: dict[str, int] = {}

    def count(self, lines: Sequence[str]) -> list[int]:
        """Return the tokens of each text; most lines come again and again."""
        new = list(dict.fromkeys(line for line in lines if line not in self._counts))
        self._counts.update(zip(new, self._encoder.count([Text(line) for line in new]), strict=True))
        return [self._counts[line] for line in lines]

    def fill(self, hole: Hole, budget: Budget, weights: Weights, finds: Finder | None = None) -> Made | None:
        """Return the sample of a hole; None where it does not fit.

        ``budget`` is for the open file. With ``finds`` it leaves room for other places.
        """
        around = sum(self.count([self._repository, hole.path])) + _AROUND
        # The piece of a word that is taken back, and the line's end.
        room = self._length - around - self.count([hole.truth])[0] - _AROUND
        if room < _LEAST_RETRIEVAL:
            return None
        if finds is not None:
            budget = fit_budget(budget, max(room - finds.tokens, room // 2))
        request = CompleteRequest(
            "sample", hole.before + hole.after, hole.start, path=hole.path, workspace=self._repository
        )
        family = self._encoder.family
        laid = lay_prompt(
            request, family=family, room=room, budget=budget, count=self.count, token_healing=True, finds=finds
        )
        dropped = laid.window.suffix[: len(laid.window.suffix) - len(laid.suffix)]
        middle = laid.begin + hole.truth + dropped
        ids, each = self._weigh(laid.fim.prompt, weights.file, laid.fim.open_from)
        answer = self._encoder.encode(Prompt((Text(middle),)))
        end = laid.fim.stop_tokens[:1]
        answer += self._encoder.encode(Prompt(tuple(Control(token) for token in end)))
        ids += answer
        each += [weights.middle] * len(answer)
        return Made(tuple(ids), tuple(each), hole, laid, middle) if len(ids) <= self._length else None

    def plain(self, path: str, text: str, file: int, *, whole: bool) -> Sample | None:
        """Return the sample of a text of a file without a hole; None where it does not fit.

        ``whole``: the file ends with it, so the token that ends a text is learned too.
        """
        prompt, end = file_prompt(self._encoder.family, path, self._repository, text)
        ids, weights = self._weigh(prompt, 1.0, len(prompt.parts) - 1)
        if whole and end is not None:
            ids += self._encoder.encode(Prompt((Control(end),)))
            weights.append(1.0)
        return Sample(ids, weights, file) if 1 < len(ids) <= self._length else None

    def _weigh(self, prompt: Prompt, weight: float, first: int) -> tuple[list[int], list[float]]:
        """Return the prompt's ids, and ``weight`` for each token of text from part ``first`` on: the open file.

        Control tokens, the names, and other places count nothing. The ids are those of the prompt encoded at once,
        since text never runs on over a control token.
        """
        ids: list[int] = []
        weights: list[float] = []
        run: list[Text] = []

        def end_run(each: float) -> None:
            found = self._encoder.encode(Prompt(tuple(run))) if run else []
            ids.extend(found)
            weights.extend([each] * len(found))
            run.clear()

        for number, part in enumerate(prompt.parts):
            if number == first:
                end_run(0.0)
            if isinstance(part, Text):
                run.append(part)
            else:
                end_run(weight if number > first else 0.0)
                ids.extend(self._encoder.encode(Prompt((part,))))
                weights.append(0.0)
        end_run(weight)
        return ids, weights


class Finder:
    """Finds other places for one hole, as the editor's retrieval does, but none that gives the answer away."""

    def __init__(self, source: Source, hole: Hole, tokens: int) -> None:
        """``tokens`` is the most for all places together."""
        self.tokens = tokens
        self._source = source
        lines = hole.text[hole.text.rfind("\n", 0, hole.start) + 1 : _line_end(hole.text, hole.end)]
        self._answer = _bare(lines)

    def retrieve(self, request: CompleteRequest, window: Window, room: int, count: CountTokens) -> Retrieved:
        """Return what helps, in at most ``room`` tokens and the budget."""
        if room < _LEAST_RETRIEVAL:
            return Retrieved()
        found = retrieve(self._source, request, window, min(self.tokens, room), count)
        packed = tuple(piece for piece in found.packed if not self._tells(piece))
        if len(packed) == len(found.packed):
            return found
        places = {(piece.path, piece.first_line) for piece in packed}
        pieces = tuple(each for each in found.pieces if (each.path, each.lines[0]) in places)
        return Retrieved(render(packed), pieces, packed)

    def _tells(self, piece: Piece) -> bool:
        """Return whether a piece has the lines of the hole, one after the other."""
        return f"\n{self._answer}\n" in f"\n{_bare(piece.text)}\n"


def budgets(length: int) -> tuple[Budget, ...]:
    """Return the editor's windows that fit into a row of ``length`` tokens, at least the smallest, the small first.

    The open file in short has at most an eighth of the row, so that most rows hold several samples.
    """
    fitting = tuple(budget for _, budget in STEPS if budget.prefix + budget.suffix <= length * 3 // 4)
    return tuple(replace(each, outline=min(each.outline, length // 8)) for each in fitting or (STEPS[0][1],))


def _bare(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end
