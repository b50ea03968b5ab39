"""``python -m finetune.train --run-dir R``: plan and train one run; exits 0 done, 3 stopped, 2 bad input, 1 a bug."""

from __future__ import annotations

import time

_BEGUN = time.monotonic()  # before the seconds that importing torch takes

import argparse  # noqa: E402
import contextlib  # noqa: E402
import dataclasses  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from pathlib import Path  # noqa: E402

from assistant.engine import threads  # noqa: E402
from assistant.errors import GrafterError, StoppedError  # noqa: E402
from assistant.system import jsonl  # noqa: E402
from finetune.config import read_config  # noqa: E402
from finetune.events import EventWriter, Failed  # noqa: E402
from finetune.stage import BAD_INPUT, DONE, SPEECHLESS, STOPPED, end_with_parent  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m finetune.train")
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--plan-only", action="store_true", help="print the plan as JSON and stop")
    parser.add_argument("--loss", metavar="SET", help="print the held-out loss of base and adapter on a set")
    parser.add_argument("--checkpoint-seconds", type=float, default=None, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    run: Path = asked.run_dir
    try:
        config = read_config(run)
        if config.threads or "LOCAL_RANK" not in os.environ:
            threads.apply(config.threads)
        return _work(run, asked)
    except StoppedError:
        return STOPPED
    except GrafterError as error:
        return _fail(run, str(error), error.code)
    except OSError as error:
        said = f"A file cannot be read or written ({error.strerror or error}); see to the disk and resume the run."
        return _fail(run, said, "disk_error")
    except (RuntimeError, MemoryError) as error:
        from assistant.engine.device import is_out_of_memory  # noqa: PLC0415

        if not is_out_of_memory(error):
            raise
        return _fail(
            run,
            "The memory ran out; close other programs and go on, or start a new run with shorter rows. The last "
            "checkpoint is kept.",
            "out_of_memory",
        )


def _work(run: Path, asked: argparse.Namespace) -> int:
    from assistant.engine.quiet import quietly  # noqa: PLC0415  (imports transformers, after the threads are chosen)
    from finetune.train.loop import CHECKPOINT_SECONDS  # noqa: PLC0415
    from finetune.train.session import Session  # noqa: PLC0415

    with quietly():
        session = Session(run, _BEGUN, asked.checkpoint_seconds or CHECKPOINT_SECONDS)
        try:
            if asked.plan_only:
                _print(session.group.first, dataclasses.asdict(session.plan().ready))
                return DONE
            if asked.loss:
                _print(session.group.first, session.losses(asked.loss))
                return DONE
            # accelerate takes every other status for a failure; who started it reads the events.
            return STOPPED if session.train() == "stopped" and session.group.size == 1 else DONE
        finally:
            session.close()
            session.group.end()


def _print(first: bool, table: Mapping[str, object]) -> None:
    if first:
        sys.stdout.write(jsonl.encode(table).decode())


def _fail(run: Path, sentence: str, code: str) -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write(sentence + "\n")
    # All processes meet bad input, and the first says so; memory and disks run out for one alone.
    if os.environ.get("RANK", "0") == "0" or code in ("out_of_memory", "disk_error"):
        try:
            writer = EventWriter(run)
            writer(Failed(sentence, code))
            writer.close()
        except OSError:
            return SPEECHLESS
    return BAD_INPUT


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main())
