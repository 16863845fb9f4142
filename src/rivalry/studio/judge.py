"""The human study in the browser: the questions, answers and results are those of `rivalry.human`."""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rivalry.data import open_data
from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.human import Study
from rivalry.human.images import FOLDER
from rivalry.runs.drawing import sample
from rivalry.runs.opening import as_trained, load
from rivalry.runs.places import data_of
from rivalry.runs.run import Run
from rivalry.show.samples import save
from rivalry.studio import asked as get
from rivalry.studio.asked import Asked
from rivalry.studio.shelf import Shelf

MOST = 500  # images of a source


class Judging:
    """The studies of a shelf.  An answer is on the disk before the next question is asked.

    A question follows from the answers that are kept, so a page that is loaded again gets the same one.
    """

    def __init__(self, shelf: Shelf):
        self.shelf, self.lock = shelf, threading.Lock()

    def do(self, what: str, asked: Asked) -> dict[str, Any]:
        """Answer one request: "new", "next", "answer" or "result".

        Raises:
            BadRequest: no such study, or what was asked makes no sense.
        """
        tools: dict[str, Callable[[Asked], dict[str, Any]]] = {
            "new": self.new,
            "next": self.next,
            "answer": self.answer,
            "result": self.result,
        }
        if what not in tools:
            raise BadRequest(f"one can ask for: {', '.join(tools)}")
        with self.lock:
            return tools[what](asked)

    def new(self, asked: Asked) -> dict[str, Any]:
        """A study of samples of runs: real or fake, against the data of the run; or which of two runs is better.

        `timed` limits the exposure, and `width` ends the study when every interval is as narrow.
        """
        names, kind = get.texts(asked, "runs", 8), get.text(asked, "kind", "real-or-fake")
        n, seed = get.whole(asked, "n", 60, 4, MOST), get.whole(asked, "seed", 0, 0, 2**31)
        if kind == "real-or-fake" and len(names) != 1:
            raise BadRequest("real or fake is asked about one run")
        runs = [self.shelf.run(name) for name in names]
        name = self.shelf.free("study-" + "-".join(names))
        with tempfile.TemporaryDirectory() as made:
            sources = {
                run.path.name: _samples(run, Path(made) / str(k), n, seed) for k, run in enumerate(runs)
            }
            real = _reals(runs[0], Path(made) / "real", n) if kind == "real-or-fake" else None
            rule: dict[str, Any] = {"width": get.number(asked, "width"), "timed": asked.get("timed") is True}
            Study.create(self.shelf.place(name), kind, sources, real, **rule, most=n, seed=seed).close()
        return {"study": name}

    def next(self, asked: Asked) -> dict[str, Any]:
        """The next question: the numbers of its images and what may be answered; null when none is left."""
        judge = get.text(asked, "judge")
        with self._study(asked) as study:
            question = study.next(judge)
            facts = {"kind": study.kind, "answered": study.answered(judge)}
            if question is None:
                return {"question": None, **facts}
            told = {"items": question.items, "answers": question.answers, "exposure": question.exposure}
            return {"question": told, **facts}

    def answer(self, asked: Asked) -> dict[str, Any]:
        """Keep an answer, and ask the next question.

        Raises:
            BadRequest: the question was another one: it was answered already, in another window say.
        """
        with self._study(asked) as study:
            question = study.next(get.text(asked, "judge"))
            if question is None or list(question.items) != asked.get("items"):
                raise BadRequest("this question was answered already; here is the next")
            study.answer(question, get.text(asked, "answer"), get.number(asked, "seconds"))
        return self.next(asked)

    def result(self, asked: Asked) -> dict[str, Any]:
        """The scores of all answers, as `rivalry human result` tells them."""
        with self._study(asked) as study:
            return {"scores": [score.to_json() for score in study.result()]}

    def image(self, name: str, number: int) -> bytes:
        """The PNG of an image of a study.

        Raises:
            BadRequest: there is none.
        """
        with self.lock, self._study({"study": name}) as study:
            known = {item.id: item.path for item in study.items}
            path = study.folder / known.get(number, "")
            folder = study.folder / FOLDER
            if number not in known or path.parent != folder or path.is_symlink() or folder.is_symlink():
                raise BadRequest("there is no such image")
            return path.read_bytes()

    def _study(self, asked: Asked) -> Study:
        return Study.open(self.shelf.place(get.text(asked, "study")))


def _samples(run: Run, folder: Path, n: int, seed: int) -> Path:
    """Samples of a run as files in a folder."""
    game, spec = load(run), run_spec(run)
    save(lambda: [sample(game, n, seed=seed)], folder, spec)
    return folder


def _reals(run: Run, folder: Path, n: int) -> Path:
    """Some of the data of a run as files in a folder."""
    data = open_data(data_of(run), **as_trained(run))
    rows = torch.linspace(0, len(data) - 1, min(n, len(data))).long()
    save(lambda: [data.rows(rows).float()], folder, data.spec)
    return folder


def run_spec(run: Run) -> Spec:
    """What the run's data are, which must be images.

    Raises:
        BadRequest: people judge images alone.
    """
    spec = Spec.from_json(run.config["spec"])
    if spec.meaning.axes != 2:
        raise BadRequest(f"people judge images; {run.path.name} makes {spec.meaning.plural}")
    return spec
