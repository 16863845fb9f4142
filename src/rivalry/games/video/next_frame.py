"""Next frame: from past frames and noise to the frame that follows, from coarse to fine, against critics at each size.

    u_k = enlarged(y_{k-1}),   y_k = u_k + G_k(past_k, u_k, z)     k = 1 ... K, each twice as large as the one before
    min_G max_D  Σ_k E[log D_k(past_k, x_k)] + E[log(1 - D_k(past_k, y_k))]  and, for G,
    L_G = λ_2 Σ_k ‖x_k - y_k‖²  +  λ_gdl Σ_k Σ_axes | |∂x_k| - |∂y_k| |  +  λ_adv Σ_k -log D_k(past_k, y_k)

The squared error alone paints the mean of all possible futures; where there are two, the mean is a blur of both.  The
gradient difference loss asks for edges, the critics for a frame that could be real.  With a code z the game can make
one future or the other.

(Mathieu, Couprie & LeCun 2015, "Deep multi-scale video prediction beyond mean square error", arXiv 1511.05440.)

Deviations:
    The code z, which the paper does not have; `latent=0` is the paper's.
    With several `draws` of z for each datum, the squared error and the gradient difference of the nearest one count
        (the loss of Fan et al. 2016, arXiv 1612.00603): of a single draw they would again ask for the mean.
    The number of sizes follows from the frame, from a shorter side of 4 to 7 pixels up; the paper has four.
    Squared errors and gradient differences are means over pixels; the weights keep the authors' proportions by default.
    A frame is clipped to [-1, 1], where the paper has tanh; the smallest begins as the last frame that was told.
    Adam for both players, where the paper has gradient descent; whole frames, where it has patches that move.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths import chance
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import Divergence, non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.nn.conv import ConvCritic, halvings, init_he, no_norm
from rivalry.settings import Count, Fraction, Natural, Rate, Weight


def pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """Pictures (n, c, h, w) at `levels` sizes, the smallest first, each half of the next."""
    sizes = [x]
    for _ in range(levels - 1):
        sizes.insert(0, F.avg_pool2d(sizes[0], 2, ceil_mode=True))
    return sizes


class CoarseToFine(nn.Module):
    """Past frames and a code -> the next frame at every size.

    Args:
        shape: (c, h, w) of a frame.
        past: frames that it is told.
        latent: numbers in z; 0 for none.
        levels: sizes.
    """

    def __init__(self, shape: tuple[int, int, int], *, past: int, latent: int, levels: int, width: int):
        super().__init__()
        c = shape[0]
        self.levels = levels
        self.at = nn.ModuleList([_same_size((past + 1) * c + latent, width, c) for _ in range(levels)])

    def forward(self, past: Tensor, z: Tensor) -> list[Tensor]:
        """(n, p, c, h, w) in [-1, 1] and (n, latent) -> `levels` tensors (n, c, ...) in [-1, 1], the smallest first."""
        sizes = pyramid(past.flatten(1, 2), self.levels)
        c, made = past.shape[2], list[Tensor]()
        for network, seen in zip(self.at, sizes):
            before = made[-1] if made else seen[:, -c:]
            before = F.interpolate(before, seen.shape[2:], mode="bilinear", align_corners=False)
            noise = z[:, :, None, None].expand(-1, -1, *seen.shape[2:])
            made.append((before + network(torch.cat([seen, before, noise], 1))).clamp(-1, 1))
        return made


def _same_size(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Four convolutions 3 x 3 that keep the size."""
    sizes = [inputs, width, 2 * width, width, outputs]
    layers: list[nn.Module] = []
    for a, b in zip(sizes, sizes[1:-1]):
        layers += [nn.Conv2d(a, b, 3, 1, 1), nn.LeakyReLU(0.2)]
    last = nn.Conv2d(width, outputs, 3, 1, 1)
    network = nn.Sequential(*layers, last).apply(init_he)
    nn.init.zeros_(last.weight)  # at first the enlarged frame is left as it is
    return network


class CriticsOfSizes(nn.Module):
    """Past frames and a next one, each at every size -> a score for each size, real is high."""

    def __init__(self, shape: tuple[int, int, int], *, past: int, levels: int, width: int):
        super().__init__()
        c, h, w = shape
        sides = [(-(-h // 2**k), -(-w // 2**k)) for k in reversed(range(levels))]
        self.levels = levels
        self.at = nn.ModuleList(
            [ConvCritic(((past + 1) * c, *side), width=width, norm=no_norm) for side in sides]
        )

    def forward(self, past: Tensor, frames: list[Tensor]) -> Tensor:
        """(n, p, c, h, w) and `levels` tensors (n, c, ...) -> (n, levels)."""
        sizes = pyramid(past.flatten(1, 2), self.levels)
        pairs = zip(self.at, sizes, frames)
        return torch.stack([critic(torch.cat([seen, frame], 1)) for critic, seen, frame in pairs], 1)


class Predictor(Game):
    """A generator of next frames and how to use it: all but the round.

    Args:
        G: see `CoarseToFine`.
        past, latent: frames that it is told, numbers in z.
        draws: codes for each datum of a turn.
        l2, gdl: the weights of the two errors.
        generator: its optimizer.
        average: decay of the moving average of G that predicts; 0 for G itself.
    """

    def __init__(
        self,
        G: CoarseToFine,
        *,
        past: int,
        latent: int,
        draws: int,
        l2: float,
        gdl: float,
        generator: MakeOptimizer,
        batch: int,
        average: float,
    ):
        super().__init__()
        self.G, self.past, self.latent, self.draws, self.batch = G, past, latent, draws, batch
        self.errors = (l2, gdl)
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)

    def moments(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A random moment of each clip, `draws` times: past (n, p, c, h, w), and the next frame at every size."""
        first = torch.randint(x.shape[1] - self.past, (len(x), 1), device=x.device)
        index = first + torch.arange(self.past + 1, device=x.device)
        some = x[torch.arange(len(x), device=x.device)[:, None], index].repeat_interleave(self.draws, 0)
        return some[:, :-1], pyramid(some[:, -1], self.G.levels)

    def made(self, past: Tensor) -> list[Tensor]:
        """Next frames at every size, for codes drawn anew."""
        return self.G(past, chance.normal((len(past), self.latent), past.device))

    def error(self, made: list[Tensor], truth: list[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """λ_2 and λ_gdl times the two errors, of the nearest draw, and both errors by name."""
        l2 = sum((squared(y, x) for y, x in zip(made, truth)), torch.zeros((), device=made[0].device))
        gdl = sum((gradient_difference(y, x) for y, x in zip(made, truth)), torch.zeros_like(l2))
        a, b = self.errors
        nearest = (a * l2 + b * gdl).view(-1, self.draws).amin(1)
        return nearest.mean(), {"l2": l2.mean(), "gdl": gdl.mean()}

    def continued(self, x: Tensor, steps: int) -> Tensor:
        """The frames that follow, one by one, each from those before it and a code of its own.

        Args:
            x: (n, p or more, c, h, w) in [-1, 1]; the last p count.

        Returns:
            (n, steps, c, h, w).

        Raises:
            BadRequest: fewer frames than the game is told.
        """
        if x.shape[1] < self.past:
            raise BadRequest(f"this game continues from {self.past} frames; got {x.shape[1]}")
        codes = chance.normal((len(x), steps, self.latent), self.device)
        frames = list(x[:, -self.past :].unbind(1))
        for z in codes.unbind(1):
            frames.append(self.average(torch.stack(frames[-self.past :], 1), z)[-1].to(x.dtype))
        return torch.stack(frames[self.past :], 1) if steps else x[:, :0]

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Clips (n, f, c, h, w) of which the first frames stay and the others are predicted; `to` is not given."""
        labels_for(len(x), to, 0, self.device)
        told = x[:, : self.past]
        return torch.cat([told, self.continued(told, x.shape[1] - self.past)], 1)

    def sample(self, n: int, source: Tensor) -> Tensor:
        """`n` clips, each the continuation of the first frames of a source (n, f, c, h, w), or (1, f, c, h, w)."""
        return self.translate(source.expand(n, -1, -1, -1, -1))


class ErrorsAlone(Predictor):
    """The control without critics: min_G of the two errors."""

    def round(self, data: Source, t: int) -> Iterator[Move]:
        past, truth = self.moments(*data.take(self.batch))
        error, notes = self.error(self.made(past), truth)
        yield Move(self.generator, error, notes)
        self.average.update(self.G)


class NextFrame(Predictor):
    """A predictor whose frames must pass for real ones.

    Args:
        D: see `CriticsOfSizes`.
        critic: its optimizer.
        adversarial: the weight of its term.
        divergence: the critic estimates it and the generator lowers it.
    """

    def __init__(
        self,
        G: CoarseToFine,
        D: CriticsOfSizes,
        *,
        critic: MakeOptimizer,
        adversarial: float,
        divergence: Divergence = non_saturating,
        **parts: Any,
    ):
        super().__init__(G, **parts)
        self.D, self.adversarial, self.divergence = D, adversarial, divergence
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        past, truth = self.moments(*data.take(self.batch))
        made = self.made(past)
        on_real, on_fake = self.D(past, truth), self.D(past, [y.detach() for y in made])
        loss = self.divergence.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        error, notes = self.error(made, truth)
        adversarial = self.divergence.generator(self.D(past, made))
        yield Move(
            self.generator, error + self.adversarial * adversarial, {"adversarial": adversarial, **notes}
        )
        self.average.update(self.G)

    def score(self, x: Tensor) -> Tensor:
        """How real the frames of clips are, each after those before it: (n, f, c, h, w) -> (n,), real is high."""
        each = []
        for t in range(self.past, x.shape[1]):
            each.append(self.D(x[:, t - self.past : t], pyramid(x[:, t], self.G.levels)).sum(1))
        return torch.stack(each).mean(0)


def squared(y: Tensor, x: Tensor) -> Tensor:
    """The mean squared error of each picture: two of (n, c, h, w) -> (n,) in float32."""
    return (y.float() - x.float()).square().mean((1, 2, 3))


def gradient_difference(y: Tensor, x: Tensor) -> Tensor:
    """| |∂x| - |∂y| |, the mean over places, added over the two axes: two of (n, c, h, w) -> (n,) in float32."""
    steps = (((y.float().diff(dim=axis)).abs() - x.float().diff(dim=axis).abs()).abs() for axis in (2, 3))
    return sum((step.mean((1, 2, 3)) for step in steps), torch.zeros(len(x), device=x.device))


def next_frame(
    spec: Spec,
    *,
    past: Count = 4,
    latent: Natural = 8,
    draws: Count = 1,
    l2: Weight = 1.0,
    gdl: Weight = 1.0,
    adversarial: Weight = 0.05,
    width: Count = 64,
    batch: Count = 8,
    lr: Rate = 4e-4,
    critic_lr: Rate = 4e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> NextFrame | ErrorsAlone:
    """Networks at several sizes, each of which corrects the enlarged frame of the one before.

    Settings:
        past: frames that the next one is made from
        latent: length of the code z, normal; 0 for none, as in the paper
        draws: codes for each datum of a turn, of which the nearest counts in the two errors
        l2: weight of the squared error
        gdl: weight of the gradient difference loss
        adversarial: weight of the critics' term; with 0 there is no critic
        width: channels of a generator's first and of a critic's first map
        lr: Adam's step size of the generator
        critic_lr: Adam's step size of the critic
    """
    spec.require("next-frame", kind="clip")
    f, c, h, w = spec.shape
    if f <= past:
        raise BadRequest(
            f"next-frame makes a frame from {past} before it; the clips of {spec.name!r} have {f} frames (past=N)"
        )
    if not (l2 or gdl or adversarial):
        raise BadRequest("next-frame has nothing to learn from: l2, gdl and adversarial are all 0")
    levels = halvings((c, h, w)) + 1
    parts: dict[str, Any] = {
        "past": past,
        "latent": latent,
        "draws": draws,
        "l2": l2,
        "gdl": gdl,
        "generator": adam(lr, beta1),
        "batch": batch,
        "average": average,
    }
    G = CoarseToFine((c, h, w), past=past, latent=latent, levels=levels, width=width)
    if not adversarial:
        return ErrorsAlone(G, **parts)
    D = CriticsOfSizes((c, h, w), past=past, levels=levels, width=width)
    return NextFrame(G, D, critic=adam(critic_lr, beta1), adversarial=adversarial, **parts)


RECIPES = {
    "next-frame": {
        "laptop": {
            "width": 16,
            "batch": 8,
            "lr": 1e-3,
            "critic_lr": 1e-3,
            "draws": 4,
            "average": 0.99,
            "time": "10m",
        },
        "l2-only": {"gdl": 0.0, "adversarial": 0.0, "latent": 0},
        "without-z": {"latent": 0},
    }
}
