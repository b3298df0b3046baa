"""What the doctor finds of the lab's servers."""

import pytest

from lab.doctor import checks


def test_servers_that_run_are_told_with_their_versions():
    (postgres, redis, kafka) = checks()

    assert (postgres[:2], redis[:2]) == (("PostgreSQL", True), ("Redis", True))
    assert kafka[:2] == ("Kafka", True)
    assert "librdkafka 2." in kafka[2]
    assert int(postgres[2].split(".")[0]) >= 14
    assert int(redis[2].split(".")[0]) >= 7


@pytest.mark.parametrize(
    ("variable", "index", "says"),
    [
        (
            "KOANS_POSTGRES_URL",
            0,
            "KOANS_POSTGRES_URL does not begin with postgresql://.",
        ),
        ("KOANS_REDIS_URL", 1, "KOANS_REDIS_URL: Redis URL must specify"),
    ],
)
def test_a_server_that_cannot_be_had_is_told_with_what_to_do(
    monkeypatch, variable, index, says
):
    monkeypatch.setenv(variable, "mysql://somewhere")

    _, works, said = list(checks())[index]

    assert not works
    assert said.startswith(says)
