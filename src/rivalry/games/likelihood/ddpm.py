"""Diffusion: a network learns what lies beneath noise of every level, and noise becomes data by less and less of it.

    min_F  E_{x, ε, σ} ‖D(x + σε, σ) - x‖²/c_out(σ)²,        sampling: dx/dσ = (x - D(x, σ))/σ, σ from 80 to 0

with D = c_skip y + c_out F(c_in y, σ) (Ho et al. 2020, "Denoising Diffusion Probabilistic Models", arXiv 2006.11239,
equation 14, where F predicts ε; cosine schedule of Nichol & Dhariwal 2021, arXiv 2102.09672).  A step of DDIM (Song
et al. 2020, arXiv 2010.02502, equation 13) is one of Euler's in σ, so it is the sampler here, and Heun's is another.
`process="edm"` takes the preconditioning, the levels and the sampler of Karras et al. 2022 (arXiv 2206.00364).

Deviations:
    The cosine schedule and DDIM, which came after, in place of linear steps and the chain with noise of its own.
    Levels end at σ = 80 (ᾱ = 0.00016); the cosine schedule goes on to where nothing of the data is left.
    What lies beneath an image's noise is cut off at [-1, 1] in sampling, as in the authors' code.
    No attention, no dropout, fewer channels.  Points in units of the first batch; pixels spread over their levels.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.likelihood.flow_matching import OfField
from rivalry.maths.diffusion import (
    HIGHEST,
    LOWEST,
    Noising,
    Preconditioning,
    cosine,
    log_normal,
    of_edm,
    of_noise,
)
from rivalry.maths.ode import Field
from rivalry.maths.optimizers import adam
from rivalry.nn.denoiser import denoiser_for
from rivalry.settings import Count, Fraction, Rate


class Diffusion(OfField):
    """A denoiser of every level.

    Args:
        preconditioning: what surrounds the network.
        noising: the levels.
        parts: of `OfField`.
    """

    def __init__(self, *, preconditioning: Preconditioning, noising: Noising, **parts: Any):
        super().__init__(top=HIGHEST, **parts)
        self.preconditioning, self.noising = preconditioning, noising

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        x = self.prepare(x)
        if t == 0:
            self.units.start(x)
        x, sigma = self.units(x), self.noising.draw(len(x), x.device)
        network = lambda y, level: self.network(y, level, *given)
        loss = self.preconditioning.loss(network, x, torch.randn_like(x), sigma)
        yield Move(self.model, loss, {"error": loss})
        self.average.update(self.network)

    def field(self, *given: Tensor) -> Field:
        network = lambda y, level: self.average(y, level, *given)

        def velocity(y: Tensor, level: float) -> Tensor:
            sigma = y.new_full((len(y),), max(level, LOWEST))
            beneath = self.preconditioning.denoised(network, y, sigma)
            if self.levels:
                beneath = beneath.clamp(-1, 1)
            return (y - beneath) / max(level, LOWEST)

        return velocity

    def falling(self, steps: int) -> Sequence[float]:
        return self.noising.levels(steps)

    def rising(self, steps: int) -> Sequence[float]:
        return [LOWEST, *self.noising.levels(steps)[-2::-1]]

    def measuring(self, steps: int) -> Sequence[float]:
        """Those of EDM: near data the field changes too fast for the cosine schedule's steps."""
        return log_normal().levels(steps + 1)[-2::-1]


def ddpm(
    spec: Spec,
    *,
    process: Literal["cosine", "edm"] = "cosine",
    width: Count = 64,
    blocks: Count = 2,
    patch: Count = 1,
    conditional: bool = True,
    times: Count = 1000,
    steps: Count = 50,
    batch: Count = 128,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Diffusion:
    """A small U-Net for images, a perceptron for points.

    Settings:
        process: cosine, with a network that predicts the noise and DDIM; or edm, with Heun's steps
        width: channels of the largest map, or units of a hidden layer for points
        blocks: of each size of the U-Net, or hidden blocks of the perceptron but one
        patch: so many pixels square are one place of the largest map: faster, and coarser; no matter for points
        conditional: is it told the classes, where the data have any
        times: levels of the cosine schedule; no matter for edm
        steps: of the sampler, unless it is asked for another number
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("ddpm", kind=("image", "points"))
    classes, image = len(spec.classes) if conditional else 0, spec.meaning.axes == 2
    edm = process == "edm"
    return Diffusion(
        preconditioning=of_edm(0.5 if image else 1.0) if edm else of_noise(),
        noising=log_normal() if edm else cosine(times),
        network=denoiser_for(spec, width=width, blocks=blocks, patch=patch, classes=classes),
        shape=spec.shape,
        image=image,
        optimizer=adam(lr),
        batch=batch,
        classes=classes,
        average=average,
        steps=steps,
        solver="heun" if edm else "euler",
    )


RECIPES = {
    "ddpm": {
        "ring": {"data": "ring", "time": "2m", "width": 128, "process": "edm", "conditional": False},
        "digits": {"data": "digits", "time": "3m", "width": 48, "blocks": 1},
        "laptop": {"data": "mnist", "time": "10m", "width": 32, "blocks": 1, "patch": 2},
    }
}
