"""Simulated people err as often as they should, and the table finds the metric that would have misled."""

import numpy as np
import pytest

from rivalry.lab.evaluation.people import CHOICES, Crowd, certain, questions_until
from rivalry.lab.evaluation.question import COPIES, against_people, controls, of_asking, of_metrics, of_pairs

LOOKS = [np.full(5, float(k)) for k in range(6)]  # source k always looks k real


def test_people_name_the_worse_image_as_often_as_they_err() -> None:
    crowd = Crowd(LOOKS, 0.2, 0)
    wrong = sum(crowd.prefers_first(0, 5) for _ in range(2000)) / 2000
    assert wrong == pytest.approx(0.2, abs=0.03)
    wins = Crowd(LOOKS, 0.0, 0).wins(10)
    assert (np.tril(wins, -1)[np.tril_indices(6, -1)] == 10).all()


def test_people_are_certain_of_pairs_that_differ_and_of_none_where_nobody_looks() -> None:
    assert (5, 0) in certain(Crowd(LOOKS, 0.1, 1).wins(40)) and (0, 5) not in certain(
        Crowd(LOOKS, 0.1, 1).wins(40)
    )
    assert len(certain(Crowd(LOOKS, 0.5, 1).wins(40))) <= 3


def test_a_metric_that_turns_sources_round_is_found_out() -> None:
    names = [*"abcde", COPIES]
    scores = {name: {"right": float(k), "wrong": -float(k)} for k, name in enumerate(names)}
    rows, misled = against_people(names, scores, Crowd(LOOKS, 0.1, 0), 0.1, 0)
    by = {row["metric"]: row for row in rows}
    assert by["right"]["correlation"] > 0.95 and by["right"]["turned round"] == 0
    assert by["wrong"]["correlation"] < -0.95 and by["wrong"]["turned round"] == 1
    assert abs(by["people who do not look"]["correlation"]) < 0.9
    (worst,) = [row for row in misled if row["metric"] == "wrong"]
    assert worst["people"] == COPIES and "misleads" in of_pairs(misled)[0]
    assert of_metrics(rows)[1].startswith("wrong would have misled most, right least")


def test_active_asking_comes_to_the_ranks_and_stays() -> None:
    truth = np.arange(6.0)
    need = [
        questions_until(0.9, CHOICES["active"], Crowd(LOOKS, 0.1, s), truth, 120, s, stays=3)
        for s in range(3)
    ]
    assert max(need) < 120
    assert questions_until(0.9, CHOICES["at random"], Crowd(LOOKS, 0.5, 0), truth, 25, 0, stays=3) == 25


def test_sentences_follow_the_numbers() -> None:
    row = lambda how, n: {"asking": how, "error": 0.1, "questions": n, "seed": 0}
    assert "2 times as many" in of_asking([row("active", 20.0), row("at random", 40.0)])[0]
    blind = [{"metric": "numbers drawn at random", "correlation": c, "seed": 0} for c in (0.1, -0.1)]
    assert "as they must" in controls([*blind, {"metric": "people who do not look", "correlation": 0.0}])[0]
    assert "MUST NOT BE" in controls([{"metric": "people who do not look", "correlation": 0.9}, *blind])[0]
