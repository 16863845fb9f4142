"""The tournament against players whose strengths are known, and a critic that must beat nobody."""

import pytest
import torch
from scipy.stats import spearmanr

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.game.skill import Snapshot, play, ratings, share_fooled, skill

REAL = Dataset(Spec("real", "points", (2,)), torch.tensor([[0.0, 1.0]]).expand(200, 2))


def player(name, at, strength, sight):
    """One of a Bradley-Terry model: its fakes pass for real against a critic with chance σ(strength - sight).

    A datum is its strength and whether it is real; what a critic sees is blurred by Gumbel noise, and the
    difference of two of these is logistic.
    """

    def score(x, label):
        gumbel = -torch.empty(len(x)).exponential_().log()
        return x[:, 0] + sight * x[:, 1] + gumbel

    return Snapshot(name, at, lambda n, label: torch.tensor([[strength, 0.0]]).expand(n, 2), score)


STRENGTHS, SIGHTS = (-2.0, 1.5, -1.0, 0.5, 2.0), (0.5, -1.5, 1.5, 2.0, -0.5)
PLAYERS = [player(f"p{i}", i, *both) for i, both in enumerate(zip(STRENGTHS, SIGHTS))]


def rated(score, side):
    return [each["rating"] for each in score.details[side]]


def test_ratings_rank_players_as_their_strengths_do():
    score = skill(PLAYERS, REAL)
    assert spearmanr(rated(score, "generators"), STRENGTHS).statistic == pytest.approx(1)
    assert spearmanr(rated(score, "critics"), SIGHTS).statistic == pytest.approx(1)


def test_results_are_the_chances_of_the_model():
    score = skill(PLAYERS, REAL, matches=20)
    truth = torch.tensor(STRENGTHS)[:, None].sub(torch.tensor(SIGHTS)).sigmoid()
    assert (torch.tensor(score.details["results"]) - truth).abs().max() < 0.06


def test_ratings_come_to_predict_the_results():
    """With results as the model expects them, ratings differ by 400/ln 10 for each unit of strength."""
    truth = torch.tensor(STRENGTHS).double()[:, None].sub(torch.tensor(SIGHTS)).sigmoid()
    generators, _ = ratings(truth.expand(200, 5, 5))
    apart = (generators[4].rating - generators[0].rating) / (STRENGTHS[4] - STRENGTHS[0])
    assert apart == pytest.approx(400 / 2.302585, rel=0.05)


def test_a_critic_that_scores_all_alike_beats_nobody():
    blind = Snapshot("blind", 9, PLAYERS[0].sample, lambda x, label: torch.zeros(len(x)))
    score = skill([*PLAYERS, blind], REAL)
    assert [row[-1] for row in score.details["results"]] == [1.0] * 6
    assert rated(score, "critics")[-1] == min(rated(score, "critics"))


def test_ties_go_to_the_generator():
    assert share_fooled(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0])) == 0.75
    assert share_fooled(torch.zeros(3), torch.ones(5)) == 0


def test_the_learning_curve_is_in_order_of_rounds_and_the_score_is_its_end():
    score = skill(PLAYERS[::-1], REAL, matches=2, provenance={"data": "x"})
    curve = score.details["generators"]
    assert [each["round"] for each in curve] == [0, 1, 2, 3, 4]
    assert (score.name, score.value, score.spread) == ("skill", curve[-1]["rating"], curve[-1]["deviation"])
    assert score.provenance["data"] == "x"
    assert "does not score the real higher" in score.provenance["result"]


def test_more_matches_are_surer():
    few, many = (skill(PLAYERS, REAL, matches=m).spread for m in (2, 20))
    assert many < few < 350


def test_the_same_seed_plays_the_same_tournament():
    torch.manual_seed(3)
    one = skill(PLAYERS, REAL, matches=2, seed=4)
    assert one == skill(PLAYERS, REAL, matches=2, seed=4)
    assert one != skill(PLAYERS, REAL, matches=2, seed=5)


def test_labels_of_the_data_are_told_to_both_sides():
    heard = []
    both = Snapshot(
        "a",
        0,
        lambda n, label: heard.append(label) or torch.zeros(n, 2),
        lambda x, label: heard.append(label) or x[:, 0],
    )
    real = Dataset(Spec("real", "points", (2,), ("a", "b")), torch.zeros(20, 2), torch.arange(20) % 2)
    play([both], real, 5)
    assert len(heard) == 3
    assert all(torch.equal(label, heard[0]) for label in heard)


@pytest.mark.parametrize(
    ("players", "given", "says"),
    [
        (PLAYERS[:2], {}, "at least 3 snapshots; got 2"),
        ([*PLAYERS, PLAYERS[0]], {}, "the same name"),
        (PLAYERS, {"matches": 0}, "1 or more; got 0 and 64"),
        (
            [*PLAYERS, Snapshot("lost", 9, PLAYERS[0].sample, lambda x, label: x[:, 0] * float("nan"))],
            {},
            "critic 'lost' gives scores that are not finite",
        ),
    ],
)
def test_refuses_in_one_line(players, given, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        skill(players, REAL, **given)
    assert "\n" not in str(refusal.value)
