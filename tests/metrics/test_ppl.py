"""Path length against generators whose speed is known."""

from math import pi

import pytest
import torch
from torch import nn

from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.game.ppl import path_length, ppl, squared_distance, trimmed


class Decoder(Game):
    """A network from codes to data, in float64."""

    def __init__(self, network, latent, draw=torch.randn, classes=0, noise=0.0):
        super().__init__()
        self.network, self.latent, self.kind = network.double(), latent, draw
        self.classes, self.noise = classes, noise

    def draw(self, n):
        return self.kind(n, self.latent, dtype=torch.float64)

    def decode(self, z, label=None):
        x = self.network(z) * (1 if label is None else 1 + label[:, None])
        return x + self.noise * torch.randn_like(x) if self.noise else x


class Styled(Decoder):
    """Its style is the code, for two layers, of which the second is read."""

    def style(self, z, label=None):
        return z[:, None].expand(-1, 2, -1)

    def synthesize(self, w):
        return self.network(w[:, 1])

    def middle(self):
        return torch.zeros(self.latent)


def linear(latent=4, d=7):
    torch.manual_seed(0)
    return nn.Linear(latent, d)


def identity(d):
    same = nn.Linear(d, d, bias=False)
    nn.init.eye_(same.weight)
    return same


def apart(x, y):
    return (x - y).flatten(1).square().sum(1)


WHOLE = {"n": 4000, "trim": (0, 100)}


def mean_and_error(steps):
    return float(steps.mean()), float(steps.std() / len(steps) ** 0.5)


@pytest.mark.parametrize("sampling", ["end", "full"])
def test_on_straight_lines_a_linear_generator_moves_by_twice_its_squared_norm(sampling):
    network = linear()
    value, error = mean_and_error(path_length(Styled(network, 4), apart, sampling=sampling, **WHOLE))
    assert value == pytest.approx(2 * float(network.weight.detach().square().sum()), abs=4 * error)
    assert error < 0.03 * value


def test_on_arcs_the_identity_moves_by_angle_and_norm():
    """At t = 0 a code moves by |a| θ around and by |b| - |a| outwards; in 3 dimensions E θ² = (π² - 4) / 2."""
    value, error = mean_and_error(path_length(Decoder(identity(3), 3), apart, space="z", **WHOLE))
    assert value == pytest.approx(3 * (pi**2 - 4) / 2 + 2 * (3 - 8 / pi), abs=4 * error)


def test_codes_that_are_not_normal_are_joined_by_straight_lines():
    """Uniform on [0, 1]: E |b - a|² is 1/6 a number."""
    game = Decoder(identity(3), 3, draw=torch.rand)
    value, error = mean_and_error(path_length(game, apart, space="z", **WHOLE))
    assert value == pytest.approx(3 / 6, abs=4 * error)
    assert ppl(game, distance=apart, n=50).provenance["way"] == "straight"


def test_a_jump_is_seen_and_a_still_generator_is_perfect():
    still = nn.Linear(4, 7)
    nn.init.zeros_(still.weight)
    assert float(path_length(Styled(still, 4), apart, n=50).sum()) == 0
    folded = nn.Sequential(linear(), nn.Hardtanh(-1e-3, 1e-3), nn.Linear(7, 7))
    steps = path_length(Styled(folded, 4), apart, n=2000, trim=(0, 100))
    assert float(steps.median()) < 1e-3 * float(steps.max())


def test_trimming_leaves_what_lies_within_the_percentiles():
    steps = torch.randperm(1000).double()
    assert len(trimmed(steps, (0, 100))) == 1000
    kept = trimmed(steps, (1, 99))
    assert (float(kept.min()), float(kept.max())) == (9, 990)  # the percentiles' neighbors outwards


def test_both_ends_of_a_step_share_class_and_chance():
    quiet = path_length(Decoder(linear(), 4), apart, n=90, space="z", trim=(0, 100))
    loud = path_length(Decoder(linear(), 4, noise=1.0), apart, n=90, space="z", trim=(0, 100))
    assert torch.allclose(loud, quiet, rtol=1e-5, atol=0)
    told = path_length(Decoder(linear(), 4, classes=3), apart, n=90, space="z", trim=(0, 100))
    by_class = (told / quiet).view(30, 3)
    assert torch.allclose(by_class, torch.tensor([1.0, 4, 9]).double().expand(30, 3), rtol=1e-5, atol=0)


def test_the_score_names_what_saw_the_samples_and_where_the_codes_lay():
    eye = Extractor("halves", nn.Sequential(nn.Flatten(), nn.Linear(7, 2).double()))
    score = ppl(Styled(linear(), 4), eye, n=300, provenance={"split": "train"})
    assert (score.name, score.better, score.n) == ("ppl[halves]", "low", 300)
    assert (score.provenance["space"], score.provenance["way"]) == ("w", "straight")
    assert score.provenance["split"] == "train"
    assert score.provenance["kept"] < 300
    arcs = ppl(Decoder(linear(), 4), distance=apart, features="squares", n=300)
    assert (arcs.name, arcs.provenance["space"], arcs.provenance["way"]) == ("ppl[squares]", "z", "arc")


def test_the_spread_is_that_of_fresh_steps():
    game = Styled(linear(), 4)
    again = torch.tensor([ppl(game, distance=apart, n=200, seed=seed).value for seed in range(40)])
    assert ppl(game, distance=apart, n=200).spread == pytest.approx(float(again.std()), rel=0.4)


def test_an_extractor_sees_by_its_features_alone():
    eye = Extractor("first", nn.Sequential(nn.Flatten(), nn.Linear(3, 1, bias=False)))
    nn.init.constant_(eye.network[1].weight, 2.0)
    x, y = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 1.0, 1.0]])
    assert squared_distance(eye)(x, y).tolist() == [4.0]


def test_large_images_are_looked_at_from_afar():
    seen = []
    look = lambda x, y: seen.append(x.shape) or x.new_zeros(len(x))
    grow = nn.Sequential(nn.Linear(2, 4), nn.Unflatten(1, (1, 2, 2)), nn.Upsample(scale_factor=256))
    path_length(Decoder(grow, 2), look, n=1, space="z")
    assert seen == [(1, 1, 256, 256)]


@pytest.mark.parametrize(
    ("game", "given", "says"),
    [
        (Game(), {}, "this game decodes none"),
        (Decoder(linear(), 4), {"space": "w"}, "has no styles"),
        (Styled(linear(), 4), {"space": "v"}, "in w; got 'v'"),
        (Styled(linear(), 4), {"sampling": "middle"}, "got 'middle'"),
        (Styled(linear(), 4), {"n": 0}, "1 step or more; got 0"),
        (Styled(linear(), 4), {"epsilon": 0.0}, "above 0 and below 1"),
        (Styled(linear(), 4), {"trim": (99, 1)}, "two percentiles"),
        (Styled(linear(), 4), {"distance": lambda x, y: x.sum(1) * float("nan"), "n": 5}, "5 of 5 distances"),
        (Styled(linear(), 4), {"distance": None}, "an extractor or a distance"),
    ],
)
def test_refuses_in_one_line(game, given, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        ppl(game, **{"distance": apart, **given})
    assert "\n" not in str(refusal.value)
