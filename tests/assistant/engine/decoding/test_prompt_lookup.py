import random

import pytest

from assistant.engine.decoding.prompt_lookup import LONGEST_MATCH, AcceptanceRates, Places, PromptLookup


def naive(ids, last, most):
    """Find by trying every place, the longest match first, the last place first."""
    for length in range(len(last), 0, -1):
        for place in range(len(ids) - 1, length - 1, -1):
            if ids[place - length : place] == last[len(last) - length :]:
                return length, ids[place : place + most]
    return 0, []


@pytest.mark.parametrize("alphabet", [[1, 2, 3], [0, 1, 256, 65536, 16777216], list(range(40))])
def test_places_find_what_trying_every_place_finds(alphabet):
    source = random.Random(len(alphabet))
    for _ in range(200):
        ids = source.choices(alphabet, k=source.randint(0, 60))
        last = source.choices(alphabet, k=source.randint(1, LONGEST_MATCH))
        places = Places(ids[:5])
        for token in ids[5:]:
            places.append(token)
        assert places.find(Places(last).last(LONGEST_MATCH), 3) == naive(ids, last, 3)


def lookup(prompt, others=(), chance=0.9, most=3):
    rates = AcceptanceRates([chance] * (LONGEST_MATCH + 1))
    return PromptLookup(prompt, [Places(other) for other in others], rates, most, 0.25), rates


def test_what_followed_the_same_tokens_is_drafted():
    one, _ = lookup([5, 6, 7, 8, 9, 1, 5])
    one.append(6)
    assert list(one.draft(10)) == [7, 8, 9]
    one.append(7)
    assert list(one.draft(2)) == [8, 9]
    assert list(one.draft(0)) == []
    one.append(99)
    assert list(one.draft(10)) == []


def test_a_longer_match_elsewhere_wins():
    one, _ = lookup([1, 2, 50, 4, 9, 1, 2], others=[[9, 1, 2, 3, 3, 3]])
    assert list(one.draft(3)) == [3, 3, 3]


def test_drafts_that_are_wrong_are_given_up_and_tried_again_after_a_while():
    one, rates = lookup([1, 2, 3, 4, 1, 2], chance=0.5)
    asked = 0
    while draft := one.draft(3):
        one.learn(len(draft), 0)
        asked += 1
    assert 0 < asked < 20
    for _ in range(100):
        if one.draft(3):
            return
    raise AssertionError(rates)


def test_right_drafts_become_longer():
    one, _ = lookup([1, 2, 3, 4, 5, 1, 2], chance=0.35)
    assert len(one.draft(3)) == 1
    for _ in range(10):
        one.learn(len(one.draft(3)), len(one.draft(3)))
    assert len(one.draft(3)) == 3


@pytest.mark.parametrize(("chance", "cost", "length"), [(0.9, 0.25, 3), (0.1, 0.25, 0), (0.4, 0.25, 1), (0.4, 0.0, 3)])
def test_the_length_is_that_which_writes_fastest(chance, cost, length):
    assert AcceptanceRates([chance] * (LONGEST_MATCH + 1)).best_length(2, 3, cost) == length
