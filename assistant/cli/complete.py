"""Complete a file at a place: with the service that is running, or with a model loaded for this once."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator
from pathlib import Path

from assistant.cli import output
from assistant.cli.local_model import add_model_arguments, named_adapter, names_running
from assistant.cli.remote import add_remote_arguments, names_server, opened_engine
from assistant.cli.text_input import printable, read_source
from assistant.client.http import find_service
from assistant.config import Paths, find_paths
from assistant.errors import InputError, ModelError, ServiceError
from assistant.types import CompleteRequest, Event, Failed, Finished

# Lines of the file shown around the suggestion.
_LINES_AROUND = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``grafter complete``."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the file to complete; it is not changed")
    parser.add_argument("--line", type=int, required=True, metavar="L", help="line of the cursor; the first is 1")
    parser.add_argument(
        "--column", type=int, required=True, metavar="C", help="characters left of the cursor; 0 is the line's start"
    )
    parser.add_argument("--n", type=int, default=1, metavar="N", help="how many alternatives, 1 to 8")
    parser.add_argument(
        "--max-tokens", type=int, metavar="N", help="most tokens to write, 1 to 4096; else by the place of the cursor"
    )
    add_model_arguments(parser, device_help="load the model on this device, even if a service is running")
    add_remote_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--explain", action="store_true", help="tell how likely each token was, what else was, and which filters fired"
    )


def run(args: argparse.Namespace) -> int:
    """Print the suggestion."""
    if not 1 <= args.n <= 8:
        raise InputError(f"--n is {args.n}; it can be 1 to 8.")
    if args.max_tokens is not None and not 1 <= args.max_tokens <= 4096:
        raise InputError(f"--max-tokens is {args.max_tokens}; it can be 1 to 4096.")
    text = read_source(args.file)
    request = CompleteRequest(
        id=f"cli-{secrets.token_hex(8)}",
        text=text,
        cursor=find_cursor(text, args.line, args.column),
        path=printable(args.file.name),
        trigger="manual",
        n=args.n,
        max_tokens=args.max_tokens,
        explain=args.explain,
        adapter=named_adapter(args),
    )
    finished = last_event(_events(find_paths(), request, args))
    if args.json:
        from assistant.wire import explanation_to_json, finished_to_json

        explanation = {"explanation": explanation_to_json(finished)} if args.explain else {}
        output.print_json(finished_to_json(finished) | explanation)
    else:
        _show(args.file, request, finished)
    return 0


def find_cursor(text: str, line: int, column: int) -> int:
    """Return the offset of a 1-based line and a 0-based column in characters. Raises InputError outside of the text."""
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        raise InputError(f"There is no line {line}: the file has {len(lines)}.")
    length = len(lines[line - 1])
    if not 0 <= column <= length:
        raise InputError(f"There is no column {column} in line {line}: it goes from 0 to {length}.")
    return sum(len(row) + 1 for row in lines[: line - 1]) + column


def last_event(events: Iterator[Event]) -> Finished:
    """Return the end of a request that worked; raises the error of one that did not."""
    for event in events:
        if isinstance(event, Finished):
            return event
        if isinstance(event, Failed):
            raise failure(event)
    raise ServiceError("The service ended before its answer was whole; try again.")


def failure(event: Failed) -> InputError | ModelError:
    """Return the error that a failed request is for the person at the terminal."""
    of_request = event.code in ("invalid_request", "context_length_exceeded")
    return InputError(event.message) if of_request else ModelError(event.message)


def _events(paths: Paths, request: CompleteRequest, args: argparse.Namespace) -> Iterator[Event]:
    here = names_running(args) or names_server(args) or ":" in (args.adapter or "")
    client = None if here else find_service(paths, args.model)
    if client is not None:
        with client:
            yield from client.complete(request)
        return
    from assistant.completion.complete import complete
    from assistant.engine.protocol import CancelToken

    with opened_engine(paths, args, once=True) as engine, engine.begin() as model:
        yield from complete(model, request, CancelToken())


def _show(path: Path, request: CompleteRequest, finished: Finished) -> None:
    """Print the lines around the cursor with the suggestion in its place, then what else is to be said."""
    from rich.syntax import Syntax

    console = output.console()
    before, after = request.text[: request.cursor], request.text[request.cursor :]
    first = max(before.count("\n") - _LINES_AROUND, 0)
    for choice in finished.choices:
        head = "\n".join(before.split("\n")[first:])
        tail = "\n".join(after.split("\n")[: _LINES_AROUND + 1])
        shown = Syntax(
            (head + choice.text + tail).rstrip("\n"),
            Syntax.guess_lexer(str(path)),
            line_numbers=True,
            start_line=first + 1,
            background_color="default",
        )
        start = (head.count("\n") + 1, len(head.rpartition("\n")[2]))
        whole = head + choice.text
        shown.stylize_range("bold reverse", start, (whole.count("\n") + 1, len(whole.rpartition("\n")[2])))
        console.print(shown)
    if not any(choice.text for choice in finished.choices):
        console.print("The model has nothing to add here.")
    if finished.note:
        console.print(finished.note)
    if request.explain:
        from assistant.cli.explain import show_explanation

        show_explanation(console, finished)
    tokens, total = finished.generated_tokens, finished.timings.total_ms
    console.print(f"{finished.model}: {tokens} tokens in {total:.0f} ms", style="dim")
