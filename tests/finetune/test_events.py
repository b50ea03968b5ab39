from finetune.events import (
    DataReady,
    EventReader,
    EventWriter,
    Failed,
    PlanReady,
    StageStarted,
    Step,
    ValidationLoss,
)

STEP = Step(1, 10, 1.5, 3e-4, 1024, 100.0, 1 << 30, 90.0)
PLAN = PlanReady("cpu", "bf16", 10, 1000, 5, 100.0, 60.0, 1 << 30, 1000, ("shorter rows",))


def write(run, *events):
    writer = EventWriter(run)
    for event in events:
        writer(event)
    writer.close()


def test_events_are_read_back_as_they_were_written(tmp_path):
    events = [
        StageStarted("data"),
        DataReady(3, 2, 10, 100, 5, 9, "commits", "A note."),
        PLAN,
        STEP,
        Failed("No.", "x"),
    ]
    write(tmp_path, *events)
    assert [each.event for each in EventReader(tmp_path).read()] == events


def test_a_reader_goes_on_where_it_stopped_and_needs_no_file(tmp_path):
    reader = EventReader(tmp_path)
    assert list(reader.read()) == []
    write(tmp_path, STEP)
    assert [each.event for each in reader.read()] == [STEP]
    assert list(reader.read()) == []
    write(tmp_path, PLAN)
    assert [each.event for each in reader.read()] == [PLAN]


def test_a_line_that_a_kill_cut_off_is_passed_over_and_the_next_event_is_whole(tmp_path):
    write(tmp_path, STEP)
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "Step", "time": 1')
    reader = EventReader(tmp_path)
    assert [each.event for each in reader.read()] == [STEP]
    write(tmp_path, PLAN)
    assert [each.event for each in reader.read()] == [PLAN]


def test_what_this_version_does_not_know_is_passed_over(tmp_path):
    (tmp_path / "events.jsonl").write_text(
        '{"event": "Danced", "time": 1}\n[]\nnull\n{"event": "Step", "time": 1, "far": 2}\n'
    )
    write(tmp_path, STEP)
    assert [each.event for each in EventReader(tmp_path).read()] == [STEP]


def test_events_under_their_old_names_are_read(tmp_path):
    (tmp_path / "events.jsonl").write_text(
        '{"event": "Step", "time": 1.0, "step": 1, "steps": 10, "loss": 1.5, "rate": 0.0003, "tokens": 1024,'
        ' "tokens_per_second": 100.0, "memory_bytes": 1073741824, "seconds_left": 90.0}\n'
        '{"event": "HeldOut", "time": 2.0, "step": 1, "loss": 1.4, "best": true}\n'
    )
    assert [each.event for each in EventReader(tmp_path).read()] == [STEP, ValidationLoss(1, 1.4, True)]
