"""What the panel says of an answer, and how one gets at each token."""

import dataclasses

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.features.explain.panel import WhyPanel
from app.features.explain.tokens import TokenView
from app.theme import load_theme
from assistant.types import Choice, ContextPiece, Span, TokenLogprob

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(qtbot, icons):
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.resize(340, 1400)
    panel = WhyPanel(icons, holder)
    panel.resize(340, 1400)
    with qtbot.waitExposed(holder):
        holder.show()
    yield panel
    holder.hide()


def texts(panel):
    return [row.text() for row in panel.rows]


def hover(panel, number):
    QTest.mouseMove(panel.tokens.viewport(), panel.tokens.place_of(number).toPoint())


def test_before_the_first_answer_it_says_how_to_get_one(panel):
    assert panel.empty.isVisible()
    assert panel.empty.text() == "No suggestion yet: type, or press Alt+\\."
    assert not panel.scroller.isVisible()


def test_an_answer_is_told_whole(panel, answer):
    panel.show_answer(answer(), 0)
    assert not panel.empty.isVisible()
    assert panel.title.text() == "Suggestion"
    assert panel.confidence.text() == "confidence 0.76"
    assert panel.filters.rows == [
        ("leaves-block", "Ends where the block of the cursor ends."),
        ("tabs-and-spaces", "Indents new lines the way the file does."),
    ]
    assert panel.context_total.text() == "731 tokens"
    assert texts(panel)[:2] == [
        "src/graft.py:1–2, 31 tokens, defines gcd",
        "src/tree.py:1–2, 88 tokens, similar lines",
    ]
    assert panel.total_time.text() == "260 ms"
    assert [(name, ms) for name, ms, _ in panel.times.stages()] == [
        ("Finding context", 12.4),
        ("Waiting", 3.1),
        ("Reading", 96.0),
        ("Writing", 148.0),
    ]
    assert panel.numbers.rows == [
        ("In the prompt", "731 tokens"),
        ("From the cache", "548 tokens"),
        ("Computed", "183 tokens"),
        ("Written", "15 tokens"),
        ("Prompt lookup", "6 of 9 accepted"),
        ("Model", "qwen2.5-coder-0.5b-instruct"),
        ("Runs on", "cpu"),
        ("Precision", "float32, 4-bit weights"),
    ]


def test_the_text_is_there_with_what_was_cut_struck_through(panel, answer):
    finished = answer()
    panel.show_answer(finished, 0)
    document = panel.tokens.document()
    assert document.toPlainText().replace("↵", "") == "".join(span.text for span in finished.choices[0].spans)
    struck, tinted = "", ""
    block = document.firstBlock()
    while block.isValid():
        for fragment in block:
            text, look = fragment.fragment().text(), fragment.fragment().charFormat()
            struck += text if look.fontStrikeOut() else ""
            tinted += text if look.background().style() != Qt.BrushStyle.NoBrush else ""
        block = block.next()
    assert struck == "↵↵print"
    assert tinted == " result * // gcd(result"


def test_the_least_likely_token_is_shown_first(panel, answer):
    panel.show_answer(answer(), 0)
    assert panel.pointed.whole == "Least likely: (result  24 %"
    assert panel.alternatives.rows()[:2] == [("(number", "61 %"), ("(result", "24 %")]


def test_a_token_under_the_mouse_shows_its_alternatives(panel, answer):
    panel.show_answer(answer(), 0)
    hover(panel, 5)
    assert panel.pointed.whole == "·//  42 %"
    assert panel.alternatives.rows() == [
        ("·//", "42 %"),
        ("↵", "38 %"),
        ("·/", "10 %"),
        ("·%", "4 %"),
        (";", "1 %"),
    ]
    assert "·// 42 %" in panel.alternatives.accessibleDescription()
    hover(panel, 14)
    assert panel.pointed.whole == "print  7 % · cut by a filter"
    QTest.mouseMove(panel.tokens.viewport(), QPoint(panel.tokens.width() - 3, 3))
    assert panel.pointed.whole.startswith("Least likely")


def test_every_token_can_be_pointed_at(panel, answer):
    panel.show_answer(answer(), 0)
    for number in range(len(panel.tokens.spans)):
        hover(panel, number)
        assert panel.tokens.current == number


def test_the_keys_go_from_token_to_token(panel, answer, qtbot):
    panel.show_answer(answer(), 0)
    panel.window().activateWindow()
    panel.give_focus()
    qtbot.waitUntil(panel.tokens.hasFocus)
    assert panel.tokens.current == 0
    for key, number in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Left, 1),
        (Qt.Key.Key_End, 14),
        (Qt.Key.Key_Right, 14),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Left, 0),
    ):
        QTest.keyClick(panel.tokens, key)
        assert panel.tokens.current == number
    assert panel.tokens.accessibleDescription() == "result 97 %"
    hover(panel, 3)
    assert panel.tokens.current == 3
    QTest.mouseClick(panel.tokens.viewport(), Qt.MouseButton.LeftButton, pos=panel.tokens.place_of(3).toPoint())
    QTest.mouseMove(panel.tokens.viewport(), QPoint(panel.tokens.width() - 3, 3))
    assert panel.tokens.current == 3
    with qtbot.waitSignal(panel.left):
        QTest.keyClick(panel.tokens, Qt.Key.Key_Escape)


def test_a_healed_token_says_what_of_it_is_shown(panel, answer):
    tokens = (TokenLogprob(" compute", -0.1, ((" compute", -0.1), (" comp", -3.0))),)
    choice = Choice(0, "ute)", "stop", 1, -0.1, tokens, spans=(Span("ute", 0), Span(")", None)))
    panel.show_answer(answer(choices=(choice,)), 0)
    hover(panel, 0)
    assert panel.pointed.whole == "·compute  90 % · shown is ute"
    hover(panel, 1)
    assert panel.pointed.whole == "A filter added )."
    assert panel.alternatives.rows() == []


def test_characters_beyond_the_basic_plane_are_one_token_each(panel, answer):
    tokens = (TokenLogprob("😀", -0.1), TokenLogprob("é", -0.2, start=1))
    choice = Choice(0, "😀é", "stop", 2, -0.15, tokens, spans=(Span("😀", 0), Span("é", 1)))
    panel.show_answer(answer(choices=(choice,)), 0)
    hover(panel, 1)
    assert panel.pointed.whole == "é  82 %"
    assert panel.alternatives.rows() == [("é", "82 %")]


def test_another_alternative_is_named(panel, answer):
    first = answer().choices[0]
    second = dataclasses.replace(first, index=1, text="pass", spans=(Span("pass", 0),), logprobs=first.logprobs[:1])
    panel.show_answer(answer(choices=(first, second)), 1)
    assert panel.confidence.text() == "2 of 2 · confidence 0.76"
    assert panel.tokens.document().toPlainText() == "pass"


def test_a_server_that_does_not_tell_says_so(panel, answer):
    silent = dataclasses.replace(answer().choices[0], logprobs=(), spans=(), mean_logprob=None)
    panel.show_answer(answer(choices=(silent,), filters=(), filter_sentences=()), 0)
    assert panel.silent.isVisible()
    assert panel.silent.text() == "This server does not return token probabilities."
    assert not panel.legend.isVisible()
    assert not panel.alternatives.isVisible()
    assert panel.confidence.text() == ""
    assert panel.tokens.document().toPlainText() == silent.text
    assert panel.filters.rows == [("", "None: the suggestion is as the model wrote it.")]
    QTest.mouseMove(panel.tokens.viewport(), QPoint(12, 12))
    assert panel.tokens.current == -1
    panel.show_answer(answer(), 0)
    assert not panel.silent.isVisible()
    assert panel.legend.isVisible()


def test_spans_of_a_server_that_does_not_tell_are_only_text(panel, answer):
    choice = Choice(0, "a)", "stop", 2, spans=(Span("a)", None),))
    panel.show_answer(answer(choices=(choice,)), 0)
    assert panel.silent.isVisible()
    assert panel.tokens.document().toPlainText() == "a)"
    QTest.mouseMove(panel.tokens.viewport(), QPoint(12, 12))
    assert panel.tokens.current == -1


def test_what_was_hidden_says_so(panel, answer):
    whole = answer().choices[0]
    spans = tuple(dataclasses.replace(span, kept=False) for span in whole.spans)
    panel.show_answer(answer(choices=(dataclasses.replace(whole, text="", spans=spans),)), 0)
    assert panel.title.text() == "Nothing was shown"
    assert panel.pointed.whole == "Least likely: print  7 %"


def test_a_model_that_wrote_nothing_says_so(panel, answer):
    panel.show_answer(answer(choices=(Choice(0, "", "stop", 0),), filters=(), context=()), 0)
    assert panel.pointed.whole == "The model wrote nothing."
    assert panel.pointed.isVisible()
    assert not panel.tokens.isVisible()
    assert panel.rows == []


def test_a_failure_stands_above_until_the_next_answer(panel, answer):
    panel.show_answer(answer(), 0)
    panel.show_failure("No room on the device.")
    assert panel.bars.texts() == {"request": "No room on the device."}
    assert panel.scroller.isVisible()
    panel.show_answer(answer(), 0)
    assert panel.bars.texts() == {}


def test_rows_of_the_answer_before_are_gone(panel, answer):
    panel.show_answer(answer(), 0)
    panel.show_answer(answer(context=answer().context[:1], filters=("too-short",), filter_sentences=("So.",)), 0)
    assert len(panel.rows) == 1
    assert panel.filters.rows == [("too-short", "So.")]


def test_a_long_suggestion_scrolls_and_a_short_one_does_not(panel, answer):
    tokens = tuple(TokenLogprob(f"line {number}\n", -0.1, start=8 * number) for number in range(60))
    spans = tuple(Span(token.text, number) for number, token in enumerate(tokens))
    long = Choice(0, "".join(span.text for span in spans), "stop", 60, -0.1, tokens, spans=spans)
    panel.show_answer(answer(choices=(long,)), 0)
    tall = panel.tokens.height()
    assert panel.tokens.verticalScrollBar().maximum() > 0
    panel.show_answer(answer(), 0)
    assert panel.tokens.height() < tall
    assert panel.tokens.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize("name", ["light", "dark", "high-contrast"])
def test_another_theme_is_put_on(panel, answer, name):
    panel.show_answer(answer(), 0)
    before = panel.grab().toImage()
    panel.set_theme(load_theme(name))
    assert (panel.grab().toImage() == before) is (name == "light")


def test_everything_has_a_name_for_screen_readers(panel, answer):
    panel.show_answer(answer(), 0)
    assert panel.findChild(TokenView).accessibleName()
    for part in (panel, panel.alternatives, panel.times, panel.legend, panel.close_button, *panel.rows):
        assert part.accessibleName()
    assert "Reading 96 ms" in panel.times.accessibleDescription()


def test_the_open_file_in_short_is_one_of_the_pieces(panel, answer):
    short = ContextPiece("src/numbers.py", (1, 90), 310, "this file, in short")
    window = ContextPiece("src/numbers.py", (97, 160), 402, "this file")
    panel.show_answer(answer(context=(short, window)), 0)
    assert panel.context_total.text() == "712 tokens"
    assert texts(panel) == [
        "src/numbers.py:1–90, 310 tokens, this file, in short",
        "src/numbers.py:97–160, 402 tokens, this file",
    ]
