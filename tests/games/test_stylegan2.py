"""StyleGAN2's corrections: rates of lazy terms, a skip at the equalized rate, R1 on the image before augmentation."""

import pytest
import torch
from torch import Tensor, nn
from toys import engine_of, images

from rivalry.games.image.stylegan import stylegan, stylegan2
from rivalry.games.two_players import GAN
from rivalry.maths.augment import Augment
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import r1
from rivalry.maths.priors import normal
from rivalry.nn.equalized import EqualConv2d
from rivalry.nn.modulated import ResidualBlock


def rates(make, **settings) -> dict[str, tuple[float, float, float]]:
    players = engine_of(make, images(3, 8, 8), settings=settings).game.players
    groups = {name: p.optimizer.state_dict()["param_groups"][0] for name, p in players.items()}
    return {name: (group["lr"], *group["betas"]) for name, group in groups.items()}


def test_who_pays_lazily_steps_as_the_paper_corrects_it() -> None:
    told = rates(stylegan2, lr=2e-3, every=16, path=2.0)
    assert told["critic"] == pytest.approx((2e-3 * 16 / 17, 0.0, 0.99 ** (16 / 17)))
    assert told["generator"] == pytest.approx((2e-3 * 4 / 5, 0.0, 0.99 ** (4 / 5)))


def test_who_pays_in_every_round_needs_no_correction() -> None:
    told = rates(stylegan2, lr=2e-3, every=1, path=0.0)
    assert told["critic"] == told["generator"] == (2e-3, 0.0, 0.99)
    assert rates(stylegan, lr=1e-3)["critic"] == (1e-3, 0.0, 0.99)


def test_every_convolution_of_the_critics_block_is_equalized() -> None:
    block = ResidualBlock(64, 128)
    convs = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    assert len(convs) == 3 and all(isinstance(conv, EqualConv2d) for conv in convs)
    assert block.beside.bias is None
    assert block.beside.weight.std().item() == pytest.approx(1, rel=0.05)
    assert block.beside.scale == pytest.approx(64**-0.5)


class Doubled(Augment):
    """Twice the image."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


class Slope(nn.Module):
    """A score that rises by 3 with the one number of a datum."""

    def __init__(self) -> None:
        super().__init__()
        self.rise = nn.Parameter(torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.rise * x[:, 0]


def test_r1_is_on_the_image_before_augmentation() -> None:
    """½ (3 · 2)², where the slope in the augmented image is 3."""
    parts = {"prior": normal(1), "generator": adam(1e-3), "critic": adam(1e-3)}
    game = GAN(nn.Linear(1, 1), Slope(), penalties=[r1(1.0)], augment=Doubled(), **parts)
    engine = type("Points", (), {"take": lambda self, n: (torch.randn(n, 1),)})()
    critic, _ = game.round(engine, 0)
    assert critic.notes["r1"].item() == pytest.approx(18.0)


def test_r1_goes_through_adaptive_augmentation() -> None:
    engine = engine_of(stylegan2, images(3, 8, 8), settings={"augment": "ada", "path": 0.0})
    engine.game.augment.p.fill_(1.0)
    noted = [move.notes["r1"] for move in next(engine.turns()) if "r1" in move.notes]
    assert noted and all(value.isfinite() and value > 0 for value in noted)
