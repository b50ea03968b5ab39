"""report.html: the verdict on top, what each arm came to, how the loss fell, what was forgotten, and examples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from assistant.measure.repository.ask import Asked
from assistant.measure.repository.figures import Figures
from assistant.measure.repository.page import (
    exact_section,
    examples_section,
    figures_section,
    groups_section,
    html_page,
    key,
    points,
    section,
    times_section,
)
from assistant.measure.repository.plots import Point, Row, curves, intervals

COMPARED = ("retrieval", "both")
"""What the editor would use without the adapter and with it: what the verdict and the examples go by."""

_HELD, _TRAINED = 1, 0


def make_page(report: Mapping[str, Any], figures: Figures, asked: Sequence[Asked]) -> str:
    """Return the page as a whole HTML text, of report.json's figures and the answers."""
    names = [arm.name for arm in figures.arms]
    repository = str(report["run"]["repository"]).rpartition("/")[2]
    verdict = report["verdict"]
    body = [
        f"<h1>What tuning on {escape(repository)} came to</h1>",
        *(f'<p class="muted">{escape(sentence)}</p>' for sentence in _sentences(report)),
        _verdict(verdict),
        exact_section(figures),
        _differences(report),
        _losses(report),
        _forgetting(report),
        _strengths(report),
        groups_section("By kind of hole", "kind", figures.by_kind, names),
        times_section(figures),
        figures_section(figures.arms),
        examples_section(asked, names, COMPARED),
        _how(report),
    ]
    return html_page(f"Tuning on {repository}", [part for part in body if part])


def _verdict(verdict: Mapping[str, Any]) -> str:
    look = "up" if verdict["active"] else ""
    return f'<section class="verdict {look}"><p><strong>{escape(verdict["sentence"])}</strong></p></section>'


def _sentences(report: Mapping[str, Any]) -> list[str]:
    data, run = report["data"], report["run"]
    said = (
        f"{run['model']}, {report['steps']:,} steps over {report['tokens']:,} tokens of {data['learned']:,} of "
        f"{data['files']:,} files, judged on {report['n']:,} holes that it has not seen."
    )
    return [said, data["note"]] if data["note"] else [said]


def _differences(report: Mapping[str, Any]) -> str:
    rows = [
        Row(
            f"{each['second']} less {each['first']}",
            f"p = {each['p_value']:.2g}",
            (_point(1 + (each["second"] == "both"), each["exact_match"], each["interval"]),),
        )
        for each in report["differences"]
    ]
    plot = intervals("What each adds", "points of exact match, with 95 % intervals (paired bootstrap)", rows, zero=True)
    text = (
        "The adapter without retrieval and with it, retrieval alone, and both. An interval that holds zero shows no "
        "difference. p is McNemar's, exact."
    )
    return section("What each adds", text, plot)


def _point(series: int, value: float, interval: Sequence[float]) -> Point:
    low, high = interval
    text = f"{points(value)}  ({points(low)} to {points(high)})"
    return Point(series, 100 * value, 100 * low, 100 * high, text)


def _losses(report: Mapping[str, Any]) -> str:
    loss = report["loss"]
    held, trained = loss.get("curve", []), loss.get("training", [])
    if not held:
        return ""
    series = [(_HELD, [(float(step), value) for step, value in held])]
    if trained:
        series.append((_TRAINED, [(float(step), value) for step, value in trained]))
    plot = curves("Loss", "steps", "nats a token", series)
    text = "Loss on held-out holes as training went on, and on what was learned."
    if "base" in loss and "adapter" in loss:
        with_, without = f"{loss['adapter']:.3f}", f"{loss['base']:.3f}"
        text += (
            f" On {loss['holes']} holes of the verdict it is {with_} nats a token with the adapter, {without} without."
        )
    return section("Loss", text, plot, key(["learned code", "held-out holes"]))


def _forgetting(report: Mapping[str, Any]) -> str:
    found = report["forgetting"]
    if not found:
        return ""
    low, high = found["interval"]
    return (
        "<section><h2>What was forgotten</h2><p>Of "
        f"{found['n']} lines of Python's own library the base fills {100 * found['base']:.1f} % exactly, with the "
        f"adapter {100 * found['adapter']:.1f} % ({points(found['difference'])} points, 95 % interval {points(low)} to "
        f"{points(high)}).</p></section>"
    )


def _strengths(report: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{scale:g}</td><td>{similarity:.3f}</td><td>{100 * exact:.1f} %</td></tr>"
        for scale, similarity, exact in report["scales"]
    )
    if not rows:
        return ""
    return (
        '<section><h2>Strength</h2><p class="muted">Chosen on other holes than those of the verdict, by edit '
        'similarity.</p><div class="wide"><table><thead><tr><th>strength</th><th>edit similarity</th><th>exact match'
        f"</th></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _how(report: Mapping[str, Any]) -> str:
    data = report["data"]
    held = (
        f"what was committed after {escape(str(data['base'])[:12])}; nothing of it was learned or could be looked up"
        if data["split"] == "commits"
        else "whole files that were neither learned nor could be looked up"
    )
    sentences: Sequence[str] = report["plan"]["changes"] if report["plan"] else ()
    changed = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return (
        f"<section><h2>How this was measured</h2><p>Held out is {held}. Each hole is asked through the editor's own "
        "path, greedy, by every arm: the model alone, with retrieval, with the adapter, and with both. The verdict "
        f"compares retrieval with and without the adapter, which is what the editor would use.</p>{changed}"
        f"<p>The run's settings:</p><pre>{escape(json.dumps(report['run'], indent=1))}</pre></section>"
    )
