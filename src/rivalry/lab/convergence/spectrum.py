"""The Jacobian of a game's gradient field at the end of training, by products with vectors alone.

    g(θ) = (∂L_G/∂θ_G, ∂L_D/∂θ_D),      J = ∂g/∂θ,      a round of a play multiplies a small change u of θ by T:

    simultaneous    T = I - h J
    alternating     u_D ← u_D - h (J u)_D,  then  u_G ← u_G - h (J u)_G
    consensus       T = I - h (J + γ JᵀJ)                      where g is near 0
    extragradient   T = I - h J + h² J²
    optimistic      u ← u - 2 h J u + h J u_before

(Mescheder et al. 2017, arXiv 1705.10461; Gidel et al. 2019, arXiv 1802.10551; Daskalakis et al. 2018, arXiv
1711.00141.)  Eigenvalues are found by Arnoldi's method: J is never written down.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Source
from rivalry.game import Game, Move, Player
from rivalry.games.two_players import GAN
from rivalry.maths.optimizers import sgd
from rivalry.maths.penalties import Pass

PLAYS = ("simultaneous", "alternating", "consensus", "extragradient", "optimistic")
STEPS = 60  # of Arnoldi's method
Vector = np.ndarray
Apply = Callable[[Vector], Vector]


class FixedGame(Game):
    """A trained GAN on one batch that stays: nothing is random, so that its field is a function of the weights alone.

    Args:
        trained: its networks are taken over, in float64.
        real: (n, ...), z: (n, latent).
        step: of gradient descent, both players'.
        alternating: the critic moves first, and the generator answers it; else both at once.
    """

    def __init__(self, trained: GAN, real: Tensor, z: Tensor, *, step: float, alternating: bool = False):
        super().__init__()
        self.G, self.D = trained.G.double().eval(), trained.D.double().eval()
        self.divergence, self.penalties = trained.divergence, trained.penalties
        self.real, self.z, self.alternating = real.double(), z.double(), alternating
        self.generator, self.critic = Player(self.G, optimizer=sgd(step)), Player(self.D, optimizer=sgd(step))

    def losses(self) -> tuple[Tensor, Tensor]:
        """The generator's loss and the critic's; fakes are not cut off, since each field depends on both players."""
        fake = self.G(self.z)
        on_real, on_fake = Pass(self.D, self.real), Pass(self.D, fake)
        penalties = [p.on(on_real, on_fake) for p in self.penalties]
        loss = self.divergence.critic(on_real.scores, on_fake.scores)
        return self.divergence.generator(on_fake.scores), sum(penalties, loss)

    def round(self, data: Source, t: int) -> Iterator[Move | tuple[Move, ...]]:
        if not self.alternating:
            generator, critic = self.losses()
            yield Move(self.generator, generator), Move(self.critic, critic)
            return
        yield Move(self.critic, self.losses()[1])
        yield Move(self.generator, self.losses()[0])

    def sample(self, n: int, **given: object) -> Tensor:
        return self.G(self.z[:n])


class Jacobian:
    """Products with J and Jᵀ at the weights as they are; one graph serves all of them."""

    def __init__(self, game: FixedGame):
        self.players = [game.generator.parameters, game.critic.parameters]
        every = [p for some in self.players for p in some]
        fields = [
            torch.autograd.grad(loss, own, create_graph=True, allow_unused=True)
            for loss, own in zip(game.losses(), self.players)
        ]
        pairs = zip([g for some in fields for g in some], every)
        self.parameters = every
        self.field = torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])
        self.size, self.of_generator = len(self.field), sum(p.numel() for p in self.players[0])
        self._dummy = torch.zeros_like(self.field, requires_grad=True)
        self._back = self._transposed(self._dummy, create_graph=True)  # Jᵀw, linear in w

    def _transposed(self, w: Tensor, create_graph: bool = False) -> Tensor:
        found = torch.autograd.grad(
            self.field, self.parameters, w, retain_graph=True, create_graph=create_graph, allow_unused=True
        )
        return torch.cat(
            [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(found, self.parameters)]
        )

    def times(self, u: Vector) -> Vector:
        """J u, as the derivative of Jᵀw in w."""
        given = torch.from_numpy(np.ascontiguousarray(u))
        return torch.autograd.grad(self._back, self._dummy, given, retain_graph=True)[0].numpy()

    def transposed_times(self, w: Vector) -> Vector:
        """Jᵀ w."""
        return self._transposed(torch.from_numpy(np.ascontiguousarray(w))).detach().numpy()


def arnoldi(apply: Apply, size: int, steps: int, seed: int = 0) -> tuple[Vector, Vector]:
    """Approximate eigenvalues of a linear map of R^size, complex (k,), and their vectors of length 1, (k, size).

    They are those of the map on the space of u, T u, T² u, ... (Saad 2011, "Numerical Methods for Large Eigenvalue
    Problems", algorithm 6.2, orthogonalized twice).  k is `steps`, or fewer where that space ends.  The outermost come
    first to be exact, and all are with `steps` = size.
    """
    steps = min(steps, size)
    Q, H = np.zeros((steps + 1, size)), np.zeros((steps + 1, steps))
    start = np.random.default_rng(seed).normal(size=size)
    Q[0] = start / np.linalg.norm(start)
    for k in range(steps):
        v = apply(Q[k])
        for _ in range(2):
            part = Q[: k + 1] @ v
            H[: k + 1, k] += part
            v = v - part @ Q[: k + 1]
        H[k + 1, k] = np.linalg.norm(v)
        if H[k + 1, k] < 1e-12 * np.abs(H).max():  # the space is invariant
            steps = k + 1
            break
        Q[k + 1] = v / H[k + 1, k]
    values, vectors = np.linalg.eig(H[:steps, :steps])
    return values, vectors.T @ Q[:steps]


def eigenvalues(apply: Apply, size: int, steps: int, seed: int = 0) -> Vector:
    """The values of `arnoldi` alone."""
    return arnoldi(apply, size, steps, seed)[0]


def round_of(play: str, jacobian: Jacobian, step: float, weight: float) -> tuple[Apply, int]:
    """T of one play, and the size of its state."""
    J, n, k = jacobian.times, jacobian.size, jacobian.of_generator

    def alternating(u: Vector) -> Vector:
        new = u.copy()
        new[k:] -= step * J(u)[k:]
        new[:k] -= step * J(new)[:k]
        return new

    def extragradient(u: Vector) -> Vector:
        return u - step * J(u - step * J(u))

    def optimistic(state: Vector) -> Vector:
        u, before = state[:n], state[n:]
        return np.concatenate([u - 2 * step * J(u) + step * J(before), u])

    def consensus(u: Vector) -> Vector:
        v = J(u)
        return u - step * (v + weight * jacobian.transposed_times(v))

    plays: dict[str, tuple[Apply, int]] = {
        "simultaneous": (lambda u: u - step * J(u), n),
        "alternating": (alternating, n),
        "consensus": (consensus, n),
        "extragradient": (extragradient, n),
        "optimistic": (optimistic, 2 * n),
    }
    return plays[play]


def fastest(play: str, jacobian: Jacobian, step: float, weight: float) -> tuple[float, Vector]:
    """The factor by which a round of this play multiplies the fastest growing change, and that change of length 1."""
    apply, size = round_of(play, jacobian, step, weight)
    values, vectors = arnoldi(apply, size, STEPS)
    largest = int(np.abs(values).argmax())
    change = max(vectors[largest].real, vectors[largest].imag, key=np.linalg.norm)[: jacobian.size]
    return float(np.abs(values[largest])), change / np.linalg.norm(change)


def worst(values: Iterable[complex]) -> complex:
    """The eigenvalue of least real part: below 0 no step size makes gradient play stable."""
    return min(values, key=lambda value: value.real)
