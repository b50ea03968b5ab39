import pytest

from assistant.retrieval.search.budget import tokens_for


@pytest.mark.parametrize(
    ("speed", "tokens"), [(None, 256), (10, 256), (250, 256), (600, 512), (1500, 1024), (2400, 2048), (1e6, 2048)]
)
def test_the_budget_follows_the_speed_in_steps(speed, tokens):
    assert tokens_for(speed) == tokens


@pytest.mark.parametrize(
    ("current", "speed", "tokens"),
    [(256, 550, 256), (512, 480, 512), (512, 400, 256), (512, 1100, 512), (1024, 1200, 1024), (2048, 10, 256)],
)
def test_a_budget_stays_until_the_speed_is_clearly_another(current, speed, tokens):
    assert tokens_for(speed, current) == tokens
