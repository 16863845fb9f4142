"""MoCoGAN: a content that stays for all of a clip, a motion from a recurrent network, critics of frames and of clips.

    z_t = (z_C, m_t),    m_t = GRU(ε_t, m_{t-1}),    x_t = G(z_t)
    max over D_I, D_V, min over G, R:
        E[log D_I(S₁(x))] + E[log(1 - D_I(S₁(x̃)))]  +  E[log D_V(x)] + E[log(1 - D_V(x̃))]

z_C is drawn once for a clip, ε_t for each of its frames; S₁ takes one frame at random.  The critic of frames sees how a
frame looks, that of clips sees how frames follow each other.

(Tulyakov, Liu, Yang & Kautz 2017, "MoCoGAN: Decomposing Motion and Content for Video Generation", arXiv 1707.04993,
section 3.)

Deviations:
    The critic of clips sees all frames of a clip, which are as many as the data have; the paper's sees 16 in a row.
    Both critics see the whole frame; the paper's see patches.
    The code of the action is the class that is told, unless `condition` is off; the critic of clips is told it by a
        projection.  The paper learns the action without labels by an information term as well (see `infogan`).
    m_0 is 0.  The generator's loss is -E[log D(x̃)].
"""

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import normal
from rivalry.nn.clips import ClipCritic, one_frame
from rivalry.nn.conv import ConvCritic, ConvGenerator
from rivalry.settings import Count, Fraction, Rate


class ContentAndMotion(nn.Module):
    """Codes (n, content + f · motion) -> clips (n, f, c, h, w) in [-1, 1]: a code begins with the content.

    Args:
        shape: (f, c, h, w) of a clip.
        content, motion: numbers in z_C, and in each of ε_t and m_t.
        classes: with classes each frame is told the class too.
    """

    def __init__(self, shape: tuple[int, ...], *, content: int, motion: int, width: int, classes: int):
        super().__init__()
        self.frames, c, h, w = shape
        self.content, self.motion, self.classes = content, motion, classes
        self.R = nn.GRU(motion + classes, motion, batch_first=True)
        self.frame = ConvGenerator(content + motion + classes, (c, h, w), width=width)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        drawn = z[:, self.content :].unflatten(1, (self.frames, self.motion))
        same = [z[:, : self.content]]
        if label is not None:
            same.append(F.one_hot(label, self.classes).to(z.dtype))
        kept = torch.cat(same, 1)[:, None].expand(-1, self.frames, -1)  # (n, f, content + classes)
        moved, _ = self.R(torch.cat([drawn, kept[..., self.content :]], 2))
        return self.frame(torch.cat([kept, moved], 2).flatten(0, 1)).unflatten(0, drawn.shape[:2])


class MoCoGAN(TwoPlayers):
    """A generator of clips against a critic of clips and a critic of frames.

    Args:
        frame_critic: frames (n, c, h, w) -> scores (n,).
        critic: the optimizer of both critics.
    """

    G: ContentAndMotion

    def __init__(
        self,
        G: ContentAndMotion,
        D: nn.Module,
        *,
        frame_critic: nn.Module,
        critic: MakeOptimizer,
        **parts: Any,
    ):
        super().__init__(G, D, critic=critic, **parts)
        self.D_frame = frame_critic
        self.critic = Player(self.D, self.D_frame, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        real, *given = data.take(self.batch)
        fake = self.G(self.draw(len(real)), *given)
        clips = non_saturating.critic(self.D(real, *given), self.D(fake.detach(), *given))
        frames = non_saturating.critic(*(self.D_frame(one_frame(x)) for x in (real, fake.detach())))
        yield Move(self.critic, clips + frames, {"divergence": clips, "of frames": frames})
        on_clips, on_frames = self.D(fake, *given), self.D_frame(one_frame(fake))
        yield Move(self.generator, non_saturating.generator(on_clips) + non_saturating.generator(on_frames))
        self.average.update(self.G)

    def moved_anew(self, z: Tensor) -> Tensor:
        """The same contents with other motions: (n, size) -> (n, size)."""
        return torch.cat([z[:, : self.G.content], self.draw(len(z))[:, self.G.content :]], 1)

    def input_matrices(self) -> list[Tensor]:
        """The matrix by which frames read the content (out, size); the motion goes through the recurrent network."""
        network = cast(ContentAndMotion, self.average.network)
        weight = network.frame.first.weight[:, : self.G.content]
        return [F.pad(weight, (0, self.prior.size - self.G.content))]


def mocogan(
    spec: Spec,
    *,
    content: Count = 50,
    motion: Count = 10,
    width: Count = 64,
    condition: bool = True,
    batch: Count = 32,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> MoCoGAN:
    """Content and motion apart, a critic of frames and a critic of clips.

    Settings:
        content: numbers that stay for all of a clip
        motion: numbers that change from frame to frame
        width: channels of the largest map; each halving of the picture doubles them
        condition: generator and critic of clips are told the class, of data that have classes
    """
    spec.require("mocogan", kind="clip")
    k = len(spec.classes) if condition else 0
    f, c, h, w = spec.shape
    return MoCoGAN(
        ContentAndMotion(spec.shape, content=content, motion=motion, width=width, classes=k),
        ClipCritic(spec.shape, width=width, classes=k),
        frame_critic=ConvCritic((c, h, w), width=width),
        prior=normal(content + f * motion),
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        classes=k,
        average=average,
    )


RECIPES = {
    "mocogan": {
        "laptop": {"width": 16, "batch": 16, "lr": 5e-4, "average": 0.99, "time": "10m"},
    }
}
