"""The strongest directions of a generator, computed only from its weights.

    max_n ‖A n‖²  with ‖n‖ = 1:  the eigenvectors of AᵀA

Shen & Zhou 2020, "Closed-Form Factorization of Latent Semantics in GANs" (SeFa, arXiv 2007.06600): A are the matrices
that are applied to a code, or a style, first.  A step of length 1 along the first eigenvector changes the output of A
most.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import DRAWN, Space, decoded, drawn, given_labels, of_seeds
from rivalry.errors import BadRequest
from rivalry.game import Game, Steerable, Styled
from rivalry.show.tables import heads, table


class Directions(NamedTuple):
    """Unit directions, strongest first.

    Attributes:
        vectors: (k, d), orthonormal; of the two signs, that whose largest entry is positive.
        strengths: (k,), how far a step of length 1 along each moves what A gives: √ of the eigenvalue.
    """

    vectors: Tensor
    strengths: Tensor


def directions(game: Game, layers: Sequence[int] | None = None) -> Directions:
    """All d directions of these layers taken together, or of all.

    Raises:
        BadRequest: the game does not provide these matrices, or there is no such layer.
    """
    matrices = input_matrices(game)
    chosen = range(len(matrices)) if layers is None else layers
    if not chosen or not all(0 <= i < len(matrices) for i in chosen):
        listed = ", ".join(map(str, chosen)) or "none"
        raise BadRequest(f"this game has layers 0 to {len(matrices) - 1}; asked for {listed}")
    A = torch.cat([matrices[i].detach().double() for i in chosen])  # (out, d)
    eigenvalues, vectors = torch.linalg.eigh(A.T @ A)  # in columns, weakest first
    vectors = vectors.T.flip(0)
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return Directions((vectors * largest.sign()).float(), eigenvalues.flip(0).clamp(min=0).sqrt().float())


def components(game: Game) -> Directions:
    """The principal components of a thousand styles: where the generator's own styles differ most.

    GANSpace (Härkönen et al. 2020, arXiv 2004.02546) for generators with styles.  The strengths are standard
    deviations.

    Raises:
        BadRequest: a game without styles, whose codes differ alike in all directions.
    """
    styles = drawn(game, DRAWN, "w")[:, 0].double()
    centered = styles - styles.mean(0)
    _, sizes, vectors = torch.linalg.svd(centered, full_matrices=False)
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return Directions((vectors * largest.sign()).float(), (sizes / len(styles) ** 0.5).float())


def input_matrices(game: Game) -> list[Tensor]:
    """The game's matrices (out, d), one for each layer.

    Raises:
        BadRequest: the game does not provide any.
    """
    if not isinstance(game, Steerable):
        raise BadRequest(
            "this game does not tell which matrices its codes meet first, so none can be factorized"
        )
    return game.input_matrices()


def steered(code: Tensor, vectors: Tensor, strengths: Tensor, layers: Sequence[int] | None = None) -> Tensor:
    """A code with every direction added in every strength.

    Args:
        code: z (d,), or a style (layers, d).
        vectors: (k, d).
        strengths: (s,) for all directions, or (k, s).
        layers: of a style, which of its layers are moved; all by default.

    Returns:
        (k, s, d) or (k, s, layers, d).
    """
    k = len(vectors)
    moves = strengths.to(code).expand(k, -1)[..., None] * vectors.to(code)[:, None]  # (k, s, d)
    if code.dim() == 1:
        return code + moves
    moved = torch.zeros(len(code), 1, dtype=code.dtype, device=code.device)
    moved[list(range(len(code)) if layers is None else layers)] = 1
    return code + moves[:, :, None] * moved


def deviations(codes: Tensor, vectors: Tensor) -> Tensor:
    """The standard deviation of codes (n, d), or of styles (n, layers, d), along each of (k, d): (k,)."""
    flat = codes if codes.dim() == 2 else codes[:, 0]
    return (flat @ vectors.to(flat).T).std(0)


def sheet(
    game: Game,
    spec: Spec,
    strengths: Sequence[float],
    *,
    count: int = 6,
    layers: Sequence[int] | None = None,
    by: str = "weights",
    seed: int = 0,
    label: int | None = None,
) -> Image.Image:
    """A picture of one sample moved along the strongest directions: a row each, a column for each strength.

    Args:
        strengths: in standard deviations of codes along the direction.
        count: how many directions.
        layers: which are factorized and, of styles, moved; all by default.
        by: "weights", or "styles" for their principal components.
        seed: of the sample.
        label: of the sample; None for the first class of a game that is told classes.
    """
    space: Space = "w" if isinstance(game, Styled) else "z"
    found = components(game) if by == "styles" else directions(game, layers)
    vectors = found.vectors[:count]
    amounts = deviations(drawn(game, DRAWN, space), vectors)[:, None].cpu() * torch.tensor(strengths)
    moved = steered(of_seeds(game, [seed], space, label)[0], vectors, amounts, layers).flatten(0, 1)
    labels = given_labels(game, 1, label).get("label")
    x = decoded(game, moved, space, None if labels is None else int(labels))
    return table(
        x.unflatten(0, (len(vectors), -1)), spec, heads(range(1, 1 + len(vectors))), heads(strengths)
    )
