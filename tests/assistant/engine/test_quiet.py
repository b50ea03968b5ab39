import logging as standard_logging

from transformers.utils import logging

from assistant.engine.quiet import quietly


def test_bars_and_hints_are_off_inside_and_back_after(capfd):
    logger = logging.get_logger("transformers.test")
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    with quietly():
        logger.warning("not to be seen")
        assert list(logging.tqdm([1, 2], desc="Loading weights")) == [1, 2]
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (level, bars)


def test_progress_of_a_loop_is_heard():
    heard = []
    with quietly(lambda *what: heard.append(what)):
        assert list(logging.tqdm(["a", "b"], desc="Loading weights")) == ["a", "b"]
    assert heard == [("Loading weights", 0, 2), ("Loading weights", 1, 2), ("Loading weights", 2, 2)]


def test_a_loop_of_unknown_length_is_left_alone():
    heard = []
    with quietly(lambda *what: heard.append(what)):
        assert list(logging.tqdm(iter([1]))) == [1]
    assert heard == []


def test_settings_come_back_after_an_error():
    before = logging.get_verbosity()
    try:
        with quietly():
            raise KeyError
    except KeyError:
        pass
    assert logging.get_verbosity() == before


def test_other_libraries_are_silent_for_the_time(caplog):
    talker = standard_logging.getLogger("torchao")
    before = talker.level
    with quietly():
        talker.warning("Failed to load a kernel.")
    assert caplog.messages == []
    assert talker.level == before
