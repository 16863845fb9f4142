"""Two processes that play one game, really two: this file is also what torchrun starts (see `main`)."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from toys import bits, different, images, points, small

from rivalry.catalog import find, maker
from rivalry.data.source import Dataset, Source, Spec, TableSource
from rivalry.errors import BadRequest, RunFailed
from rivalry.game import Game, Move, Player
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import sgd
from rivalry.nn.perceptron import perceptron
from rivalry.play import ranks as playing_ranks
from rivalry.play.engine import Engine, NonFinite
from rivalry.play.goal import Goal
from rivalry.play.ranks import Ranks, join
from rivalry.runs import training
from rivalry.runs.drawing import draw
from rivalry.runs.run import Run
from rivalry.runs.scoring import evaluate

WORLD = 2


class FromData(Game):
    """Two perceptrons in double precision whose codes come with the data: nothing is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.G, self.D = perceptron(2, 8, 2).double(), perceptron(2, 8, 1).double()
        self.critic, self.generator = Player(self.D, optimizer=sgd(1.0)), Player(self.G, optimizer=sgd(1.0))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        real, z = next(data)[0].split(2, 1)
        fake = self.G(z)
        pull = sum(p.sum() for p in self.D.parameters())  # its gradients are views of a single number
        yield Move(self.critic, non_saturating.critic(self.D(real), self.D(fake.detach())) + 0.01 * pull)
        yield Move(self.generator, non_saturating.generator(self.D(fake)))


class InfiniteOnOne(Game):
    """The loss is infinite on only the last process, its gradient nowhere."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.net = perceptron(2, 1)
        self.a, self.far = Player(self.net, optimizer=sgd(1.0)), float("inf") if rank == WORLD - 1 else 0.0

    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(self.a, self.net(*next(data)).mean() + self.far)


def codes() -> Dataset:
    x = torch.randn(64, 4, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    return Dataset(Spec("codes", "points", (4,)), x)


def shared(ranks: Ranks, make: Callable[..., Game], data: Dataset, seed: int = 0, **settings: Any) -> Engine:
    torch.manual_seed(seed + ranks.rank)  # each begins elsewhere: the first one's weights must win
    game = make(data.spec, **small(make, **settings))
    source = TableSource(data, game.reads, batch=game.batch, seed=0, rank=ranks.rank, world=ranks.world)
    return Engine(game, source, seed=seed, ranks=ranks)


# ---------------------------------------------------------------------- what each process does


def one_round(ranks: Ranks, out: Path) -> dict[str, Any]:
    """The weights after a step of size 1, and its notes."""
    torch.manual_seed(0)
    told: dict[str, Tensor] = {}
    source = TableSource(codes(), batch=16, rank=ranks.rank, world=ranks.world)
    note = lambda engine, moves: told.update({f"{m.name}/{k}": v for m in moves for k, v in m.notes.items()})
    engine = Engine(FromData(), source, ranks=ranks, callbacks=[note])
    engine.play(Goal(rounds=1))
    return {**engine.weights(), **told}


def ten_rounds(ranks: Ranks, out: Path) -> dict[str, Any]:
    """The weights and buffers of two games, and how far the data were read."""
    ends: dict[str, Any] = {}
    for name, data in (("gan", points()), ("dcgan", images(1, 8, 8))):
        settings = {"augment": "ada", "average": 0.9} if name == "dcgan" else {}
        engine = shared(ranks, maker(find(name)), data, **settings)
        engine.play(Goal(rounds=10))
        ends |= {f"{name}/{k}": v for k, v in engine.weights().items()} | {f"{name}/drawn": engine.data.drawn}
    return ends


def shards(ranks: Ranks, out: Path) -> list[list[int]]:
    """The rows of three batches, over the end of an epoch."""
    table = Dataset(Spec("rows", "points", (1,)), torch.arange(10.0).view(10, 1))
    source = TableSource(table, rank=ranks.rank, world=ranks.world)
    return [source.take(4)[0].flatten().int().tolist() for _ in range(3)]


def resumed(ranks: Ranks, out: Path) -> list[str]:
    """The differences between eight rounds and three and five."""
    make, data, settings = maker(find("dcgan")), images(1, 8, 8), {"augment": "ada", "average": 0.9}
    straight = shared(ranks, make, data, **settings)
    straight.play(Goal(rounds=8))
    truth = bits(straight)
    first = shared(ranks, make, data, **settings)
    first.play(Goal(rounds=3))
    state = first.state()
    run = Run(out / "resumed", {})
    if ranks.first:
        run.path.mkdir()
        run.save(3, first.weights(), state)
    ranks.wait()
    second = shared(ranks, make, data, seed=99, **settings)
    second.restore(*run.newest()[1:])
    second.play(Goal(rounds=8))
    return different(truth, bits(second))


def writing(ranks: Ranks, out: Path) -> list[str]:
    """The files that this process opens to write, or makes, in training and resuming a run."""
    run, written = out / "run", []

    def watch(event: str, args: tuple[Any, ...]) -> None:
        opened = event == "open" and args[2] and args[2] & (os.O_WRONLY | os.O_RDWR)
        name = str(args[0]) if args else ""
        ours = name.startswith(str(run)) or not name.startswith(
            "/"
        )  # by itself, or from its folder held open
        if (opened or event in ("os.mkdir", "os.rename", "os.remove")) and ours:
            written.append(name)

    sys.addaudithook(watch)
    training.train("gan", "ring", run=run, rounds=4, save_every=0, quiet=True, batch=16, width=8)
    training.resume(run, rounds=8, quiet=True)
    return written


def failing(ranks: Ranks, out: Path) -> str:
    """How a loss that is infinite on one process ends on this one."""
    source = TableSource(points(), batch=8, rank=ranks.rank, world=ranks.world)
    try:
        Engine(InfiniteOnOne(ranks.rank), source, ranks=ranks).play(Goal(rounds=1))
    except NonFinite as error:
        return str(error)
    return "it played on"


def measured(ranks: Ranks, out: Path) -> tuple[Tensor, list[tuple[str, float]]]:
    """Samples that processes draw together, and the scores of an untrained game."""
    torch.manual_seed(0)
    data, make = images(1, 8, 8, n=301), maker(find("dcgan"))
    game = make(data.spec, **small(make)).eval()
    drawn = draw(game, 107, chunk=20, ranks=ranks)
    scores = evaluate(game, data, metrics="fid,prdc", n=90, features="pixels")
    return drawn, [(score.name, score.value) for score in scores]


def stopped(ranks: Ranks, out: Path) -> tuple[str, int]:
    """How SIGTERM to the last process alone ends the run in this one, and after how many rounds."""
    sent: list[int] = []

    def make(spec: Spec) -> Game:
        game = maker(find("gan"))(spec, width=8, batch=16)
        played = game.round

        def round(data: Source, t: int) -> Iterator[Move]:
            if t == 5 and ranks.rank == WORLD - 1 and not sent:
                sent.append(t)
                os.kill(os.getpid(), signal.SIGTERM)
            yield from played(data, t)

        game.round = round  # type: ignore[method-assign]
        return game

    make.__name__ = "interrupted"
    run = out / "stopped"
    try:
        training.train(make, points(), run=run, rounds=1000, quiet=True)
    except KeyboardInterrupt as stop:
        return str(stop), Run.open(run).checkpoints()[0].round
    return "it played on", 0


def refused(ranks: Ranks, out: Path) -> str:
    """The answer to this process of a run that is there already."""
    try:
        training.train("gan", "ring", run=out / "run", rounds=2, quiet=True, batch=16)
    except BadRequest as error:
        return str(error)
    return "it was begun"


def messages(ranks: Ranks, out: Path) -> dict[str, int]:
    """How many messages of each kind 40 rounds of a whole run took, checkpoints and sheets aside."""
    counted: dict[str, int] = {}

    def counting(name: str) -> Callable[..., Any]:
        function = getattr(torch.distributed, name)

        def one(*args: Any, **given: Any) -> Any:
            counted[name] = counted.get(name, 0) + 1
            return function(*args, **given)

        return one

    with pytest.MonkeyPatch.context() as patch:
        for name in ("all_reduce", "all_gather", "broadcast", "barrier"):
            patch.setattr(torch.distributed, name, counting(name))
        training.train("gan", points(), run=out / "messages", rounds=40, quiet=True, batch=16, width=8)
    return counted


JOBS = [one_round, ten_rounds, shards, resumed, writing, failing, measured, stopped, refused, messages]


def main(out: Path) -> None:
    torch.set_num_threads(1)
    ranks = join()
    told = {job.__name__: job(ranks, out) for job in JOBS}
    (out / f"rank{ranks.rank}.config").write_bytes(pickle.dumps(told))
    ranks.leave()


# ---------------------------------------------------------------------- what they say


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The answers of every process to every job, in order of rank."""
    out = tmp_path_factory.mktemp("ranks")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={WORLD}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*torchrun, __file__, str(out)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return [pickle.loads((out / f"rank{rank}.config").read_bytes()) for rank in range(WORLD)]


def test_two_halves_of_a_batch_make_the_gradients_of_the_whole(
    told: list[dict[str, Any]], tmp_path: Path
) -> None:
    whole = one_round(Ranks(), tmp_path)
    for one in told:
        for name, value in whole.items():
            torch.testing.assert_close(one["one_round"][name], value, rtol=1e-12, atol=1e-14, msg=name)


def test_every_process_ends_with_the_same_game(told: list[dict[str, Any]]) -> None:
    first, *others = (one["ten_rounds"] for one in told)
    assert {name.split("/")[0] for name in first} == {"gan", "dcgan"}
    for other in others:
        assert [
            name for name in first if not torch.equal(*map(torch.as_tensor, (first[name], other[name])))
        ] == []


def test_processes_share_each_batch_without_overlap(told: list[dict[str, Any]]) -> None:
    alone = shards(Ranks(), Path())
    for batch, parts in zip(alone, zip(*(one["shards"] for one in told))):
        assert sorted(batch) == sorted(row for part in parts for row in part)
        assert [len(part) for part in parts] == [len(batch) // WORLD] * WORLD


def test_resuming_is_exact_on_every_process(told: list[dict[str, Any]]) -> None:
    assert [one["resumed"] for one in told] == [[], []]


def test_only_the_first_process_writes(told: list[dict[str, Any]]) -> None:
    first, *others = (one["writing"] for one in told)
    assert any(path.endswith("log.jsonl") for path in first)
    assert others == [[]] * (WORLD - 1)


def test_two_processes_draw_what_one_draws_and_the_first_has_the_scores(told: list[dict[str, Any]]) -> None:
    drawn, scores = measured(Ranks(), Path())
    assert [dict(one["measured"][1]) for one in told] == [pytest.approx(dict(scores)), {}]
    assert [name for name, _ in scores][:2] == ["fid[pixels]", "precision[pixels]"]
    assert len(drawn) == 107
    for one in told:
        assert torch.equal(one["measured"][0], drawn)


def test_shares_of_rows_are_even_and_make_the_whole() -> None:
    shares = [Ranks(rank, 3).share_of(11).tolist() for rank in range(3)]
    assert [row for share in shares for row in share] == list(range(11))
    assert {len(share) for share in shares} == {3, 4}


def test_a_signal_to_one_process_stops_and_saves_all_of_them(told: list[dict[str, Any]]) -> None:
    (said, played), *others = (one["stopped"] for one in told)
    assert said.startswith("stopped by SIGTERM; everything is saved")
    assert 6 <= played <= 8
    assert others == [(said, played)] * (WORLD - 1)


def test_what_the_first_process_refuses_all_refuse_in_the_same_words(told: list[dict[str, Any]]) -> None:
    first, *others = (one["refused"] for one in told)
    assert "is not empty; `rivalry resume" in first
    assert others == [first] * (WORLD - 1)


def test_a_round_takes_one_message_beside_those_of_its_moves(told: list[dict[str, Any]]) -> None:
    reports = 40 // 20
    for one in told:
        assert one["messages"]["all_reduce"] == 40 * (2 + 1) + reports  # two moves and the round
        assert one["messages"].get("all_gather", 0) <= 4  # of checkpoints


# ---------------------------------------------------------------------- one that is missing


def pair(out: Path, how: str, rank: int, port: int) -> None:
    """One of two processes that play, of which the last one hangs, or fails, in round 5."""
    torch.set_num_threads(1)
    shared = {"WORLD_SIZE": str(WORLD), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    patience = "2" if how == "hangs" else "60"  # a busy machine may be slow, and is not missing
    os.environ.update(shared, RANK=str(rank), RIVALRY_PATIENCE=patience)
    playing_ranks.GRACE = 1.0
    game = maker(find("gan"))(points().spec, width=8, batch=8)
    assert all(player.optimizer for player in game.players.values())  # the first one takes torch seconds
    (out / f"ready{rank}").touch()
    while (
        len(list(out.glob("ready*"))) < WORLD
    ):  # so that nobody waits for what a busy machine has not yet loaded
        time.sleep(0.05)
    ranks = join()
    source = TableSource(points(), batch=8, rank=ranks.rank, world=ranks.world)

    def trouble(engine: Engine, moves: Any) -> None:
        if engine.t == 5 and ranks.rank == WORLD - 1:
            if how == "fails":
                raise RunFailed("no room on the disk")
            os.kill(os.getpid(), signal.SIGSTOP)

    try:
        with ranks.failing_together():
            Engine(game, source, ranks=ranks, callbacks=[trouble]).play(Goal(rounds=50))
    except RunFailed as error:
        (out / f"rank{rank}").write_text(str(error))
        os._exit(1)  # as a process ends: without a word to the others


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("hangs", "process 1 (of 0 to 1) ended, or did not answer within 2 seconds; the run is kept"),
        ("fails", "no room on the disk"),
    ],
)
def test_who_is_missing_is_named_and_why(
    start: Callable[..., BaseProcess], how: str, said: str, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first, last = (start(pair, tmp_path, how, rank, port) for rank in range(WORLD))
    first.join(timeout=240)
    last.kill()
    assert first.exitcode == 1
    assert (tmp_path / "rank0").read_text() == said


def test_all_processes_fail_where_one_does(told: list[dict[str, Any]]) -> None:
    assert [one["failing"] for one in told] == ["round 0: the loss of 'a' is not finite"] * WORLD


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(BadRequest, match="a batch of 7 cannot be shared by 2 processes"):
        TableSource(points(), rank=0, world=2).take(7)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
