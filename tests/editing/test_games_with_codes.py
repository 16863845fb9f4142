"""Every tool of `rivalry edit` that needs a code, on VAEs, flows, GLO and VQGAN, as it is on GANs."""

import pytest
import torch
from toys import engine_of, images

from rivalry.catalog import find, maker
from rivalry.editing import arithmetic, factorize, interpolate, truncate
from rivalry.editing.codes import decoded, drawn, of_seeds
from rivalry.editing.invert import invert, require_invertible
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.metrics.features.neighbors import squared_distances
from rivalry.play.goal import Goal

WITH_CODES = ("autoencoder", "vae", "vae-gan", "aae", "glo", "nice", "realnvp", "glow", "flow-gan")
DATA = images(1, 8, 8, classes=0)
of_each = pytest.mark.parametrize("name", [*WITH_CODES, "vqgan"])


@pytest.fixture(scope="module")
def games() -> dict[str, Game]:
    """A few rounds of each at toy size, as a run is opened: frozen, in evaluation mode."""
    made = {}
    for name in (*WITH_CODES, "vqgan"):
        engine = engine_of(maker(find(name)), DATA)
        engine.play(Goal(rounds=40 if name == "autoencoder" else 3))  # whose first samples are all alike
        made[name] = engine.game.eval().requires_grad_(False)
    return made


@of_each
def test_paths_lead_from_seed_to_seed(games: dict[str, Game], name: str) -> None:
    game = games[name]
    x = interpolate.frames(game, [1, 2, 3], steps=4)
    assert x.shape == (12, 1, 8, 8) and x.isfinite().all() and x.abs().max() <= 1
    torch.testing.assert_close(x[::4], decoded(game, of_seeds(game, [1, 2, 3])), atol=1e-4, rtol=1e-3)


@of_each
def test_codes_are_added_and_taken_away(games: dict[str, Game], name: str) -> None:
    a, b, c = (of_seeds(games[name], seeds) for seeds in ([0, 1], [2, 3], [4]))
    page = arithmetic.sheet(games[name], DATA.spec, a, b, c)
    assert min(page.size) > 8
    turned = arithmetic.turning(games[name], DATA.spec, arithmetic.turn(a, b), c, [0.0, 1.0])
    assert min(turned.size) > 8


@pytest.mark.parametrize("name", WITH_CODES)
def test_own_samples_are_found_again(games: dict[str, Game], name: str) -> None:
    """Nearer than the nearest of a thousand samples; the encoder of the tool is left out."""
    game = games[name]
    x = decoded(game, of_seeds(game, [11, 12]))
    found = invert(game, x, steps=60, starts=2, guess=False)
    others = decoded(game, drawn(game, 1000, seed=9))
    apart = squared_distances(x.flatten(1).double(), others.flatten(1).double()).min(1).values / 64
    assert (found.errors.double() < 0.5 * apart).all()


def test_tokens_change_by_steps_so_codes_cannot_be_looked_for(games: dict[str, Game]) -> None:
    with pytest.raises(BadRequest, match="without a gradient"):
        require_invertible(games["vqgan"])


@pytest.mark.parametrize("name", WITH_CODES)
def test_truncated_codes_are_shown(games: dict[str, Game], name: str) -> None:
    x = truncate.samples(games[name], [None, 0.5], [1, 2])
    assert x.shape == (2, 2, 1, 8, 8) and not torch.equal(x[0], x[1])


@pytest.mark.parametrize("name", ["autoencoder", "vae", "vae-gan", "aae", "glo"])
def test_a_decoder_has_strongest_directions(games: dict[str, Game], name: str) -> None:
    found = factorize.directions(games[name])
    codes = len(of_seeds(games[name], [0])[0])
    assert found.vectors.shape == (codes, codes)
    (reads,) = games[name].input_matrices()
    first = torch.linalg.svdvals(reads.double())[0]
    assert float(found.strengths[0]) == pytest.approx(float(first), rel=1e-4)


def test_a_flow_says_that_no_matrix_reads_its_codes(games: dict[str, Game]) -> None:
    with pytest.raises(BadRequest, match="which matrices its codes meet first"):
        factorize.directions(games["nice"])
