import math

import pytest
import torch

from assistant.engine.decoding.sampling import (
    describe,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    likeliest,
    only,
    penalise,
    sample,
)
from assistant.types import Params

# Probabilities 1/2, 1/4, 1/8, 1/8.
LOGITS = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draw(count: int, **params) -> list[int]:
    source = generator(1)
    return [sample(LOGITS, Params(**params), generator=source).token for _ in range(count)]


def test_greedy_takes_the_best_and_says_how_likely_it_was():
    chosen = sample(LOGITS, Params(logprobs=2))
    assert chosen.token == 0
    assert chosen.logprob == pytest.approx(math.log(0.5))
    assert [token for token, _ in chosen.top] == [0, 1]
    assert [math.exp(p) for _, p in chosen.top] == pytest.approx([0.5, 0.25])


def test_probabilities_are_the_models_own():
    # At temperature 100 all four are about as likely to be drawn, but the report stays.
    for seed in range(20):
        chosen = sample(LOGITS, Params(temperature=100.0), generator=generator(seed))
        assert chosen.logprob == pytest.approx(float(LOGITS[chosen.token]), abs=1e-6)


def test_no_alternatives_unless_asked_for():
    assert describe(LOGITS, 1).top == ()
    assert describe(LOGITS, 1, 0).top == ()
    assert len(describe(LOGITS, 1, 99).top) == 4


def test_sampling_follows_the_probabilities():
    tokens = draw(4000, temperature=1.0)
    shares = [tokens.count(i) / len(tokens) for i in range(4)]
    assert shares == pytest.approx([0.5, 0.25, 0.125, 0.125], abs=0.03)


def test_temperature_sharpens():
    # At temperature 1/2 the probabilities are squared: 16/22, 4/22, 1/22, 1/22.
    tokens = draw(4000, temperature=0.5)
    assert tokens.count(0) / len(tokens) == pytest.approx(16 / 22, abs=0.03)


def test_a_seed_gives_the_same_draws_again():
    params = Params(temperature=1.0)
    first = [sample(LOGITS, params, generator=generator(seed)).token for seed in range(30)]
    again = [sample(LOGITS, params, generator=generator(seed)).token for seed in range(30)]
    assert first == again
    assert len(set(first)) > 1


def test_top_k_keeps_the_best():
    assert keep_top_k(LOGITS, 2).isinf().tolist() == [False, False, True, True]
    assert torch.equal(keep_top_k(LOGITS, 0), LOGITS)
    assert torch.equal(keep_top_k(LOGITS, 9), LOGITS)
    assert set(draw(200, temperature=5.0, top_k=2)) == {0, 1}


@pytest.mark.parametrize(("p", "kept"), [(0.0, 1), (0.5, 1), (0.51, 2), (0.75, 2), (0.8, 3), (1.0, 4)])
def test_top_p_keeps_the_fewest_that_reach_it(p, kept):
    assert int(keep_top_p(LOGITS, p).isfinite().sum()) == kept


@pytest.mark.parametrize(("p", "kept"), [(0.0, 4), (0.2, 4), (0.3, 2), (0.6, 1), (1.0, 1)])
def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest(p, kept):
    assert int(keep_min_p(LOGITS, p).isfinite().sum()) == kept


def test_min_p_bounds_what_is_drawn():
    assert set(draw(300, temperature=1.0, min_p=0.3)) == {0, 1}


def test_top_p_keeps_the_order_of_the_vocabulary():
    shuffled = LOGITS[[3, 0, 2, 1]]
    assert keep_top_p(shuffled, 0.6).isfinite().tolist() == [False, True, False, True]


def test_penalty_divides_positive_and_multiplies_negative_scores():
    scores = torch.tensor([2.0, -2.0, 3.0])
    assert penalise(scores, torch.tensor([0, 1, 1]), 2.0).tolist() == [1.0, -4.0, 3.0]
    assert scores.tolist() == [2.0, -2.0, 3.0]


def test_penalty_changes_the_choice():
    logits = torch.tensor([2.0, 1.5])
    assert sample(logits, Params(), torch.tensor([0])).token == 0
    assert sample(logits, Params(repetition_penalty=2.0), torch.tensor([0])).token == 1


def test_half_precision_logits_are_fine():
    assert sample(LOGITS.bfloat16(), Params(temperature=1.0, top_p=0.4), generator=generator(0)).token == 0


@pytest.mark.parametrize("temperature", [5e-324, 1e-40, 1e-8])
def test_next_to_no_temperature_is_the_best_token(temperature):
    assert draw(20, temperature=temperature) == [0] * 20


@pytest.mark.parametrize("size", [3, 255, 256, 2000, 5000])
@pytest.mark.parametrize("k", [1, 3])
def test_the_likeliest_are_those_of_topk(size, k):
    scores = torch.randn(size, generator=torch.Generator().manual_seed(size))
    values, ids = likeliest(scores, k)
    expected = scores.topk(k)
    assert values.tolist() == expected.values.tolist()
    assert ids.tolist() == expected.indices.tolist()


def test_the_likeliest_of_a_few_that_are_allowed():
    scores = only(torch.randn(5000), [7, 4999])
    values, ids = likeliest(scores, 5)
    assert set(ids[:2].tolist()) == {7, 4999}
    assert values[2:].tolist() == [-torch.inf] * 3
