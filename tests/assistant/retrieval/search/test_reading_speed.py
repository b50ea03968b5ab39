import pytest

from assistant.retrieval.search.reading_speed import LEAST_TOKENS, ReadingSpeed, share_beside, tokens_for
from assistant.types import Finished, Timings


def finished(tokens, ms, *, cached=0, written=1):
    return Finished("r", "m", (), tokens + cached, cached, written, Timings(prefill_ms=ms))


def test_speed_is_a_mean_of_what_tells_something():
    speed = ReadingSpeed()
    speed.learn(finished(10, 100.0, cached=500))
    speed.learn(finished(100, 0.0))
    assert speed.tokens_per_second is None
    speed.learn(finished(1000, 1000.0))
    assert speed.tokens_per_second == 1000
    speed.learn(finished(1000, 500.0))
    assert 1000 < speed.tokens_per_second < 2000


def test_a_prompt_that_was_not_read_to_its_end_tells_nothing():
    speed = ReadingSpeed()
    speed.learn(finished(1000, 20.0, written=0))
    assert speed.tokens_per_second is None


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


def test_the_file_in_short_takes_its_share_in_steps_and_leaves_some():
    assert share_beside(1024, 0) == 1024
    assert share_beside(1024, 1) == share_beside(1024, 128) == 896
    assert share_beside(1024, 500) == 512
    assert share_beside(LEAST_TOKENS, 500) == LEAST_TOKENS // 2
