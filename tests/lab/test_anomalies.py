"""What finds anomalies: a sample's own code leaves no error, searches come nearer, sentences follow numbers."""

import pytest
import torch

from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.errors import BadRequest
from rivalry.lab.anomalies import (
    KAPPA,
    METHODS,
    answer,
    apart,
    areas,
    autoencoded,
    by_chance,
    control,
    descended,
    encoder,
    trained_gan,
    verdicts,
)


def normal(n: int = 64) -> Dataset:
    """Dark squares of 8 x 8 with a brighter half, more or less so."""
    x = torch.full((n, 1, 8, 8), 40)
    x[:, :, 4:] += torch.randint(60, 120, (n, 1, 1, 1), generator=torch.Generator().manual_seed(0))
    return Dataset(Spec("normal", "image", (1, 8, 8)), x.to(torch.uint8))


def test_the_code_of_a_sample_leaves_no_error_and_descent_comes_near() -> None:
    gan = trained_gan(normal(), 0, 0)
    z = gan.draw(16)
    x = gan.decode(z)
    assert all(float(part.abs().max()) == 0 for part in apart(gan, z, x))
    error = lambda codes: float(sum(part.mean() for part in apart(gan, codes, x)))
    assert error(descended(gan, x, 60, 0)) < 0.5 * error(gan.draw(16))


def test_an_encoder_of_normal_images_and_an_autoencoder_tell_others() -> None:
    data = normal()
    gan, upside_down = trained_gan(data, 0, 0), data.rows(slice(None)).flip(2)
    code = encoder(gan, TableSource(data, batch=32), 60, 0)
    before = encoder(gan, TableSource(data, batch=32), 0, 0)
    error = lambda network, x: sum(p.mean() for p in apart(gan, network(x), x))
    with torch.no_grad():
        assert error(code, data.rows(slice(None))) < error(before, data.rows(slice(None)))
    score = autoencoded(data, 60, 0)
    both = torch.cat([score(data.rows(slice(None))), score(upside_down)])
    assert areas(both, None, torch.arange(128) >= 64)["AUC"] > 0.95


def test_areas_are_of_the_score_and_of_its_parts() -> None:
    odd, right = torch.tensor([False, False, True, True]), torch.tensor([0.0, 1.0, 2.0, 3.0])
    wrong = areas(-right, 10 / KAPPA * right, odd)
    assert wrong == {"AUC": 1.0, "pixels alone": 0.0, "features alone": 1.0}


def test_sentences_follow_the_numbers() -> None:
    def rows(**area: float) -> list[dict[str, object]]:
        base = dict.fromkeys(METHODS, 0.5) | {k.replace("_", " "): v for k, v in area.items()}
        given = {m: base.get(m.replace("-", " "), base[m]) for m in METHODS}
        judged = {"abnormal": 60, "normal": 40}
        return [
            {"method": m, "seed": s, "AUC": a + 0.001 * s, **judged}
            for m, a in given.items()
            for s in range(3)
        ]

    assert "f-anogan finds more than autoencoder" in verdicts(rows(f_anogan=0.8))[0]
    assert "f-anogan finds less than autoencoder" in verdicts(rows(autoencoder=0.8))[0]
    assert "look more normal to it: autoencoder" in verdicts(rows(autoencoder=0.3))[-2]
    assert "No method finds" in verdicts(rows())[-1] and "No method" not in str(verdicts(rows(f_anogan=0.8)))
    assert "as it must" in control(rows(f_anogan=0.8))
    assert "ADDS NOTHING" in control(rows())


def test_chance_alone_is_what_random_scores_reach() -> None:
    draw = torch.Generator().manual_seed(0)
    odd = torch.arange(100) < 60
    found = [abs(areas(torch.rand(100, generator=draw), None, odd)["AUC"] - 0.5) for _ in range(400)]
    within = sum(one <= by_chance([{"abnormal": 60, "normal": 40}]) for one in found) / 400
    assert 0.92 < within < 0.98


def test_a_class_that_is_not_there_is_named() -> None:
    with pytest.raises(BadRequest, match="no class 'ten'"):
        answer(quick=True, seeds=1, progress=lambda *_: None, normal="ten")
    with pytest.raises(BadRequest, match="anomalies needs data of kind 'image'"):
        answer(quick=True, seeds=1, progress=lambda *_: None, data="ring")
