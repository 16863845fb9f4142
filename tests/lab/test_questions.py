"""Every question of the laboratory has a function that answers it, and a misspelled one names the nearest."""

import importlib
import inspect

import pytest
from click.testing import CliRunner

from rivalry.cli.lab import command_of, lab
from rivalry.errors import BadRequest
from rivalry.lab.answer import Answer, over, series_of, words
from rivalry.lab.questions import QUESTIONS, Question


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_a_function_that_takes_its_options(name: str) -> None:
    module, function = QUESTIONS[name].target.split(":")
    takes = inspect.signature(getattr(importlib.import_module(f"rivalry.lab.{module}"), function)).parameters
    assert {"quick", "seeds", "progress", *QUESTIONS[name].takes} <= set(takes)
    assert name in lab.commands


def test_an_unknown_question_names_the_nearest() -> None:
    with pytest.raises(BadRequest, match="did you mean 'adversarial'"):
        CliRunner().invoke(lab, ["adversary"], catch_exceptions=False)


def test_an_answer_is_a_page_with_its_sentences_and_its_rows(tmp_path) -> None:
    rows = [{"what": "a", "seed": s, "x": s + 0.5} for s in range(2)]
    answer = Answer("Why?", ["It is <so>."], ["By looking."], ["It failed."], [], rows, "what", ("x",), "now")
    page = answer.write(tmp_path).read_text()
    assert "It is &lt;so&gt;." in page and "By looking." in page and "It failed." in page
    assert '"x": 1.5' in (tmp_path / "found.json").read_text()


@pytest.mark.parametrize("quick", [True, False])
def test_a_quick_answer_says_that_it_is_one(monkeypatch, tmp_path, quick: bool) -> None:
    short = lambda **_: Answer("Why?", ["So."], [], [], [], [], "what", ("x",), "digits")
    monkeypatch.setattr("rivalry.lab.beyond.answer", short)
    asked = command_of("why", Question("beyond:answer", "why"))
    done = CliRunner().invoke(asked, ["-o", str(tmp_path), *["--quick"][:quick]], catch_exceptions=False)
    assert done.exit_code == 0
    page = (tmp_path / "report.html").read_text()
    assert ("the full protocol may say the contrary" in page) == quick


def test_a_mean_over_seeds_leaves_out_what_is_not_there_and_says_what_never_was() -> None:
    rows = [{"k": "a", "round": r, "y": y} for r, y in ((1, 2.0), (1, 4.0), (2, float("nan")))]
    assert over(rows, "y", k="a", round=1) == [2.0, 4.0] and over(rows, "y", round=2) == []
    assert words([2.0, 4.0]) == "3 ± 1.4" and words([1.0, float("inf")]).startswith("never (1 of 2)")
    assert series_of(rows, "round", "y", k="a").values[0] == 3.0
