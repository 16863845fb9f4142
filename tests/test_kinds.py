"""The duties of every kind of data: it is stored and read, shown, written, compared, and refuses other data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rivalry.data import open_data
from rivalry.data.source import Column, Dataset, Spec, toy
from rivalry.errors import BadRequest
from rivalry.kinds import KINDS, find_kind
from rivalry.kinds.kind import Kind
from rivalry.kinds.tokens import END, PAD, UNKNOWN
from rivalry.metrics.suite import evaluate
from rivalry.show.samples import save
from rivalry.show.sheets import sheet
from rivalry.show.tables import blank, table

every_kind = pytest.mark.parametrize("kind", [find_kind(name) for name in KINDS], ids=lambda kind: kind.name)


@every_kind
def test_its_name_is_its_row_and_its_data_are_of_it(kind: Kind) -> None:
    data = toy(kind.name, n=6)
    assert find_kind(kind.name) is kind
    assert data.spec.kind == kind.name
    assert data.x.dtype == kind.dtype
    assert len(data) == 6
    assert not kind.refuse(data.rows(slice(None)), data.spec.x)
    assert not kind.unplayable(data.spec)
    assert kind.fits(data.spec.shape, data.spec.about)
    assert not kind.fits((*data.spec.shape, 2), data.spec.about)
    assert kind.words(data.spec.x)


@every_kind
def test_the_toy_is_the_same_at_every_call(kind: Kind) -> None:
    assert torch.equal(toy(kind.name).x, toy(kind.name).x)


@every_kind
def test_what_is_seen_can_be_kept(kind: Kind) -> None:
    data = toy(kind.name)
    assert torch.equal(kind.kept(data.rows(slice(None))), data.x)


@every_kind
def test_values_are_in_the_range_that_is_promised(kind: Kind) -> None:
    seen = toy(kind.name).rows(slice(None))
    assert seen.is_floating_point() == kind.real
    assert not kind.bounded or seen.abs().max() <= 1


@every_kind
def test_samples_of_another_shape_or_not_finite_are_refused(kind: Kind) -> None:
    data = toy(kind.name)
    seen = data.rows(slice(0, 4))
    assert "expected" in kind.refuse(seen.unsqueeze(1), data.spec.x)
    if kind.real:
        spoiled = seen.clone()
        spoiled[1].view(-1)[0] = float("nan")
        assert "not finite" in kind.refuse(spoiled, data.spec.x)


@every_kind
def test_a_datum_is_nearer_to_itself_than_to_others(kind: Kind) -> None:
    vectors = kind.vectors(toy(kind.name).rows(slice(None)))
    assert vectors.dtype == torch.float32
    assert vectors.ndim == 2
    distances = torch.cdist(vectors, vectors, compute_mode="donot_use_mm_for_euclid_dist")
    assert distances.diagonal().abs().max() < 1e-3
    assert distances.mean() > 0


@every_kind
def test_it_can_be_shown_alone_by_class_and_in_a_table(kind: Kind) -> None:
    data = toy(kind.name, n=12)
    x = data.rows(slice(None))
    assert sheet(x, data.spec).size > (8, 8)
    assert sheet(x, data.spec, columns=4, labels=data.label).size > (8, 8)
    cells = torch.cat([x[:5], kind.seen(blank(data.spec)[None])]).unflatten(0, (2, 3))
    assert table(cells, data.spec, ["a", "b"], ["1", "2", "3"]).size > (8, 8)


@every_kind
def test_samples_are_written_to_every_ending_that_it_names(kind: Kind, tmp_path: Path) -> None:
    data = toy(kind.name, n=3)
    for ending in (".png", ".npz", *kind.writes, *([""] if kind.single else [])):
        place = tmp_path / f"made{ending}"
        save(lambda: [data.rows(slice(None))], place, data.spec)
        assert place.stat().st_size > 0
    if kind.single:
        assert len(list((tmp_path / "made").glob(f"*{kind.single}"))) == 3


@every_kind
def test_a_spec_is_read_back_as_it_was_written(kind: Kind) -> None:
    spec = toy(kind.name).spec
    assert Spec.from_json(spec.to_json()) == spec


def test_columns_have_kinds_and_shapes_of_their_own() -> None:
    spec = Spec("drawn", "image", (1, 8, 8), extra={"at": Column("points", (2,))})
    bytes_, places = torch.full((4, 1, 8, 8), 255, dtype=torch.uint8), torch.full((4, 2), 200.0)
    data = Dataset(spec, bytes_, others={"at": places})
    assert data.column("x", slice(None)).max() == 1
    assert data.column("at", slice(None)).max() == 200
    assert Spec.from_json(spec.to_json()) == spec


def test_a_spec_of_format_1_is_read() -> None:
    """As runs were written before columns had kinds."""
    written = {"name": "maps", "kind": "image", "shape": [3, 8, 8], "classes": [], "extra": ["source"]}
    spec = Spec.from_json(written)
    assert spec.extra == {"source": Column("image", (3, 8, 8))}
    assert spec.columns == ("x", "source")


def test_an_unknown_kind_is_refused_before_anything_exists() -> None:
    with pytest.raises(BadRequest, match="no kind of data 'imagse'"):
        Spec("typo", "imagse", (1, 8, 8))


@every_kind
def test_samples_in_an_archive_are_read_as_data_of_their_kind(kind: Kind, tmp_path: Path) -> None:
    data = toy(kind.name, n=6)
    save(lambda: [data.rows(slice(None))], tmp_path / "made.npz", data.spec, label=data.label)
    again = open_data(str(tmp_path / "made.npz"))
    assert replace(again.spec, name=data.spec.name) == data.spec
    assert torch.equal(again.x, data.x)
    assert again.label is not None and torch.equal(again.label, data.label)


def test_a_sound_named_so_is_no_picture_and_bad_names_are_told(tmp_path: Path) -> None:
    place = tmp_path / "x.npz"
    waves = np.zeros((4, 1, 256), np.float32)
    np.savez(place, x=waves, kind="wave", about='{"rate": 8000}')
    assert open_data(str(place)).spec.x == Column("wave", (1, 256), {"rate": 8000})
    for given, said in (
        ({"kind": "wawe"}, "did you mean 'wave'"),
        ({"kind": "wave", "about": "[1]"}, "no table of JSON"),
        ({"kind": "wave", "about": "{"}, "no JSON"),
        ({"kind": np.arange(3)}, "expected one string"),
        ({"kind": "clip"}, "no clips"),
        ({"kind": "wave", "x": waves + 100}, "no sounds: they hold values up to 100"),
        ({"kind": "wave", "x": waves * np.nan}, "not finite"),
        ({"kind": "graph", "x": np.full((2, 8, 8), 256)}, "stored as 0 to 255"),
    ):
        np.savez(place, **{"x": waves, **given})
        with pytest.raises(BadRequest, match=said):
            open_data(str(place))


@every_kind
def test_data_are_valid_and_spoiled_ones_are_not(kind: Kind) -> None:
    data = toy(kind.name, n=8)
    seen = data.rows(slice(None))
    assert kind.valid(seen, data.spec.x).all()
    if kind.real:
        spoiled = seen.clone()
        spoiled[3].view(-1)[0] = float("inf")
        assert kind.valid(spoiled, data.spec.x).tolist() == [i != 3 for i in range(8)]


def test_a_sentence_ends_once_a_graph_has_no_loops_and_an_episode_does_not_begin_again() -> None:
    column = toy("tokens").spec.x
    words = torch.tensor(
        [[5, END, PAD], [5, 6, 7], [5, END, 6], [PAD, END, PAD], [END, PAD, PAD], [UNKNOWN, END, PAD]]
    )
    assert find_kind("tokens").valid(words, column).tolist() == [True, False, False, False, True, True]
    graph = -torch.ones(3, 4, 4)
    graph[0, 0, 1] = graph[0, 1, 0] = graph[1, 2, 2] = graph[2, 0, 3] = 1
    assert find_kind("graph").valid(graph, column).tolist() == [True, False, False]
    lasting = torch.tensor([[1.0, 1, 0], [1, 0, 1], [0, 0, 0]])[..., None]
    assert find_kind("episode").valid(lasting, column).tolist() == [True, False, False]


def test_the_share_of_valid_samples_is_a_metric() -> None:
    data = toy("graph", n=40)
    made = data.rows(slice(None)).clone()
    made[:10, 0, 0] = 1
    (score,) = evaluate(data, made, metrics="valid")
    assert (score.value, score.n, score.better) == (0.75, 40, "high")
    assert score.details["interval"][0] < 0.75 < score.details["interval"][1]
