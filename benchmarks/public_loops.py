"""Rounds as the public repositories of four systems play them, written out by hand for networks of ours.

    stylegan2_rounds    turns and lazy terms each with passes of their own (the order of NVlabs/stylegan2-ada-pytorch)
    r3gan_rounds        R1 and R2 on the pass of the loss, new fakes for each player (brownvc/R3GAN)
    biggan_rounds       one critic pass over reals and fakes, the orthogonal term added to the gradients in closed
                        form (ajbrock/BigGAN-PyTorch)
    cyclegan_rounds     the translators first, then each critic by itself with a pool
                        (junyanz/pytorch-CycleGAN-and-pix2pix)

Each takes a game, whose networks and numbers it uses, and batches; one round for each value taken.  All of them: the
layout (n, c, h, w), `loss.backward()`, `requires_grad` switched off for the player who stands still,
`torch.optim.Adam` with its defaults, an average of the generator where the game keeps one, and losses read out with
`.item()`.  No line is copied: only the order of the passes and the derivatives matter here.
"""

import copy
import math
import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.style import mixed

Batches = Iterator[tuple[Tensor, ...]]


def turn_to(moving: nn.Module, still: nn.Module) -> None:
    moving.requires_grad_(True)
    still.requires_grad_(False)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float = 0.999) -> None:
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.copy_(new.lerp(kept, decay))
    for kept, new in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(new)


def slope_square(x: Tensor, scores: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return gradient.square().sum((1, 2, 3))


def stylegan2_rounds(game: Any, batches: Batches) -> Iterator[tuple[float, float]]:
    G, D, average = game.G, game.D, copy.deepcopy(game.G).eval()
    adam_G = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.0, 0.99))
    adam_D = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.99))
    mean = torch.zeros(())

    def styles(n: int) -> Tensor:
        w, other = G.mapping(torch.randn(n, game.prior.size)), G.mapping(torch.randn(n, game.prior.size))
        G.mapping.follow(w)
        return mixed(w, other, G.synthesis.layers, game.mixing)

    for t, (real,) in enumerate(batches):
        n = len(real)
        turn_to(G, D)
        adam_G.zero_grad()
        loss_G = F.softplus(-D(G.draw(styles(n)))).mean()
        loss_G.backward()
        adam_G.step()
        if t % 4 == 0:
            adam_G.zero_grad()
            w = styles(n // 2)
            x = G.draw(w)
            noise = torch.randn_like(x) / math.sqrt(x.shape[2] * x.shape[3])
            (slopes,) = torch.autograd.grad((x * noise).sum(), w, create_graph=True)
            lengths = slopes.square().sum(2).mean(1).sqrt()
            mean = mean.lerp(lengths.detach().mean(), 0.01)
            (8 * (lengths - mean).square().mean()).backward()
            adam_G.step()
        turn_to(D, G)
        adam_D.zero_grad()
        on_fake = F.softplus(D(G.draw(styles(n)))).mean()
        on_fake.backward()
        on_real = F.softplus(-D(real)).mean()
        on_real.backward()
        adam_D.step()
        if t % 16 == 0:
            adam_D.zero_grad()
            x = real.detach().requires_grad_(True)
            (16 * 5 * slope_square(x, D(x)).mean()).backward()
            adam_D.step()
        follow(average, G)
        yield (on_real + on_fake).item(), loss_G.item()


def r3gan_rounds(game: Any, batches: Batches) -> Iterator[tuple[float, float]]:
    G, D, average = game.G, game.D, copy.deepcopy(game.G).eval()
    adam_G = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.0, 0.99))
    adam_D = torch.optim.Adam(D.parameters(), lr=5e-4, betas=(0.0, 0.99))
    for (real,) in batches:
        n = len(real)
        turn_to(D, G)
        adam_D.zero_grad()
        x = real.detach().requires_grad_(True)
        y = G(torch.randn(n, game.prior.size)).detach().requires_grad_(True)
        on_real, on_fake = D(x), D(y)
        penalty = slope_square(x, on_real) + slope_square(y, on_fake)
        loss_D = (F.softplus(on_fake - on_real) + 0.5 * penalty).mean()
        loss_D.backward()
        adam_D.step()
        turn_to(G, D)
        adam_G.zero_grad()
        on_fake, on_real = D(G(torch.randn(n, game.prior.size))), D(real)
        loss_G = F.softplus(on_real - on_fake).mean()
        loss_G.backward()
        adam_G.step()
        follow(average, G)
        yield loss_D.item(), loss_G.item()


@torch.no_grad()
def add_orthogonal(network: nn.Module, weight: float) -> None:
    """Add the derivative of the orthogonal term to the gradients that are there."""
    for p in network.parameters():
        if p.dim() < 2 or p.grad is None:
            continue
        rows = p.view(len(p), -1)
        gradient = 2 * (rows @ rows.T * (1 - torch.eye(len(rows)))) @ rows
        p.grad += weight * gradient.view(p.shape)


def biggan_rounds(game: Any, batches: Batches) -> Iterator[tuple[float, float, float]]:
    G, D, average = game.G, game.D, copy.deepcopy(game.G).eval()
    adam_G = torch.optim.Adam(G.parameters(), lr=1e-4, betas=(0.0, 0.999))
    adam_D = torch.optim.Adam(D.parameters(), lr=4e-4, betas=(0.0, 0.999))
    while True:
        turn_to(D, G)
        for _ in range(game.critic_steps):
            real, label = next(batches)
            n = len(real)
            adam_D.zero_grad()
            other = torch.randint(game.classes, (n,))
            with torch.no_grad():
                fake = G(torch.randn(n, game.prior.size), other)
            on_fake, on_real = D(torch.cat([fake, real]), torch.cat([other, label])).chunk(2)
            loss_real, loss_fake = F.relu(1 - on_real).mean(), F.relu(1 + on_fake).mean()
            (loss_real + loss_fake).backward()
            adam_D.step()
        turn_to(G, D)
        adam_G.zero_grad()
        other = torch.randint(game.classes, (n,))
        loss_G = -D(G(torch.randn(n, game.prior.size), other), other).mean()
        loss_G.backward()
        add_orthogonal(G, 1e-4)
        adam_G.step()
        with torch.no_grad():
            theirs = G.state_dict()
            for name, kept in average.state_dict().items():
                kept.copy_(kept * 0.9999 + theirs[name] * (1 - 0.9999))
        yield loss_real.item(), loss_fake.item(), loss_G.item()


class PoolOfImages:
    """The last 50 fakes, one of which is shown for each second new one."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []

    def exchange(self, x: Tensor) -> Tensor:
        shown = []
        for image in x.detach():
            if len(self.images) < 50:
                self.images.append(image[None].clone())
                shown.append(image[None])
            elif random.random() > 0.5:
                k = random.randrange(50)
                shown.append(self.images[k])
                self.images[k] = image[None].clone()
            else:
                shown.append(image[None])
        return torch.cat(shown)


def cyclegan_rounds(game: Any, batches: Batches) -> Iterator[tuple[float, ...]]:
    to_a, to_b, D_a, D_b = *game.G.children(), *game.D.children()
    if isinstance(to_a, nn.ModuleList):
        (to_a, to_b), (D_a, D_b) = to_a, D_a
    adam_G = torch.optim.Adam([*to_a.parameters(), *to_b.parameters()], lr=2e-4, betas=(0.5, 0.999))
    adam_D = torch.optim.Adam([*D_a.parameters(), *D_b.parameters()], lr=2e-4, betas=(0.5, 0.999))
    pools = PoolOfImages(), PoolOfImages()
    square = lambda scores, target: F.mse_loss(scores, torch.full_like(scores, target))
    for a, b in batches:
        for D in (D_a, D_b):
            D.requires_grad_(False)
        adam_G.zero_grad()
        fake_b, fake_a = to_b(a), to_a(b)
        again_a, again_b = to_a(fake_b), to_b(fake_a)
        same = F.l1_loss(to_a(a), a) + F.l1_loss(to_b(b), b)
        loss_G = square(D_a(fake_a), 1.0) + square(D_b(fake_b), 1.0) + 5 * same
        loss_G = loss_G + 10 * (F.l1_loss(again_a, a) + F.l1_loss(again_b, b))
        loss_G.backward()
        adam_G.step()
        for D in (D_a, D_b):
            D.requires_grad_(True)
        adam_D.zero_grad()
        losses = []
        for D, real, fake, pool in ((D_a, a, fake_a, pools[0]), (D_b, b, fake_b, pools[1])):
            loss = 0.5 * (square(D(real), 1.0) + square(D(pool.exchange(fake)), 0.0))
            loss.backward()
            losses.append(loss)
        adam_D.step()
        yield loss_G.item(), *(loss.item() for loss in losses)
