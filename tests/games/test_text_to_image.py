"""Pictures for sentences: the data, the losses, the rule that reads pictures, and the commands."""

import pytest
import torch
from torch import Tensor
from toys import captioned, engine_of

from rivalry.data.sets.captioned import COMBINATIONS, captioned_shapes, open_captioned, read_captioned
from rivalry.data.source import Dataset, TableSource
from rivalry.errors import BadRequest
from rivalry.games.image.text_to_image import TextToImage, between, text_to_image
from rivalry.kinds.tokens import TOKENS, sentences
from rivalry.maths.chance import seeded
from rivalry.metrics.image.attributes import attributes
from rivalry.play.goal import Goal
from rivalry.show.sheets import LINE, sheet

NAMES = ("color", "shape", "place")


def combinations(data: Dataset) -> set[tuple[int, ...]]:
    return set(zip(*(data.others[name].tolist() for name in NAMES)))


def small(**given: float) -> TextToImage:
    torch.manual_seed(0)
    return text_to_image(captioned(1, 8, 8).spec, width=8, latent=6, sentence=6, batch=8, **given)


# ---------------------------------------------------------------------- data


@pytest.mark.parametrize("withheld", [0, 4, 13])
def test_some_combinations_are_withheld_and_the_others_are_all_there(withheld: int) -> None:
    seen = combinations(captioned_shapes(2000, 0, withheld=withheld))
    assert len(seen) == COMBINATIONS - withheld
    if withheld:
        others = combinations(captioned_shapes(500, 1, withheld=withheld, only=True))
        assert len(others) == withheld
        assert not seen & others


def test_a_sentence_says_what_the_picture_shows() -> None:
    data = captioned_shapes(600, 5)
    said = sentences(data.others["caption"], data.spec.extra["caption"])
    found = read_captioned(data.rows(slice(None)))
    names = data.facts["attributes"]
    for i in range(len(data)):
        words = {name: names[name][int(found[name][i])] for name in names}
        assert said[i] == f"a {words['size']} {words['color']} {words['shape']} {words['place']}"


def test_the_withheld_are_a_split_of_their_own() -> None:
    with pytest.raises(BadRequest, match="has no split 'val'; it has train, test and withheld"):
        open_captioned("captioned-shapes", "val")
    assert open_captioned("captioned-shapes", "withheld").spec == open_captioned("captioned-shapes").spec


def test_a_sentence_is_typed_and_unknown_words_are_named() -> None:
    data = captioned_shapes(1)
    column = data.spec.extra["caption"]
    assert sentences(TOKENS.typed("A small  red circle top left", column), column) == [
        "a small red circle top left"
    ]
    with pytest.raises(BadRequest, match="not in the vocabulary: purple, hexagon; it has a, small"):
        TOKENS.typed("a purple hexagon", column)
    with pytest.raises(BadRequest, match="1 to 6 tokens; this one has 7"):
        TOKENS.typed("a small red red circle top left", column)


# ---------------------------------------------------------------------- losses


def losses(game: TextToImage) -> list[Tensor]:
    data = captioned(1, 8, 8)
    source = TableSource(data, game.reads, batch=8)
    with seeded(1, game.device):
        return [move.loss for move in game.round(source, 0)]


def scores(game: TextToImage) -> tuple[Tensor, Tensor, Tensor]:
    """Of real pictures with their sentences and with those of the next, and of fakes, as `losses` has them."""
    real, caption = TableSource(captioned(1, 8, 8), game.reads, batch=8).take(8)
    with seeded(1, game.device):
        fake = game.G(game.draw(8), caption)
    return game.D(real, caption), game.D(real, caption.roll(1, 0)), game.D(fake, caption)


@pytest.mark.parametrize("wrong", [0.0, 0.5, 1.0])
def test_the_critic_lowers_algorithm_1(wrong: float) -> None:
    game = small(wrong=wrong)
    right, mismatched, fake = scores(game)
    log = lambda s: torch.nn.functional.logsigmoid(s).mean()
    by_hand = -(log(right) + (1 - wrong) * log(-fake) + wrong * log(-mismatched))
    torch.testing.assert_close(losses(game)[0], by_hand)


def test_between_a_sentence_and_itself_there_is_only_itself() -> None:
    """With β = 1 the term of GAN-INT is the generator's own loss; at β = 1/2 it is another."""
    game = small()
    z, (_, caption) = game.draw(8), TableSource(captioned(1, 8, 8), game.reads, batch=8).take(8)
    own = game.divergence.generator(game.D(game.G(z, caption), caption))
    torch.testing.assert_close(between(1.0, 1.0).measure(game, z, caption), own)
    assert (between(1.0, 0.5).measure(game, z, caption) - own).abs() > 1e-6


def test_a_game_is_told_one_sentence_for_all_or_one_each() -> None:
    game = small().eval()
    caption = captioned(1, 8, 8).others["caption"][:1]
    torch.manual_seed(0)
    for_all = game.sample(3, caption)
    torch.manual_seed(0)
    torch.testing.assert_close(game.sample(3, caption.expand(3, -1)), for_all)
    with pytest.raises(BadRequest, match="one caption for all or one each"):
        game.sample(3, caption.expand(2, -1))
    with pytest.raises(BadRequest, match="draws what a sentence says"):
        game.sample(3)


def test_the_critic_learns_which_sentence_belongs_to_a_picture_and_without_wrong_ones_does_not() -> None:
    """Pictures that are bright or dark, and sentences that say which; the generator stands still."""
    data = captioned(1, 8, 8, n=64)
    bright = (data.others["caption"][:, 0] % 2 == 0)[:, None, None, None]
    data.x[:] = torch.where(bright, 220, 30)
    apart = {}
    for wrong in (0.0, 0.5):
        engine = engine_of(text_to_image, data, settings={"wrong": wrong, "batch": 16})
        game = engine.game
        game.generator.make = lambda parameters: torch.optim.SGD(parameters, lr=0.0)
        game.critic.make = lambda parameters: torch.optim.Adam(parameters, lr=1e-2)
        engine.play(Goal(rounds=40))
        x, caption = data.rows(slice(None)), data.others["caption"]
        other = (caption[:, None, 0] % 2 != caption[None, :, 0] % 2).float().argmax(1)
        with torch.no_grad():
            apart[wrong] = float((game.score(x, caption) - game.score(x, caption[other])).mean())
    assert apart[0.5] > 1
    assert apart[0.5] > 3 * abs(apart[0.0])


# ---------------------------------------------------------------------- measured, shown, asked for


def test_the_data_show_what_they_say_and_shuffled_they_do_not() -> None:
    data = captioned_shapes(400, 3)
    x, rows = data.rows(slice(None)), torch.arange(400)
    of_data = {score.name: score.value for score in attributes(data, x, rows, read_captioned)}
    assert of_data == {f"attributes-{name}": 1.0 for name in ("all", "color", "shape", "size", "place")}
    shuffled = {score.name: score.value for score in attributes(data, x, rows.roll(1), read_captioned)}
    assert shuffled["attributes-all"] < 0.06  # one in 88 by chance
    assert 0.15 < shuffled["attributes-color"] < 0.35


def test_sentences_stand_under_their_rows() -> None:
    data = captioned_shapes(4)
    plain, said = (sheet(data.rows(slice(None)), data.spec, 2, under=under) for under in ((), ("one", "two")))
    assert said.size[1] == plain.size[1] + 2 * LINE
    dark = torch.tensor(list(said.convert("L").getdata())).view(said.size[::-1]) < 100
    assert dark[-LINE:].any()
