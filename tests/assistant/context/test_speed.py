from assistant.context.speed import ReadingSpeed


def test_speed_is_a_mean_of_what_tells_something():
    speed = ReadingSpeed()
    speed.learn(10, 100.0)
    speed.learn(100, 0.0)
    assert speed.tokens_per_second is None
    speed.learn(1000, 1000.0)
    assert speed.tokens_per_second == 1000
    speed.learn(1000, 500.0)
    assert 1000 < speed.tokens_per_second < 2000
