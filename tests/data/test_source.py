"""Batches: every row once an epoch, resumed bit for bit, shared among processes, bytes as numbers in [-1, 1]."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import points

from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.errors import BadRequest


def numbered(n: int, labels: bool = True) -> Dataset:
    """Points whose one coordinate is their row, and whose label is the row modulo 3."""
    x = torch.arange(n, dtype=torch.float32)[:, None]
    spec = Spec("numbered", "points", (1,), ("a", "b", "c") if labels else ())
    return Dataset(spec, x, torch.arange(n) % 3 if labels else None)


def rows(batch: tuple[torch.Tensor, ...]) -> list[int]:
    return batch[0][:, 0].int().tolist()


@given(n=st.integers(1, 60), batch=st.integers(1, 70), seed=st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_every_row_once_an_epoch(n: int, batch: int, seed: int) -> None:
    source = TableSource(numbered(n), seed=seed)
    drawn: list[int] = []
    while len(drawn) < 3 * n:
        drawn += rows(source.take(batch))
    for epoch in range(3):
        assert sorted(drawn[epoch * n : (epoch + 1) * n]) == list(range(n))


def test_each_epoch_and_each_seed_has_its_own_order() -> None:
    source, other = TableSource(numbered(50), seed=1), TableSource(numbered(50), seed=2)
    orders = [rows(source.take(50)), rows(source.take(50)), rows(other.take(50))]
    assert orders[0] != orders[1] != orders[2] != orders[0]


@given(n=st.integers(1, 40), takes=st.lists(st.integers(1, 30), max_size=6), then=st.integers(1, 90))
@settings(max_examples=60, deadline=None)
def test_resumed_it_goes_on_bit_for_bit(n: int, takes: list[int], then: int) -> None:
    source = TableSource(numbered(n), ("x", "label"), seed=7)
    for size in takes:
        source.take(size)
    resumed = TableSource(numbered(n), ("x", "label"), seed=0)
    resumed.load_state_dict(source.state_dict())
    assert resumed.drawn == source.drawn == sum(takes)
    for one, other in zip(source.take(then), resumed.take(then)):
        assert torch.equal(one, other)


@given(n=st.integers(1, 40), share=st.integers(1, 20), world=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_shares_of_the_processes_are_the_batch_of_one(n: int, share: int, world: int) -> None:
    alone = TableSource(numbered(n), seed=3)
    ranks = [TableSource(numbered(n), seed=3, rank=rank, world=world) for rank in range(world)]
    for _ in range(3):
        whole = rows(alone.take(share * world))
        parts = [rows(source.take(share * world)) for source in ranks]
        assert [len(part) for part in parts] == [share] * world
        assert [parts[i % world][i // world] for i in range(len(whole))] == whole


def test_the_rows_of_one_class_are_drawn_apart_and_once_an_epoch() -> None:
    data = points(n=30, classes=3)
    source = TableSource(data, ("x", "label"))
    seen = torch.cat([source.take(5, label=1)[0] for _ in range(2)])
    mine = data.x[data.label == 1]
    assert sorted(map(tuple, seen.tolist())) == sorted(map(tuple, mine.tolist()))
    assert (source.take(7, label=2)[1] == 2).all()
    assert source.drawn == 17


def test_drawing_one_class_disturbs_no_other_and_is_resumed() -> None:
    data = points(n=30, classes=3)
    alone, among = TableSource(data, ("x",), seed=4), TableSource(data, ("x",), seed=4)
    among.take(3, label=0), among.take(11)
    assert torch.equal(torch.cat([among.take(4, label=1)[0] for _ in range(4)]), alone.take(16, label=1)[0])
    again = TableSource(data, ("x",), seed=9)
    again.load_state_dict(among.state_dict())
    for label in (None, 0, 1, 2):
        assert torch.equal(again.take(9, label=label)[0], among.take(9, label=label)[0])


def test_a_class_that_nothing_belongs_to_is_named() -> None:
    data = points(n=6, classes=3)
    data.label = torch.zeros(6, dtype=torch.long)
    with pytest.raises(BadRequest, match="holds nothing of class 'class 2'"):
        TableSource(data).take(1, label=2)


def test_columns_of_a_batch_are_of_the_same_rows() -> None:
    label, x = TableSource(numbered(30), ("label", "x"), batch=12).take(12)
    assert torch.equal(label, x[:, 0].long() % 3)
    assert label.dtype == torch.int64


def test_bytes_become_numbers_from_minus_one_to_one_exactly() -> None:
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    dataset = Dataset(Spec("all", "image", (1, 16, 16)), every)
    seen = dataset.rows(slice(None)).flatten()
    assert seen.dtype == torch.float32
    assert seen[0] == -1
    assert seen[-1] == 1
    assert torch.equal(((seen + 1) * 127.5).round().byte(), every.flatten())
    assert torch.equal(seen, every.flatten().float() / 127.5 - 1)


def test_points_are_as_they_are() -> None:
    dataset = numbered(5)
    assert torch.equal(dataset.rows(torch.tensor([4, 0])), torch.tensor([[4.0], [0.0]]))


def test_spec_survives_json() -> None:
    spec = Spec("cats", "image", (3, 64, 48), ("tabby", "black"))
    assert Spec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("spec", "needs", "said"),
    [
        (
            Spec("ring", "points", (2,)),
            {"kind": "image"},
            "dcgan needs data of kind 'image'; 'ring' holds points",
        ),
        (Spec("faces", "image", (3, 64, 64)), {"classes": True}, "dcgan needs labels; 'faces' has none"),
        (Spec("dots", "image", (1, 4, 64)), {}, "at least 8 x 8; 'dots' has 4 x 64"),
    ],
)
def test_what_a_game_cannot_use(spec: Spec, needs: dict, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        spec.require("dcgan", **needs)


def test_requests_that_make_no_sense() -> None:
    with pytest.raises(BadRequest, match="holds no data"):
        TableSource(numbered(0))
    with pytest.raises(BadRequest, match="has no column 'caption'; it has x, label"):
        TableSource(numbered(4), ("x", "caption"))
    with pytest.raises(BadRequest, match="has no column 'label'; it has x"):
        TableSource(numbered(4, labels=False), ("x", "label"))
    with pytest.raises(BadRequest, match="a batch of 5 cannot be shared by 2 processes"):
        TableSource(numbered(4), world=2).take(5)
    with pytest.raises(BadRequest, match="trained on 9 data, 'numbered' now has 4"):
        TableSource(numbered(4)).load_state_dict({"drawn": 0, "seed": 0, "rows": 9})
