from assistant.retrieval.search.candidate import Candidate
from assistant.retrieval.search.rank import Ranked
from assistant.retrieval.search.retrieve import arrange
from tests.support import memory_index


def ranked(**scores):
    found = [
        Ranked(Candidate(f"{name}.py", 1, 2, f"{name} one two\n{name} three\n", "search", "why", 0.5), score)
        for name, score in scores.items()
    ]
    return sorted(found, key=lambda each: -each.score)


def arranged(previous, budget=1000, **scores):
    return arrange(previous, ranked(**scores), budget, memory_index.count_words)


def paths(pieces):
    return [piece.path for piece in pieces]


def test_at_first_the_best_stands_last():
    assert paths(arranged((), a=3, b=2)) == ["b.py", "a.py"]


def test_nothing_moves_while_it_is_good_enough():
    before = arranged((), a=3, b=2, c=1)
    assert arranged(before, a=2, b=3, c=1) == before
    assert arranged(before, a=3, b=2, c=1, d=0.5) == before


def test_what_is_missing_comes_after_what_is_there():
    before = arranged((), a=3, b=2)
    assert paths(arranged(before, d=6, a=3, b=2)) == ["b.py", "a.py", "d.py"]


def test_without_room_for_what_is_missing_everything_is_chosen_anew():
    before = arranged((), a=3, b=2)
    budget = sum(piece.tokens for piece in before) + 2
    assert paths(arranged(before, budget, d=6, a=3, b=1)) == ["a.py", "d.py"]


def test_another_subject_begins_anew():
    before = arranged((), a=3, b=2)
    assert paths(arranged(before, x=5, y=4, a=0.1)) == ["a.py", "y.py", "x.py"]


def test_nothing_helps_any_more():
    assert arranged(arranged((), a=3)) == ()


def test_a_smaller_budget_holds_at_once():
    before = arranged((), a=3, b=2)
    assert sum(piece.tokens for piece in arranged(before, before[0].tokens, a=3, b=2)) <= before[0].tokens
