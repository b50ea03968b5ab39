import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.data.pack import pack


@given(st.lists(st.integers(1, 64), max_size=1500), st.integers(0, 5))
def test_each_sample_is_in_one_row_and_no_row_is_too_long(lengths, seed):
    rows = pack(lengths, 64, seed)
    assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
    assert all(0 < sum(lengths[number] for number in row) <= 64 for row in rows)
    assert rows == pack(lengths, 64, seed)


def test_another_seed_makes_other_rows():
    assert pack(range(1, 60), 64, 0) != pack(range(1, 60), 64, 1)


def test_little_of_a_row_is_empty():
    draw = random.Random(3)
    lengths = [min(1024, int(draw.lognormvariate(5.8, 0.5))) for _ in range(3000)]
    rows = pack(lengths, 1024, 0)
    filled = [sum(lengths[number] for number in row) / 1024 for row in rows]
    assert sum(filled) / len(filled) >= 0.97
    assert sum(each >= 0.95 for each in filled) / len(filled) >= 0.9


def test_a_sample_longer_than_a_row_is_refused():
    with pytest.raises(ValueError, match="70 tokens does not fit into a row of 64"):
        pack([3, 70], 64, 0)


def test_nothing_makes_no_rows():
    assert pack([], 64, 0) == []
