from app.services.model_rows import read_rows


def test_recommended_first_then_what_fits_then_by_size():
    rows = read_rows(
        [
            {"id": "huge", "fits": "no", "parameters": 1},
            {"id": "slow", "fits": "slow", "parameters": 2},
            {"id": "b", "fits": "yes", "parameters": 4},
            {"id": "prefix-only", "fits": "yes", "parameters": 1, "fim": False},
            {"id": "a", "fits": "yes", "parameters": 3},
            {"id": "best", "fits": "yes", "parameters": 9, "recommended": True},
        ]
    )
    assert [row.id for row in rows] == ["best", "a", "b", "prefix-only", "slow", "huge"]


def test_missing_fields_have_sensible_values_and_nameless_entries_are_left_out():
    (row,) = read_rows([{"id": "x", "licence": None, "download_bytes": None, "fits": "perhaps"}, {"name": "no id"}])
    assert (row.name, row.licence, row.download_bytes, row.fim, row.fits) == ("x", "", 0, True, "yes")
