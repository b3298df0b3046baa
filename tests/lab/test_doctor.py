"""What the doctor finds of the lab's servers."""

from lab.doctor import checks


def test_a_server_that_runs_is_told_with_its_version():
    ((name, works, said),) = checks()

    assert (name, works) == ("PostgreSQL", True)
    assert int(said.split(".")[0]) >= 14


def test_a_server_that_cannot_be_had_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setenv("KOANS_POSTGRES_URL", "mysql://somewhere")

    ((_, works, said),) = checks()

    assert not works
    assert said == "KOANS_POSTGRES_URL does not begin with postgresql://."
