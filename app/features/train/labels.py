"""Words for what fine-tuning names by codes: reasons, stages, arms, states, kinds of holes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def _tr(text: str) -> str:
    return QCoreApplication.translate("Train", text)


def reason(code: str) -> str:
    """Return why a file is left out; a code that this version does not know as it is."""
    words = {
        "ignored": _tr("Ignored by git"),
        "hidden": _tr("Hidden"),
        "dependencies": _tr("Installed packages"),
        "vendored": _tr("Third-party code"),
        "lock file": _tr("Lock file"),
        "generated": _tr("Generated"),
        "minified": _tr("Minified"),
        "binary": _tr("Binary"),
        "too large": _tr("Too large"),
        "data": _tr("Data, not code"),
        "pointer": _tr("Kept elsewhere (LFS)"),
        "link": _tr("Link"),
        "special": _tr("No plain file"),
        "unreadable": _tr("Cannot be read"),
        "too many files": _tr("Too many files"),
        "empty": _tr("Empty"),
        "digits": _tr("Mostly numbers"),
        "licence": _tr("Another licence"),
        "secret": _tr("May hold a secret"),
        "near-copy": _tr("Copy of another file"),
        "no code": _tr("Not code"),
        "your choice": _tr("Left out by you"),
        "held out": _tr("Held out for evaluation"),
    }
    return words.get(code, code.replace("_", " ").replace("-", " ").capitalize())


def stage(name: str) -> str:
    """Return what a stage does."""
    return {
        "data": _tr("Reading the code"),
        "plan": _tr("Measuring this machine"),
        "train": _tr("Learning"),
        "evaluate": _tr("Evaluating on held-out code"),
        "report": _tr("Writing the report"),
    }.get(name, name)


def stage_short(name: str) -> str:
    """Return a stage in one word or two, for the status line."""
    return {
        "data": _tr("Reading code"),
        "plan": _tr("Measuring"),
        "train": _tr("Training"),
        "evaluate": _tr("Evaluating"),
        "report": _tr("Writing report"),
    }.get(name, name)


def arm(name: str) -> str:
    """Return how an arm asks."""
    return {
        "base": _tr("Base model alone"),
        "retrieval": _tr("Base with retrieval"),
        "adapter": _tr("Adapter alone"),
        "both": _tr("Adapter with retrieval"),
    }.get(name, name)


def kind(name: str) -> str:
    """Return a kind of hole."""
    return {
        "line": _tr("line"),
        "statement": _tr("statement"),
        "block": _tr("block"),
        "body": _tr("body"),
        "expression": _tr("expression"),
        "argument": _tr("argument"),
        "random": _tr("random span"),
        "plain": _tr("start of a file"),
    }.get(name, name)


def state(name: str) -> tuple[str, str]:
    """Return a run's state and the tone of its badge."""
    return {
        "new": (_tr("not started"), "muted"),
        "starting": (_tr("starting"), "accent"),
        "running": (_tr("running"), "accent"),
        "pausing": (_tr("pausing"), "warn"),
        "paused": (_tr("paused"), "warn"),
        "stopped": (_tr("interrupted"), "warn"),
        "failed": (_tr("failed"), "error"),
        "finished": (_tr("finished"), "ok"),
    }.get(name, (name, "muted"))


def percent(share: float, digits: int = 1) -> str:
    """Return a share of 0 to 1."""
    return _tr("{count} %").format(count=f"{share * 100:.{digits}f}")


def points(difference: float) -> str:
    """Return a difference of two shares, with its sign."""
    return _tr("{count} points").format(count=f"{difference * 100:+.1f}".replace("-", "−"))
