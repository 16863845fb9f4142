"""The values that a game is given when samples are drawn."""

import torch
from toys import images, paired, small

from rivalry.catalog import find, maker
from rivalry.game import Game
from rivalry.given import given_for, target_data


def made(name: str, data, **settings) -> Game:
    return maker(find(name))(data.spec, **small(maker(find(name)), **settings))


def test_a_plain_game_is_given_nothing_and_a_conditional_one_every_class_in_turn() -> None:
    data = images(1, 8, 8, classes=3)
    assert given_for(made("dcgan", data), data, 5) == {}
    assert given_for(made("cgan", data), data, 5)["label"].tolist() == [0, 1, 2, 0, 1]


def test_nothing_is_translated_to_the_domain_that_it_is_of() -> None:
    data = images(1, 8, 8, classes=2, n=40)
    given = given_for(made("cyclegan", data), data, 12)
    for source, to in zip(given["source"], given["label"]):
        row = next(i for i, x in enumerate(data.rows(slice(None))) if torch.equal(x, source))
        assert data.label[row] == 1 - to


def test_pairs_are_carried_the_way_that_the_game_goes() -> None:
    data = paired(1, 8, 8)
    there, back = made("pix2pix", data), made("pix2pix", data, direction="b-to-a")
    assert torch.equal(given_for(there, data, 64)["source"], data.column("source", slice(None)))
    assert torch.equal(given_for(back, data, 64)["source"], data.rows(slice(None)))
    assert torch.equal(target_data(there, data).x, data.x)
    assert torch.equal(target_data(back, data).x, data.others["source"])
