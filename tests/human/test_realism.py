"""Error rates and their intervals against judges whose error is known; the staircase against where it must settle."""

import numpy as np
import pytest

from rivalry.errors import BadRequest
from rivalry.human.realism import Staircase, error_variance, hype_infinity, hype_time, modal
from rivalry.metrics.interval import wilson

JUDGES, IMAGES = 30, 50  # the paper's: judges, and images of each side that every judge sees


def study(seed, error=0.3, by_judge=0.0, by_image=0.0):
    """Every judge sees every image, and is wrong with a probability that varies about `error` by judge and by image."""
    generator = np.random.default_rng(seed)
    judge, item = (axis.ravel() for axis in np.mgrid[:JUDGES, : 2 * IMAGES])
    p = error + by_judge * generator.uniform(-1, 1, JUDGES)[judge]
    p = p + by_image * generator.uniform(-1, 1, 2 * IMAGES)[item]
    return judge, item, item < IMAGES, generator.random(len(judge)) < p


def coverage(truth, intervals):
    return np.mean([low <= truth <= high for low, high in intervals])


def test_the_share_of_wrong_answers_on_both_sides_alike():
    """7 of 10 fakes and 1 of 5 reals: the mean of the shares, whatever the numbers."""
    real = np.arange(15) >= 10
    wrong = np.isin(np.arange(15), [*range(7), 10])
    both, fakes, reals = hype_infinity(np.arange(15) % 3, np.arange(15), real, wrong, source="dcgan")
    assert (both.name, fakes.name, reals.name) == (
        "hype-infinity[dcgan]",
        "hype-infinity-fakes[dcgan]",
        "hype-infinity-reals[dcgan]",
    )
    assert (both.value, fakes.value, reals.value) == (pytest.approx(0.45), 0.7, 0.2)
    assert (both.n, fakes.n, reals.n) == (15, 10, 5)
    assert (both.provenance["judges"], both.provenance["n real"], both.provenance["n fake"]) == (3, 5, 10)


def test_fakes_that_look_more_real_than_reals_score_above_one_half():
    real = np.arange(200) < 100
    both = hype_infinity(np.arange(200) % 10, np.arange(200), real, np.arange(200) >= 40)[0]
    assert both.value == pytest.approx(0.8)
    assert both.details["interval"][0] > 0.5


@pytest.mark.parametrize(("by_judge", "by_image"), [(0, 0), (0.2, 0), (0, 0.2), (0.15, 0.15)])
def test_intervals_cover_a_known_error_rate_in_about_95_of_100_studies(by_judge, by_image):
    found = [hype_infinity(*study(seed, 0.3, by_judge, by_image)) for seed in range(250)]
    intervals = [[score.details["interval"] for score in scores] for scores in zip(*found)]
    assert np.mean([coverage(0.3, some) for some in intervals]) == pytest.approx(0.955, abs=0.03)


def test_intervals_that_take_all_answers_for_independent_do_not_cover():
    """The control: judges who differ are not 3,000 coins."""
    found = [hype_infinity(*study(seed, 0.3, 0.2, 0.2))[0] for seed in range(300)]
    naive = [wilson(round(score.value * score.n), score.n) for score in found]
    assert coverage(0.3, naive) < 0.7
    assert coverage(0.3, [score.details["interval"] for score in found]) > 0.91


def test_the_spread_is_that_of_other_judges_on_other_images():
    found = [hype_infinity(*study(seed, 0.3, 0.2, 0.2))[0] for seed in range(300)]
    told = np.sqrt(np.mean([score.spread**2 for score in found]))
    assert told == pytest.approx(np.std([score.value for score in found]), rel=0.12)


@pytest.mark.parametrize("complete", [True, False])
def test_the_variance_is_what_resampling_judges_and_images_tends_to(complete):
    judge, item, real, wrong = study(0, 0.3, 0.2, 0.2)
    if not complete:  # every judge has seen other images, and another number of them
        some = np.random.default_rng(1).random(len(judge)) < np.linspace(0.05, 0.4, JUDGES)[judge]
        judge, item, real, wrong = judge[some], item[some], real[some], wrong[some]
    judge, item, wrong = judge[~real], item[~real], wrong[~real]
    generator, again = np.random.default_rng(0), []
    for _ in range(4000):
        judges = np.bincount(generator.integers(JUDGES, size=JUDGES), minlength=JUDGES)
        items = np.bincount(generator.integers(IMAGES, size=IMAGES), minlength=IMAGES)
        weight = judges[judge] * items[item - IMAGES]
        again.append((weight * wrong).sum() / weight.sum())
    pull = (wrong - wrong.mean()) / len(wrong)
    counted_too_often = 2 * np.square(pull).sum()
    assert error_variance(pull, judge, item) == pytest.approx(np.var(again) - counted_too_often, rel=0.12)


def test_one_answer_an_image_by_one_judge_is_so_many_coins():
    n = 100
    real, wrong = np.arange(2 * n) < n, np.arange(2 * n) % 4 == 0
    _, fakes, _ = hype_infinity(np.zeros(2 * n, int), np.arange(2 * n), real, wrong)
    assert fakes.details["independent answers"] == pytest.approx(n, rel=0.011)  # n - 1 for n, without bias


def test_no_error_at_all_is_not_certainty():
    real = np.arange(100) < 50
    both, fakes, _ = hype_infinity(np.arange(100) % 10, np.arange(100), real, np.zeros(100, bool))
    assert fakes.value == 0
    assert fakes.details["interval"][0] == 0 and 0.05 < fakes.details["interval"][1] < 0.15
    assert both.spread > 0


@pytest.mark.parametrize("side", [True, False])
def test_refuses_one_side_alone(side):
    with pytest.raises(
        BadRequest, match=r"needs answers about (real|fake) images; there are none yet"
    ) as refusal:
        hype_infinity(np.zeros(4, int), np.arange(4), np.full(4, side), np.zeros(4, bool))
    assert "\n" not in str(refusal.value)


# ------------------------------------------------------------------ with a limit of time


def climb(staircase, right, seed=0, images=150):
    """The exposures of one block, with a judge who is right with probability right(exposure)."""
    generator = np.random.default_rng(seed)
    exposures, rights = [], []
    for _ in range(images):
        exposures.append(staircase.next(exposures, rights))
        rights.append(bool(generator.random() < right(exposures[-1])))
    return exposures


def sees_from(threshold):
    """Right by chance at a glance, three times in four at the threshold."""
    return lambda exposure: 0.5 + 0.5 / (1 + np.exp(-(exposure - threshold) / 60))


def test_a_right_answer_shortens_and_a_wrong_one_gives_three_times_as_much_back():
    stairs = Staircase()
    assert (stairs.after(500, True), stairs.after(500, False)) == (490, 530)
    assert (stairs.after(100, True), stairs.after(990, False)) == (100, 1000)
    assert stairs.next([], []) == 500


def test_every_block_begins_anew_and_only_whole_ones_count():
    stairs = Staircase(block=3)
    exposures, rights = [500, 490, 480], [True, True, True]
    assert stairs.next(exposures, rights) == 500
    assert stairs.blocks([*exposures, 500, 530]) == [exposures]


@pytest.mark.parametrize("threshold", [250, 400, 600])
def test_the_staircase_settles_where_three_answers_in_four_are_right(threshold):
    exposures = climb(Staircase(), sees_from(threshold), images=150)[75:]
    longer = [climb(Staircase(block=4000), sees_from(threshold), seed, 4000)[200:] for seed in range(2)]
    assert np.mean(longer) == pytest.approx(threshold, abs=12)
    assert np.mean(exposures) == pytest.approx(threshold, abs=120)


def test_by_the_letter_of_the_paper_even_a_judge_who_guesses_ends_at_the_shortest_exposure():
    """The control: up 10 and down 30 settles at 25 % of right answers, below chance."""
    letter = Staircase(up=10, down=30, block=400)
    assert np.mean(climb(letter, lambda exposure: 0.5, images=400)[100:]) < 140
    assert np.mean(climb(Staircase(block=400), lambda exposure: 0.5, images=400)[100:]) > 900


def test_thirty_judges_find_the_threshold_that_they_share():
    judges = [[climb(Staircase(), sees_from(400), 3 * j + b) for b in range(3)] for j in range(30)]
    score = hype_time(judges, source="dcgan")
    assert (score.name, score.n, score.provenance["blocks"]) == ("hype-time[dcgan]", 30 * 450, 90)
    assert score.value == pytest.approx(400, abs=40)
    low, high = score.details["interval"]
    assert low < score.value < high
    assert score.spread == pytest.approx(np.std(score.details["by judge"], ddof=1) / 30**0.5, rel=0.1)


def test_the_modal_exposure_is_the_one_shown_most():
    assert modal([500, 490, 490, 480]) == 490
    assert modal([500, 490, 490, 480, 480]) == 485


def test_a_single_judge_has_a_threshold_and_no_interval():
    score = hype_time([[[500, 490, 490], [500, 530, 530]], []])
    assert (score.value, score.spread, score.details["interval"]) == (510, None, None)


def test_refuses_judges_without_a_block():
    with pytest.raises(BadRequest, match="a judge who has ended a block"):
        hype_time([[], []])
