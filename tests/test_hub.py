"""Runs on the Hub, held against a stand-in of its client: what is pushed comes back, what is hostile does not."""

import fnmatch
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from toys import images

import rivalry
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score
from rivalry.runs import hub
from rivalry.runs.hub import LIMITS, pull, push
from rivalry.runs.run import Run


class RepositoryNotFoundError(Exception):
    """Named as the client names it."""


class Client:
    """The functions of `huggingface_hub` that are used, with folders in the place of repositories."""

    def __init__(self, place: Path):
        self.place = place
        self.sizes: dict[str, int] = {}  # what is said of a file, if not its size

    def folder(self, name: str) -> Path:
        if not (self.place / name).is_dir():
            raise RepositoryNotFoundError(f"404 Client Error.\n\nRepository {name} not found")
        return self.place / name

    def create_repo(self, repo_id: str, *, private: bool = False, exist_ok: bool = False) -> str:
        (self.place / repo_id).mkdir(parents=True, exist_ok=exist_ok)
        return f"the-hub/{repo_id}"

    def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> None:
        shutil.copytree(folder_path, self.folder(repo_id), dirs_exist_ok=True)

    def list_repo_tree(self, repo_id: str, *, recursive: bool) -> Iterator[SimpleNamespace]:
        for path in self.folder(repo_id).rglob("*"):
            name = path.relative_to(self.place / repo_id).as_posix()
            if path.is_file():
                yield SimpleNamespace(path=name, size=self.sizes.get(name, path.stat().st_size))
            else:
                yield SimpleNamespace(path=name)

    def snapshot_download(self, repo_id: str, *, local_dir: str, allow_patterns: list[str]) -> str:
        for path in self.folder(repo_id).rglob("*"):
            name = path.relative_to(self.place / repo_id).as_posix()
            if path.is_file() and any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns):
                (Path(local_dir) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, Path(local_dir) / name)
        return local_dir


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    how = {"quiet": True, "measure": False, "width": 4, "latent": 4, "batch": 8}
    data = images(1, 8, 8, n=32, classes=3)
    run = rivalry.train("cgan", data, rounds=3, run=tmp_path_factory.mktemp("hub") / "run", **how)
    about = {"extractor": "pixels", "n real": 32}
    score = Score("fid[pixels]", 3.25, 500, 0.5, "low", about)
    run.log({"round": 3, "weights": "best", "metrics": [score.to_json()]})
    return run


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client(tmp_path / "hub")
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    monkeypatch.chdir(tmp_path)
    return client


@pytest.fixture
def pushed(made: Run, client: Client) -> Path:
    assert push(made, "anna/faces") == "the-hub/anna/faces"
    return client.place / "anna" / "faces"


def test_a_run_comes_back_with_the_same_samples(made: Run, pushed: Path) -> None:
    back = pull("anna/faces")
    assert back.path == Path("runs/anna--faces")
    assert torch.equal(rivalry.sample(back, 5, seed=2), rivalry.sample(made, 5, seed=2))
    assert torch.equal(rivalry.sample("anna/faces", 5, seed=2), rivalry.sample(made, 5, seed=2))
    assert (back.path / "report.html").exists()
    with pytest.raises(BadRequest, match=r"runs/anna--faces exists"):
        pull("anna/faces")


def test_the_card_says_what_the_run_says(made: Run, pushed: Path) -> None:
    card = (pushed / "README.md").read_text()
    for words in (
        "library_name: rivalry",
        "All that this model makes is synthetic",
        "| `width` | `4` |",
        "| `name` | `images` |",
        "`3: class 0, class 1, class 2`",
        "| `fid[pixels]` | `3.25 ± 0.5 (standard error)` | `500` | `3` | `extractor: pixels, n real: 32` |",
        "repeat training data was not measured",
        "Mirza",  # of the paper, from the catalog
        "samples/000003.png",
        'rivalry.sample("anna/faces", 64, seed=1)',
    ):
        assert words in card, words
    assert str(made.path.parent) not in card


def test_strange_words_of_a_run_have_no_effect_in_its_card(made: Run, client: Client, tmp_path: Path) -> None:
    shutil.copytree(made.path, tmp_path / "strange", symlinks=True)
    run = Run.open(tmp_path / "strange")
    run.config["data"] = "`<img src=x>` | [a](b)\n# c\x1b[2J"
    run.write_about()
    push(run, "anna/strange")
    lines = (client.place / "anna/strange/README.md").read_text().splitlines()
    said = [line for line in lines if "img src" in line]
    assert said == [
        "# `cgan` on `'<img src=x>' \\| [a](b)\\n# c\\x1b[2J`",
        "| `name` | `'<img src=x>' \\| [a](b)\\n# c\\x1b[2J` |",
    ]


def test_files_that_are_not_a_runs_are_never_fetched(pushed: Path) -> None:
    strange = ("setup.py", "samples/x.svg", "checkpoints/000003/state.pkl", "samples/a/b.png", "a/run.json")
    for name in strange:
        (pushed / name).parent.mkdir(parents=True, exist_ok=True)
        (pushed / name).write_text("x")
    (pushed / "report.html").write_text("<script>")
    back = pull("anna/faces", "back")
    names = {path.relative_to(back.path).as_posix() for path in back.path.rglob("*")}
    assert not names & {*strange, "README.md"}
    assert "<script" not in (back.path / "report.html").read_text()


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "samples/../../x.png", "a\\..\\run.json", "run.json/..", "~/run.json"]
)
def test_no_path_that_leaves_a_run_is_one_of_its_files(name: str) -> None:
    assert not any(form.fullmatch(name) for form in LIMITS)
    assert any(form.fullmatch("checkpoints/000003/weights.safetensors") for form in LIMITS)


def test_of_many_checkpoints_the_newest_is_fetched(pushed: Path) -> None:
    shutil.copytree(pushed / "checkpoints/000003", pushed / "checkpoints/000002")
    assert [one.round for one in pull("anna/faces").checkpoints()] == [3]


def spoiled(pushed: Path, client: Client, how: str) -> None:
    """Make the repository a run that `train` cannot have written."""
    if how == "too large":
        client.sizes["run.json"] = 2**24 + 1
    elif how == "another size":
        client.sizes["log.jsonl"] = 5
    elif how == "no checkpoint":
        shutil.rmtree(pushed / "checkpoints")
    elif how == "no run.json":
        (pushed / "run.json").unlink()
    elif how == "a damaged checkpoint":
        file = pushed / "checkpoints/000003/weights.safetensors"
        file.write_bytes(file.read_bytes()[:-1] + b"\0")
    else:
        about = json.loads((pushed / "run.json").read_text())
        (pushed / "run.json").write_text(json.dumps({**about, "execute": "this"}))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("too large", "run.json has 16777217 bytes; a run has at most 16,777,216"),
        ("another size", "log.jsonl is not what the Hub listed"),
        ("no checkpoint", "is not a run: it holds no checkpoint"),
        ("no run.json", "is not a run: it holds no run.json"),
        ("a damaged checkpoint", "its checkpoint is damaged"),
        ("a field of run.json that is none", "knows no 'execute'"),
    ],
)
def test_what_is_no_run_is_refused_and_leaves_nothing(
    how: str, said: str, pushed: Path, client: Client, tmp_path: Path
) -> None:
    spoiled(pushed, client, how)
    with pytest.raises(BadRequest, match=said):
        pull("anna/faces")
    assert not [*(tmp_path / "runs").glob("*")]
    assert not [*(tmp_path / "runs").glob(".*")]


def test_bad_requests_are_one_line(made: Run, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match=r"user/name.*got 'faces'$"):
        push(made, "faces")
    with pytest.raises(BadRequest, match=r"user/name.*got '\.\./\.\.'$"):
        pull("../..")
    with pytest.raises(BadRequest, match=r"no such repository, or it is private: hf auth login$"):
        pull("nobody/nothing")
    with pytest.raises(BadRequest, match=r"no run at nobody/nothing, and none on the Hub"):
        rivalry.load("nobody/nothing")

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route\nand more")

    monkeypatch.setattr(client, "create_repo", refuse)
    with pytest.raises(BadRequest, match=r"^anna/x cannot be pushed: ConnectionError: no route$"):
        push(made, "anna/x")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BadRequest, match=r"pip install 'rivalry\[hub\]'"):
        push(made, "anna/x")


def test_the_stand_in_has_the_clients_signatures() -> None:
    real = pytest.importorskip("huggingface_hub")
    import inspect

    for name in ("create_repo", "upload_folder", "list_repo_tree", "snapshot_download"):
        ours = [p for p in inspect.signature(getattr(Client, name)).parameters if p != "self"]
        assert {*ours} <= {*inspect.signature(getattr(real, name)).parameters}, name
    assert {error for error in hub.ADVICE if not hasattr(real.errors, error)} == set()
