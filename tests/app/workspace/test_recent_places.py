"""The places where the person was last."""

from app.workspace.recent_places import RecentPlaces
from assistant.types import Place


def test_the_newest_comes_first() -> None:
    recent = RecentPlaces()
    recent.note("a.py", 1, "viewed")
    recent.note("b.py", 1, "edited")
    recent.note("a.py", 200, "edited")
    assert recent.places == (Place("a.py", 200, "edited"), Place("b.py", 1, "edited"), Place("a.py", 1, "viewed"))


def test_near_places_are_one_and_go_to_the_front() -> None:
    recent = RecentPlaces()
    recent.note("a.py", 10, "viewed")
    recent.note("b.py", 1, "viewed")
    recent.note("a.py", 30, "edited")
    assert recent.places == (Place("a.py", 30, "edited"), Place("b.py", 1, "viewed"))
    recent.note("a.py", 51, "viewed")
    assert recent.places[:2] == (Place("a.py", 51, "viewed"), Place("a.py", 30, "edited"))


def test_a_place_between_two_joins_them() -> None:
    recent = RecentPlaces()
    for line in (1, 41, 21):
        recent.note("a.py", line, "viewed")
    assert recent.places == (Place("a.py", 21, "viewed"),)


def test_what_was_edited_stays_so_when_it_is_looked_at() -> None:
    recent = RecentPlaces()
    recent.note("a.py", 10, "edited")
    recent.note("a.py", 12, "viewed")
    assert recent.places == (Place("a.py", 12, "edited"),)


def test_only_the_last_sixteen_are_kept() -> None:
    recent = RecentPlaces()
    for number in range(20):
        recent.note(f"{number}.py", 1, "viewed")
    assert [place.path for place in recent.places] == [f"{number}.py" for number in range(19, 3, -1)]
    recent.forget()
    assert recent.places == ()
