"""One HTML file that shows a measurement: verdict, plots, tables and examples; nothing in it is fetched or run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources

from assistant.measure.evaluate.report import Interval, Share
from assistant.measure.repository.ask import Asked, Mark
from assistant.measure.repository.examples import choose_examples, surroundings, without_indent
from assistant.measure.repository.figures import ArmFigures, Difference, Figures, Group
from assistant.measure.repository.plots import Point, Row, intervals, times
from assistant.retrieval.search.outline import OWN

_SERIES = 4
_LEAST_FOR_A_PLOT = 5
"""A share of fewer holes than these says nothing."""
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class About:
    """What was measured, in words: the repository's name, sentences on how, and the command that does it again."""

    repository: str
    sentences: tuple[str, ...]
    command: str


def make_page(about: About, figures: Figures, asked: Sequence[Asked], names: Sequence[str]) -> str:
    """Return the page as a whole HTML text."""
    title = f"What helps on {about.repository}"
    body = [
        f"<h1>{escape(title)}</h1>",
        *(f'<p class="muted">{escape(sentence)}</p>' for sentence in about.sentences),
        *(_verdict(each, figures) for each in figures.differences),
        exact_section(figures),
        _differences(figures),
        groups_section("By kind of hole", "kind", figures.by_kind, names),
        groups_section("By language", "language", figures.by_language, names) if len(figures.by_language) > 1 else "",
        times_section(figures),
        figures_section(figures.arms),
        examples_section(asked, names),
        _how(about),
    ]
    return html_page(title, body)


def html_page(title: str, body: Sequence[str]) -> str:
    """Return a whole page of these parts, in the style of all reports; nothing in it is fetched or run."""
    style = resources.files("resources").joinpath("evaluate", "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def verdict(each: Difference) -> str:
    """Return in a sentence whether the second arm is better than the first, and how sure that is."""
    low, high = each.exact_interval
    said = {
        1: f"{each.second} helps",
        -1: f"{each.second} harms",
        0: f"{each.second} is not shown to differ from {each.first}",
    }
    return (
        f"{said[each.verdict]}: {points(each.exact_match)} points of exact match "
        f"(95 % interval {points(low)} to {points(high)})."
    )


def points(share: float) -> str:
    """Return a difference of shares in points, with its sign."""
    value = round(100 * share, 1)
    sign = "+" if value > 0 else _MINUS if value < 0 else ""
    return f"{sign}{abs(value):.1f}"


def _verdict(each: Difference, figures: Figures) -> str:
    by_name = {arm.name: arm for arm in figures.arms}
    first, second = (round(by_name[name].exact_match.value * figures.n) for name in (each.first, each.second))
    look = {1: "up", -1: "down", 0: ""}[each.verdict]
    counts = (
        f"{each.second} fills {second} of {figures.n} holes exactly, {each.first} {first}. Only {each.second} has "
        f"{each.only_second} right, only {each.first} {each.only_first} (McNemar's exact p = {each.p_value:.2g})."
    )
    return (
        f'<section class="verdict {look}"><p><strong>{escape(_capital(verdict(each)))}</strong></p>'
        f'<p class="muted">{escape(_capital(counts))}</p></section>'
    )


def exact_section(figures: Figures) -> str:
    """Return the plot of each arm's exact match."""
    rows = [
        Row(arm.name, f"{arm.exact_match.n} holes", (_share_point(series, arm.exact_match),))
        for series, arm in enumerate(figures.arms)
    ]
    plot = intervals("Exact match of each arm", "holes filled exactly, %, with 95 % intervals (Wilson)", rows)
    return section("Exact match", "How many holes were filled with just what stood there.", plot)


def _differences(figures: Figures) -> str:
    if not figures.differences:
        return ""
    several = len(figures.differences) > 1
    parts = [("all holes", figures.n, figures.differences)]
    parts += [
        (group.name, group.n, group.differences)
        for group in (*figures.by_kind, *(figures.by_language if len(figures.by_language) > 1 else ()))
        if group.n >= _LEAST_FOR_A_PLOT
    ]
    rows = [
        Row(name, f"{n} holes", tuple(_difference_point(series, each) for series, each in enumerate(differences, 1)))
        for name, n, differences in parts
    ]
    first = figures.differences[0].first
    names = [each.second for each in figures.differences]
    plot = intervals(
        f"Difference to {first}", "points of exact match, with 95 % intervals (paired bootstrap)", rows, zero=True
    )
    text = (
        f"How many more holes {names[0] if not several else 'each arm'} fills exactly than {first}. An interval that "
        "holds zero shows no difference."
    )
    return section(f"Difference to {first}", text, plot, key(["", *names]) if several else "")


def groups_section(title: str, what: str, groups: Sequence[Group], names: Sequence[str]) -> str:
    """Return the plot of each arm's exact match for parts of the holes."""
    rows = [
        Row(
            group.name,
            f"{group.n} holes",
            tuple(_share_point(series, group.exact_match[name]) for series, name in enumerate(names)),
        )
        for group in groups
        if group.n >= _LEAST_FOR_A_PLOT
    ]
    if not rows:
        return ""
    plot = intervals(f"Exact match by {what}", "holes filled exactly, %, with 95 % intervals (Wilson)", rows)
    left_out = [f"{group.name} ({group.n})" for group in groups if group.n < _LEAST_FOR_A_PLOT]
    text = f"Too few to plot: {', '.join(left_out)}." if left_out else ""
    return section(title, text, plot, key(names))


def times_section(figures: Figures) -> str:
    """Return the plot of each arm's times; nothing where there are none."""
    rows = [(arm.name, series, arm.times) for series, arm in enumerate(figures.arms)]
    if not any(arm.times for arm in figures.arms):
        return ""
    plot = times("Time for an answer", "milliseconds from asking to the whole answer", rows)
    return section(
        "Time for an answer",
        "Line: 5 to 95 of 100 answers; box: the middle half; stroke: the median. Each prompt is read whole; while "
        "somebody types, most of it is known from the last key.",
        plot,
    )


def figures_section(arms: Sequence[ArmFigures]) -> str:
    """Return the table of all figures, a column for each arm."""
    parses = [_percent(arm.parse_rate) if arm.parse_rate else "\N{EN DASH}" for arm in arms]
    rows = [
        ("exact match", [_percent(arm.exact_match) for arm in arms]),
        ("edit similarity, 0 to 1", [f"{arm.edit_similarity.value:.3f}" for arm in arms]),
        ("file parses, of the answers shown", parses),
        ("answers shown", [f"{arm.shown} of {arm.exact_match.n}" for arm in arms]),
        ("holes without an answer (an error)", [str(arm.failed) for arm in arms]),
        ("time, median", [f"{arm.p50_ms:,.0f} ms" for arm in arms]),
        ("time, 95 of 100 under", [f"{arm.p95_ms:,.0f} ms" for arm in arms]),
        ("tokens read, mean", [f"{arm.prompt_tokens:,.0f}" for arm in arms]),
        ("of them from other places", [f"{arm.retrieved_tokens:,.0f}" for arm in arms]),
        ("tokens written, mean", [f"{arm.generated_tokens:.1f}" for arm in arms]),
        ("reading, tokens a second", [f"{arm.prefill_tokens_per_s:,.0f}" for arm in arms]),
        ("writing, tokens a second", [f"{arm.decode_tokens_per_s:,.1f}" for arm in arms]),
    ]
    header = "".join(f"<th>{escape(arm.name)}</th>" for arm in arms)
    lines = "\n".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        for name, values in rows
    )
    return (
        '<section><h2>All figures</h2><div class="wide"><table>'
        f"<thead><tr><th></th>{header}</tr></thead>\n<tbody>{lines}</tbody></table></div></section>"
    )


def examples_section(asked: Sequence[Asked], names: Sequence[str], compared: Sequence[str] = ()) -> str:
    """Return a few holes with each arm's answer; ``compared``: the arms that they are sorted by, else all."""
    chosen = choose_examples(asked, compared or names)
    if not chosen:
        return ""
    parts = "\n".join(_example(why, each, names) for why, each in chosen)
    return (
        '<section><h2>Examples</h2><p class="muted">Good and bad, the first of each sort. What was cut out is marked; '
        f"the model saw the rest of the file.</p>\n{parts}\n</section>"
    )


def _example(why: str, asked: Asked, names: Sequence[str]) -> str:
    hole = asked.hole
    above, below, blanks = surroundings(asked)
    place = f"{escape(hole.path)}:{hole.line} <span>· {escape(hole.kind)} · {escape(why)}</span>"
    code = (
        escape(without_indent(above, blanks, whole=True))
        + f"<mark>{escape(without_indent(hole.truth, blanks, whole=False))}</mark>"
        + escape(without_indent(below, blanks, whole=False))
    )
    answers = "\n".join(_answer(name, asked.marks[name], blanks) for name in names)
    return f'<div class="example"><h3>{place}</h3>\n<pre>{code}</pre>\n<div class="answers">\n{answers}\n</div></div>'


def _answer(name: str, mark: Mark, blanks: int) -> str:
    answer = mark.answer
    word = '<span class="right">right</span>' if mark.exact else '<span class="wrong">wrong</span>'
    similar = "" if mark.exact else f", {mark.similarity:.0%} alike".replace("%", " %")
    instead = f", in place of the next {answer.replaces} characters" if answer.replaces else ""
    text = escape(without_indent(answer.text, blanks, whole=False)) or f"({escape(answer.error or 'nothing')})"
    others = [piece for piece in answer.context if piece.why not in OWN]
    pieces = "; ".join(f"{piece.path}:{piece.lines[0]}-{piece.lines[1]} ({piece.why})" for piece in others)
    read = f'<p class="from">read: {escape(pieces)}</p>' if pieces else ""
    said = f"<p><strong>{escape(name)}</strong> {word}{similar}{instead}</p>"
    return f"<div>{said}<pre>{text}</pre>{read}</div>"


def _how(about: About) -> str:
    return (
        "<section><h2>How this was measured</h2><p>The holes are pieces of lines that the latest commits added. What "
        "the arms may look up in is the repository as it was before those commits, and the open file without the "
        "piece; nobody looked at other files before, and decoding is greedy. Every arm answers every hole.</p>"
        f"<p>Again:</p><pre>{escape(about.command)}</pre></section>"
    )


def section(title: str, text: str, plot: str, key: str = "") -> str:
    """Return a part of the page: what it shows, in a sentence, and a plot with its key."""
    said = f'<p class="muted">{escape(text)}</p>' if text else ""
    return f"<section><h2>{escape(title)}</h2>{said}{key}<figure>{plot}</figure></section>"


def key(names: Sequence[str]) -> str:
    """Return what the colours of the series mean."""
    entries = "".join(
        f'<li><i style="background: var(--s{series % _SERIES})"></i>{escape(name)}</li>'
        for series, name in enumerate(names)
        if name
    )
    return f'<ul class="key">{entries}</ul>'


def _share_point(series: int, share: Share) -> Point:
    value, (low, high) = share.value, share.interval
    text = f"{100 * value:.1f} %  ({100 * low:.1f} to {100 * high:.1f})"
    return Point(series % _SERIES, 100 * value, 100 * low, 100 * high, text)


def _difference_point(series: int, each: Difference) -> Point:
    interval: Interval = each.exact_interval
    text = f"{points(each.exact_match)}  ({points(interval[0])} to {points(interval[1])})"
    return Point(series % _SERIES, 100 * each.exact_match, 100 * interval[0], 100 * interval[1], text)


def _percent(share: Share) -> str:
    return f"{100 * share.value:.1f} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
