"""A sample that is the picture of its sentence is found, one for another sentence is not, and noise is so by chance."""

import pytest
import torch

from rivalry.data.sets.captioned import captioned_shapes
from rivalry.errors import BadRequest
from rivalry.metrics.image.retrieval import _others, retrieval

DATA = captioned_shapes(300)
ROWS = torch.arange(0, 300, 3)


def share(x: torch.Tensor) -> tuple[float, float]:
    (score,) = retrieval(DATA, x, ROWS, DATA.others["caption"])
    return score.value, score.details["shuffled"]


def test_pictures_of_their_sentences_are_found_and_others_are_not() -> None:
    found, shuffled = share(DATA.rows(ROWS))
    assert found == 1 and shuffled < 0.2


def test_noise_finds_one_in_twenty() -> None:
    draw = torch.Generator().manual_seed(0)
    found = [share(2 * torch.rand(100, 3, 32, 32, generator=draw) - 1)[0] for _ in range(4)]
    assert sum(found) / 4 == pytest.approx(0.05, abs=0.045)


def test_the_others_are_nineteen_different_sentences() -> None:
    sentence = torch.arange(300) % 25
    chosen = sentence[_others(7, sentence, torch.Generator().manual_seed(0))]
    assert len(set(chosen.tolist())) == 19 and 7 not in chosen
    few = DATA.only(torch.arange(5))
    with pytest.raises(BadRequest, match="among 20 sentences"):
        retrieval(few, few.rows(slice(None)), torch.arange(5), few.others["caption"])
