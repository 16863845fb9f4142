"""The engine performs what a game describes: gradients, steps, precision, device, ranks, time and callbacks.

It knows no game by name.  One round:

    for moves in game.round(data, t):        each `yield` is a turn, of one move or of several at once
        directions = dynamics(moves)         the gradient of each loss in its own player's parameters
        average them over the processes
        check that they are finite
        each player's optimizer steps
    for callback in callbacks: callback(engine, moves of the round)

An error in a move is raised at the `yield` of the game that described it, so the traceback ends in that line.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rivalry.data.source import Source
from rivalry.errors import RunFailed
from rivalry.game import Game, Move, Optimizer, norm
from rivalry.play.dynamics import Direction, Gradient
from rivalry.play.goal import Goal
from rivalry.play.precision import autocast
from rivalry.play.ranks import Ranks, floats
from rivalry.play.schedule import Schedule, StepSizes

CHECK_EVERY = 16  # rounds between two checks on an accelerator, since each check makes it wait
STOPS = ("SIGINT", "SIGTERM")  # requests that end the training
WISHES = (*STOPS, "save")  # what a process may request of all processes


class Callback(Protocol):
    """What is done after each round.  It may look at all, and changes nothing that training does next.

    Args:
        engine: `engine.t` rounds were played, in `engine.seconds`; `engine.game` is the game (see `evaluating`).
        moves: those of the round, with their `name`, `loss` and `notes`: tensors, so that nobody waits for them.
    """

    def __call__(self, engine: "Engine", moves: Sequence[Move], /) -> None: ...


class Dynamics(Protocol):
    """Turns the moves that are made at once into directions; see `dynamics`."""

    def __call__(self, moves: Sequence[Move]) -> list[Direction]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class NonFinite(RunFailed):
    """A loss or a gradient is infinite or not a number; the message names the move and the term."""


class Engine:
    """Plays a game on data.

    Args:
        game: already built; the engine moves it to the device.
        data: endless batches with the columns `game.reads`, on the same device.
        seed: the seed of all random numbers of training; each process draws different ones.
        device, precision: see `precision`.
        dynamics: how moves become steps; plain gradients by default.
        schedule: the factor of all step sizes, by the round and the share of the goal; 1 by default.
        callbacks: called after each round with the engine and the round's moves.
        ranks: the rank of this process and the number of processes.
    """

    def __init__(
        self,
        game: Game,
        data: Source,
        *,
        seed: int = 0,
        device: torch.device | str = "cpu",
        precision: str = "fp32",
        dynamics: Dynamics | None = None,
        schedule: Schedule | None = None,
        callbacks: Sequence[Callback] = (),
        ranks: Ranks | None = None,
    ):
        self.device, self.precision = torch.device(device), precision
        self.game = to_device(game, self.device, precision)
        self.data, self.seed = data, seed
        self.dynamics = dynamics or Gradient()
        self._schedule, self._sizes = schedule, StepSizes(self.game) if schedule else None
        self._share, self._factor = 0.0, 1.0  # of the goal that was reached; see `rescale`
        self.callbacks = list(callbacks)
        self.ranks = ranks or Ranks()
        self.t = 0  # rounds played
        self.rollbacks = 0  # times that training went back to a checkpoint
        self.stopping = ""  # the name of the signal to stop for after this round, or ""
        self.wishes: set[str] = set()  # requests of this process, sent with the next message
        self.all_wishes: set[str] = set()  # the requests of all processes
        self._played, self._since = 0.0, None  # type: float, float | None
        self._clock = 0.0  # the first process's seconds of play, as last sent to all
        self.overhead = 0.0  # seconds of callbacks, among those of play
        self.reserved = 0.0  # seconds of a goal's time that are needed before and after play
        self._reserved_by_first = 0.0  # the same of the first process, as last sent to all
        self._late: tuple[Tensor, torch.cuda.Event] | None = None  # a message on its way to the CPU
        self._verdicts: list[tuple[str, Tensor]] = []
        self._held: dict[
            str, Direction
        ] = {}  # the sums of gradients that wait for a step; empty between rounds
        if self.device.type == "cuda":  # the same seed gives the same weights, bit for bit
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        self.ranks.same(self.game)
        self.reseed()

    # ------------------------------------------------------------------ playing

    def play(self, goal: Goal) -> None:
        """Play rounds until the goal is reached or `stopping` is set.

        Raises:
            NonFinite: a loss or a gradient is not finite.  The round is not finished; its state must not be saved.
        """
        self.game.train()
        self._since, self._clock = time.perf_counter(), self._played
        try:
            while not (self.stopping or (share := self.progress(goal)) >= 1):  # the same in all processes
                self._share = share
                self._set_step_sizes()
                moves = [move for turn in self.turns() for move in turn]
                self._agree()
                self.t += 1
                if self.t % CHECK_EVERY == 0:
                    self.check()
                for callback in self.callbacks:
                    began = time.perf_counter()
                    callback(self, moves)
                    self.overhead += time.perf_counter() - began
            self.check()
        finally:
            self._played, self._since, self._late = self.seconds, None, None

    def rescale(self, factor: float) -> None:
        """Multiply all step sizes by this factor from now on, in place of an earlier factor.

        It is not saved: a resumed run begins with its own step sizes.
        """
        if self._schedule is None:
            raise RuntimeError("the step sizes of an engine with a schedule can be rescaled; `none` is one")
        self._factor = factor
        self._set_step_sizes()

    def _set_step_sizes(self) -> None:
        if self._schedule and self._sizes:
            self._sizes.scale(self.game, self._factor * self._schedule(self.t, self._share))

    def stop(self, why: str) -> None:
        """Stop all processes after the current round.  `why` is one of `STOPS`."""
        self.wishes.add(why)
        if self.ranks.world == 1:
            self.stopping = why

    def _agree(self) -> None:
        """Exchange one message between the processes after each round.

        Running statistics and ADA's p become their means over the processes.  All processes get the requests of all,
        and the clock of the first one.
        """
        if self.ranks.world == 1:
            self.all_wishes, self.wishes = self.wishes, set()
            return
        numbers = [float(wish in self.wishes) for wish in WISHES]
        mine = (self._live() - self._played, self.reserved) if self.ranks.first else (0.0, 0.0)
        numbers += mine
        self.wishes = set()
        message = torch.tensor(numbers, device=self.device)
        self.ranks.average([*(b for b in self.game.buffers() if b.is_floating_point()), message])
        *wishes, seconds, reserved = [value * self.ranks.world for value in self._numbers(message)]
        self._reserved_by_first = reserved
        self.all_wishes = {wish for wish, share in zip(WISHES, wishes) if share > 0}
        self.stopping = next((wish for wish in STOPS if wish in self.all_wishes), self.stopping)
        self._clock = max(self._clock, self._played + seconds)

    def _numbers(self, message: Tensor) -> list[float]:
        """The numbers of a message; on an accelerator those of the message before, so that nothing waits."""
        if self.device.type != "cuda":
            return message.tolist()
        before = self._late
        here, arrived = torch.empty_like(message, device="cpu", pin_memory=True), torch.cuda.Event()
        here.copy_(message, non_blocking=True)
        arrived.record()
        self._late = here, arrived
        if before is None:
            return [0.0] * len(message)
        before[1].synchronize()
        return before[0].tolist()

    def turns(self) -> Iterator[tuple[Move, ...]]:
        """Play one round, turn by turn.  The caller adds 1 to `t`."""
        described, self._held = self.game.round(self.data, self.t), {}
        while True:
            with autocast(self.precision, self.device):
                turn = next(described, None)
            if turn is None:
                if self._held:
                    raise RuntimeError(f"the gradients of {', '.join(self._held)} were held and never used")
                return
            moves = turn if isinstance(turn, tuple) else (turn,)
            try:
                self.perform([move for move in moves if move.loss is not None])
            except Exception as error:
                with suppress(StopIteration):
                    described.throw(error)  # type: ignore[attr-defined]  # raised at the game's own `yield` ...
                raise  # ... and again here, if the round catches it
            yield moves

    def perform(self, moves: Sequence[Move]) -> None:
        """Compute the gradients of all these moves, then step.  No parameter changes before every gradient is known."""
        for move in moves:
            self._refuse_unfit(move)
        if not moves:
            return
        directions = self.dynamics(moves)
        steps = [self._examine(move, direction) for move, direction in zip(moves, directions)]
        for move, step in zip(moves, steps):  # one by one, since two players may share a weight
            assert move.player is not None
            step = added(self._held.pop(move.name, None), step)
            if move.hold:
                self._held[move.name] = step
                continue
            step = clipped(step, move.player.clip)
            for parameter, gradient in zip(move.player.parameters, step):
                parameter.grad = gradient
            move.player.optimizer.step()
            for parameter in move.player.parameters:
                parameter.grad = None

    def _examine(self, move: Move, direction: Direction) -> Direction:
        """Average the direction over the processes, measure its norm, and refuse it if it is not finite."""
        assert move.player is not None and move.loss is not None
        pairs = zip(move.player.parameters, direction)
        step = [gradient if gradient is None else laid_out_like(p, gradient) for p, gradient in pairs]
        gradients = floats(step)
        if not gradients:
            raise RuntimeError(f"this loss depends on no parameter of the player {move.name!r}")
        move.loss = move.loss.detach().clone()
        self.ranks.average([*gradients, move.loss])  # the loss too, so that all processes decide the same
        size = norm(gradients)
        move.notes = {"loss": move.loss, **move.notes, "gradient": size}
        self._judge(move, torch.isfinite(move.loss) & torch.isfinite(size))
        return step

    def _refuse_unfit(self, move: Move) -> None:
        assert move.loss is not None
        if move.player is None:
            raise RuntimeError(
                "a move with a loss needs a player; a player who moved by itself has loss=None"
            )
        if not torch.is_grad_enabled():
            raise RuntimeError("a move was yielded inside torch.no_grad(); yield it after the block")
        if move.hold and type(self.dynamics) is not Gradient:
            raise RuntimeError("gradients are held and added with plain gradients only")
        if move.loss.numel() != 1:
            raise RuntimeError(
                f"a loss is a scalar; {move.name!r} yielded one of shape {tuple(move.loss.shape)}"
            )
        if not move.loss.requires_grad:
            raise RuntimeError(f"this loss depends on no parameter of the player {move.name!r}")

    # ------------------------------------------------------------------ guarding

    def _judge(self, move: Move, finite: Tensor) -> None:
        """Refuse a move that is not finite: at once on a CPU; on an accelerator `check` looks every few rounds."""
        if self.device.type != "cpu":
            self._verdicts.append((f"round {self.t}: {move.name!r}", finite))
        elif not finite:
            raise NonFinite(f"round {self.t}: {_blame(move)}")

    def check(self) -> None:
        """Read the results of `_judge` that are still on the accelerator.

        Raises:
            NonFinite: the first move that was not finite.
        """
        verdicts, self._verdicts = self._verdicts, []
        if not verdicts or bool(torch.stack([finite for _, finite in verdicts]).all()):
            return
        where = next(where for where, finite in verdicts if not finite)
        raise NonFinite(f"{where} has a loss or a gradient that is not finite")

    # ------------------------------------------------------------------ time and progress

    @property
    def seconds(self) -> float:
        """Seconds of play and of callbacks, added up over all resumes; the same in all processes."""
        return self._live() if self.ranks.world == 1 or self._since is None else self._clock

    def _live(self) -> float:
        return self._played + (0.0 if self._since is None else time.perf_counter() - self._since)

    @property
    def in_play(self) -> float:
        """Seconds of the rounds alone: without sheets, scores and whatever else callbacks do."""
        return max(0.0, self.seconds - self.overhead)

    def progress(self, goal: Goal) -> float:
        """The share of the goal that is reached, 0 to 1; the same in all processes."""
        reserved = self.reserved if self.ranks.world == 1 else self._reserved_by_first
        return goal.progress(rounds=self.t, samples=self.data.drawn, seconds=self.seconds + reserved)

    @contextmanager
    def after_play(self) -> Iterator[None]:
        """The clock runs on while the context lasts; what it takes is not play."""
        self._since = began = time.perf_counter()
        try:
            yield
        finally:
            self.overhead += time.perf_counter() - began
            self._played, self._since = self._live(), None
            self._clock = max(self._clock, self._played)

    @contextmanager
    def evaluating(self, seed: int = 0) -> Iterator[Game]:
        """The game in evaluation mode, without gradients, with other random numbers.  Training is not affected."""
        devices = [self.device] if self.device.type == "cuda" else []
        training = self.game.training
        with torch.random.fork_rng(devices), torch.no_grad(), autocast(self.precision, self.device):
            generator = torch.default_generator if self.device.type == "cpu" else torch
            generator.manual_seed(
                seed
            )  # torch's own also writes down who asked, which takes longer than a small game
            self.game.eval()
            try:
                yield self.game
            finally:
                self.game.train(training)

    # ------------------------------------------------------------------ state

    def reseed(self) -> None:
        """Seed the random numbers of this process from seed, rank and rollbacks."""
        torch.manual_seed(self.seed + 7919 * self.ranks.rank + 104729 * self.rollbacks)

    def weights(self) -> dict[str, Tensor]:
        """Every parameter and buffer of the game."""
        return {name: value for name, value in self.game.state_dict().items() if isinstance(value, Tensor)}

    def state(self) -> dict[str, Any]:
        """Everything else that the next round depends on, as a tree of numbers, strings and tensors."""
        extra = {k: v for k, v in self.game.state_dict().items() if not isinstance(v, Tensor)}
        return {
            "t": self.t,
            "seconds": self.seconds,
            "overhead": self.overhead,
            "rollbacks": self.rollbacks,
            "players": {name: player.optimizer.state_dict() for name, player in self.game.players.items()},
            "extra": extra,
            "data": self.data.state_dict(),
            "dynamics": self.dynamics.state_dict(),
            "random": self._random(),
        }

    def restore(self, weights: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Restore these weights and this state.

        Raises:
            RuntimeError: the weights do not fit this game.
        """
        self.game.load_state_dict({**weights, **state["extra"]})
        for name, player in self.game.players.items():
            load_optimizer(player.optimizer, state["players"][name])
        self.data.load_state_dict(state["data"])
        self.dynamics.load_state_dict(state["dynamics"])
        self.t, self._played, self.rollbacks = state["t"], state["seconds"], state["rollbacks"]
        self.overhead = state.get("overhead", 0.0)  # runs of older versions did not count it
        self._verdicts = []
        self._set_random(state["random"])

    def _random(self) -> dict[str, list[Tensor]]:
        """The states of the random generators of all processes, in order of rank."""
        here = "cuda" if self.device.type == "cuda" and self.ranks.world > 1 else "cpu"
        states = {"cpu": [s.cpu() for s in self.ranks.gather(torch.get_rng_state().to(here))]}
        if self.device.type == "cuda":
            mine = torch.cuda.get_rng_state(self.device)
            states["cuda"] = [s.cpu() for s in self.ranks.gather(mine.to(here))]
        return states

    def _set_random(self, states: dict[str, list[Tensor]]) -> None:
        if len(states["cpu"]) != self.ranks.world:
            self.reseed()  # the number of processes changed: seed them again
            return
        torch.set_rng_state(states["cpu"][self.ranks.rank].cpu())
        if self.device.type == "cuda" and "cuda" in states:
            torch.cuda.set_rng_state(states["cuda"][self.ranks.rank].cpu(), self.device)


def to_device(game: Game, device: torch.device, precision: str) -> Game:
    """Move a game to its device.  Weights of convolutions get the memory layout `channels_last`, which is faster.

    Not for turns of a single image in float32 on a processor: there the gradients of the weights, which torch computes
    in its default layout, would take longer to rearrange than is won (5 to 10 % of a round of CycleGAN).
    """
    if not (device.type == "cpu" and precision == "fp32" and game.batch == 1):
        for module in game.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return game.to(device)


def added(held: Direction | None, step: Direction) -> Direction:
    """The sum of two directions, None counting as zero."""
    if held is None:
        return step
    return [b if a is None else a if b is None else a + b for a, b in zip(held, step)]


def clipped(step: Direction, most: float | None) -> Direction:
    """The direction, scaled to a norm of at most `most`."""
    if most is None:
        return step
    share = (most / (norm(floats(step)) + 1e-6)).clamp(max=1)
    return [gradient if gradient is None else gradient * share for gradient in step]


def laid_out_like(parameter: Tensor, gradient: Tensor) -> Tensor:
    """The gradient in the memory layout of its parameter, since a fused optimizer reads both in memory order."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Restore an optimizer, with each moment in the memory layout of its parameter."""
    optimizer.load_state_dict(state)
    for parameter, moments in optimizer.state.items():
        for name, value in moments.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                moments[name] = laid_out_like(parameter, value)


def _blame(move: Move) -> str:
    """A sentence that names the term of the move that is not finite."""
    bad = [name for name, note in move.notes.items() if not torch.isfinite(torch.as_tensor(note)).all()]
    terms = [name for name in bad if name not in ("loss", "gradient")]
    if terms:
        return f"the term {terms[0]!r} of {move.name!r} is not finite"
    return f"the {bad[0] if bad else 'loss'} of {move.name!r} is not finite"
