"""Filters: small pure functions between what a model writes and what a person sees, each with a name.

``JUDGES`` end a suggestion before a line, ``LAST_LINES`` after one, both while the model writes, so that it stops
early; ``FINAL`` see the whole, in this order. ``FILTERS`` says what each does, for the window and the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.completion.filters.commented import commented_out
from assistant.completion.filters.draft import Filter, Hole, Judge
from assistant.completion.filters.elision import copies_outline
from assistant.completion.filters.lines import (
    blank_lines,
    body_stands_below,
    empty_comment,
    ends_line,
    ends_statement,
    leaves_block,
    leaves_part,
    next_statement,
)
from assistant.completion.filters.loops import repeats_itself
from assistant.completion.filters.prose import fence, prose
from assistant.completion.filters.repeats import repeats_below
from assistant.completion.filters.suffix_overlap import (
    closes_outside,
    has_surplus,
    repeats_suffix,
    replaces_suffix,
    surplus_closing,
    unclosed_before_suffix,
)
from assistant.completion.filters.whole import (
    broken_syntax,
    low_confidence,
    outer_blanks,
    repeats_below_alone,
    takes_below,
    too_short,
    unfinished_line,
)

JUDGES: dict[str, Judge] = {
    "fence": fence,
    "prose": prose,
    "repeats-below": repeats_below,
    "blank-lines": blank_lines,
    "empty-comment": empty_comment,
    "copies-outline": copies_outline,
    "leaves-block": leaves_block,
    "next-statement": next_statement,
    "leaves-part": leaves_part,
    "repeats-itself": repeats_itself,
    "surplus-bracket": closes_outside,
}

LAST_LINES: dict[str, Callable[[Hole, Sequence[str]], bool]] = {
    "single-line": ends_line,
    "one-statement": ends_statement,
    "body-stands-below": body_stands_below,
    "surplus-bracket": has_surplus,
}

FINAL: dict[str, Filter] = {
    "unfinished-line": unfinished_line,
    "repeats-rest": repeats_suffix,
    "replaces-rest": replaces_suffix,
    "surplus-bracket": surplus_closing,
    "unclosed-bracket": unclosed_before_suffix,
    "outer-blanks": outer_blanks,
    "commented-out": commented_out,
    "takes-below": takes_below,
    "broken-syntax": broken_syntax,
    "repeats-below": repeats_below_alone,
    "too-short": too_short,
    "low-confidence": low_confidence,
}

ALTERNATIVE_START = "second-choice"
"""Not a filter itself: it has the model write again where the others leave nothing."""
MISSING_HEADER = "missing-head"
"""Nor is this: it holds the model to the header of a block where the body of one stands below."""
SURER_ALONE = "surer-alone"
"""No filter either: of two answers, with other files and without them, it takes the second."""

FILTERS: dict[str, str] = {
    "control-tokens": "Ends before anything that only steers the model.",
    "indentation": "Does not write the indentation of the cursor's line twice.",
    "tabs-and-spaces": "Indents new lines the way the file does.",
    "fence": "Ends before three backticks, which are for conversations and Markdown.",
    "prose": "Shows no sentence where code belongs.",
    "repeats-below": "Ends before code that stands below the cursor already.",
    "blank-lines": "Ends at two empty lines.",
    "empty-comment": "Ends before a comment that says nothing.",
    "copies-outline": "Ends before a line that is copied from the file in short.",
    "leaves-block": "Ends where the block of the cursor ends.",
    "next-statement": "Ends after one statement where more code of the block stands below.",
    "repeats-itself": "Ends where the model says the same again and again.",
    "single-line": "Ends with the line where one line was asked for.",
    "one-statement": "Ends with the statement where one was asked for.",
    "body-stands-below": "Ends after the head of a block whose body stands below.",
    "leaves-part": "Ends before what would part an expression from the rest of it below.",
    "unfinished-line": "Drops a last line, or a last word, that the limit on its length cut.",
    "repeats-rest": "Drops an end that repeats what stands right of the cursor.",
    "replaces-rest": "Takes the place of closing brackets and quotes right of the cursor that it closes itself.",
    "surplus-bracket": "Ends before a bracket that would close what is closed already.",
    "unclosed-bracket": "Closes brackets that it opened in the middle of a line.",
    "outer-blanks": "Drops blanks at the end.",
    "commented-out": "Shows no code in comments where the model was to begin otherwise.",
    "takes-below": "Ends before a head that would take the next line of the file for its body.",
    "broken-syntax": "Ends where the file would no longer parse, or shows nothing.",
    "too-short": "Shows no lone sign unasked, but what ends a block.",
    "low-confidence": "Shows nothing unasked that the model itself holds for unlikely.",
    ALTERNATIVE_START: "Has the model begin otherwise where nothing was left of what it wrote.",
    MISSING_HEADER: "Has the model begin a block where the body of one stands below.",
    SURER_ALONE: "Leaves other files out, because the model is surer without them.",
}
"""The name of each filter with one sentence that says what it does to a suggestion."""
