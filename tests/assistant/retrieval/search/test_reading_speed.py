from assistant.retrieval.search.reading_speed import ReadingSpeed
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
