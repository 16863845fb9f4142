"""Imitation on CartPole of fixed length, and coverage by curiosity on an empty grid, each beside its controls.

    python benchmarks/agents.py imitation [--only gail] [--seeds 0 1 2] [-s NAME=VALUE]
    python benchmarks/agents.py reward [--seeds 0 1 2]
    python benchmarks/agents.py curiosity [--env MiniGrid-Empty-16x16-v0] [--only icm] [--seeds 0 1 2]
    python benchmarks/agents.py continuous --experts FOLDER [--only sac] [--seeds 0]
    python benchmarks/agents.py classic --experts FOLDER [--env Acrobot-v1] [--only gail] [--seeds 0]

imitation: 10 episodes of the scripted demonstrator, `gail` for at most 800,000 steps.  Every 49,152 steps 20 episodes
are played, and the best weights are kept; training stops where they return 495 of 500.  Then these weights play 50
other episodes.  The control is the same with demonstrations of random actions; `bc` learns from one episode, of which
every 20th step is kept.  Policies act as they were trained, by chance.

reward: 100 episodes of the most random policy for its return on a grid of 36 cells whose reward is known.  Pearson's
correlation over the cells of the true reward with the one that `airl` recovers, and with the critic of `gail`, the mean
over actions, after 200,000 steps.

curiosity: 200,000 steps without any reward; then the last weights play 16 episodes: how many different cells each
that are drawn anew at each step).

classic: the tasks of the paper's table with 1, 4 and 10 episodes, of which every 5th step is kept; `gail` has 150,000
steps, and its last weights play 50 other episodes.  FOLDER holds ppo-Acrobot-v1.zip and ppo-MountainCar-v0.zip of
Stable-Baselines3, each with a .npz of the same name that holds its statistics (`tools/convert_demonstrations.py`).
`gail` is paid for survival in CartPole, as in the paper, where that alone is enough to learn it (docs/agents.md), and
for ending elsewhere.  `published` is of the paper's own result files; its expert returns 200, -75.3 and -98.8.

continuous: Pendulum, 10 episodes of ppo-Pendulum-v1.zip, 25,000 steps of the environment for either learner.

Writes benchmarks/results/agents-<part>.json and .md.
"""

import argparse
import copy
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from certificate import certificate
from record import Row, record, recorded_with
from torch import Tensor

from rivalry import settings
from rivalry.catalog import find, maker
from rivalry.data.source import Dataset, Spec
from rivalry.game import Game, Move
from rivalry.metrics.game.returns import cells, random_episodes
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.drawing import draw
from rivalry.worlds.demonstrations import demonstrate
from rivalry.worlds.experience import returns, source_of
from rivalry.worlds.grid import reward_of_cells, seen_from
from rivalry.worlds.policies import find_policy
from rivalry.worlds.world import make, open_environment, spec_of

CARTPOLE, ENOUGH, EVERY = "CartPole-fixed", 495, 49_152
IMITATION = {  # name -> game, who demonstrates, episodes, every so many-th step
    "gail": ("gail", "scripted", 10, 1),
    "gail, random demonstrations": ("gail", "random", 10, 1),
    "bc, 1 episode, every 20th step": ("bc", "scripted", 1, 20),
}
RECOVERED = ("airl", "gail")
CURIOSITY = ("icm", "rnd", "pixel-curiosity", "entropy-only")
CLASSIC = {  # environment -> who demonstrates, what GAIL is paid, and (bc, gail) published by number of episodes
    "CartPole-v0": ("scripted", "survival", {1: (71.9, 200.0), 10: (177.0, 200.0)}),
    "Acrobot-v1": ("ppo-Acrobot-v1.zip", "ending", {1: (-130.6, -77.3), 10: (-95.1, -78.9)}),
    "MountainCar-v0": ("ppo-MountainCar-v0.zip", "ending", {1: (-136.7, -101.5), 10: (-123.1, -100.8)}),
}
EPISODES = (1, 4, 10)
LEARNERS = {
    "sac": {"learner": "sac", "batch": 1000, "actors": 5, "minibatch": 256, "epochs": 64, "discount": 0.98},
    "ppo": {"learner": "ppo", "batch": 1000, "actors": 5, "minibatch": 256, "epochs": 10, "discount": 0.98},
}
COLUMNS = {
    "imitation": (
        "return",
        "deviation",
        "at steps",
        "last return",
        "demonstrations",
        "random",
        "steps a second",
    ),
    "reward": ("correlation", "return", "demonstrations", "random", "steps a second"),
    "continuous": ("return", "deviation", "demonstrations", "random", "steps", "seconds"),
    "classic": ("return", "deviation", "published", "demonstrations", "random", "steps", "steps a second"),
    "curiosity": ("cells", "times random", "cells in training", "random", "steps a second"),
}


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    told = dict(pair.split("=") for pair in options.settings)
    for seed in options.seeds:
        for row in rows(options, seed, told):
            row |= {"settings": told, **certificate()}
            print(row, flush=True)
            if not options.trial:
                title = f"agents-{options.part}"
                record(title, recorded_with(row, title, "name"), "name", COLUMNS[options.part])


def rows(options: argparse.Namespace, seed: int, told: dict[str, Any]) -> Iterator[Row]:
    """The rows of the part that was asked for."""
    if options.part == "imitation":
        for name in options.only or IMITATION:
            yield imitated(name, seed, options.steps or 800_000, told)
    elif options.part == "reward":
        for name in options.only or RECOVERED:
            yield recovered(name, seed, options.steps or 200_000, told)
    elif options.part == "continuous":
        for name in options.only or LEARNERS:
            yield pushed(name, options.experts, seed, options.steps or 25_000, told)
    elif options.part == "classic":
        for env in [options.env] if options.env else CLASSIC:
            for n in EPISODES:
                for name in options.only or ("bc", "gail"):
                    yield classic(name, env, n, options.experts, seed, options.steps or 150_000, told)
    else:
        for name in options.only or CURIOSITY:
            env = options.env or "MiniGrid-Empty-16x16-v0"
            yield explored(name, env, seed, options.steps or 200_000, told)


def classic(name: str, env: str, n: int, experts: Path, seed: int, steps: int, told: dict[str, Any]) -> Row:
    """A row of `classic`."""
    who, reward, published = CLASSIC[env]
    spec, zipped = spec_of(make(env), env), who.endswith(".zip")
    statistics = (experts / who).with_suffix(".npz") if zipped else None
    act = find_policy(str(experts / who) if zipped else who, spec, statistics)
    _, x = demonstrate(env, act, n, seed=seed, every=5)
    goal = Goal(rounds=2000) if name == "bc" else Goal(samples=steps)
    engine, took = played(name, Dataset(spec, x), seed, goal, {"reward": reward, **told}, [])
    beside = {"published": published[n][name == "gail"] if n in published else None}
    return {"name": f"{name}, {env}, {n}", **at_the_end(engine, spec, x, seed), **beside, **took}


def pushed(name: str, experts: Path, seed: int, steps: int, told: dict[str, Any]) -> Row:
    """A row of `continuous`."""
    env = "Pendulum-v1"
    spec = spec_of(make(env), env)
    _, x = demonstrate(env, find_policy(str(experts / "ppo-Pendulum-v1.zip"), spec), 10, seed=seed)
    goal = Goal(samples=steps)
    engine, took = played("gail", Dataset(spec, x), seed, goal, {**LEARNERS[name], **told}, [])
    return {"name": f"gail, {name}, {env}", **at_the_end(engine, spec, x, seed), **took}


def at_the_end(engine: Engine, spec: Spec, x: Tensor, seed: int) -> Row:
    """Returns of 50 episodes of the last policy, beside those of the demonstrations x and of random actions."""
    found = returns(draw(engine.game.eval(), 50, seed=1000 + seed))
    return {
        "seed": seed,
        "return": float(found.mean()),
        "deviation": float(found.std()),
        "demonstrations": float(returns(x).mean()),
        "random": float(returns(random_episodes(spec, 50, seed)).mean()),
    }


def imitated(name: str, seed: int, steps: int, told: dict[str, Any]) -> Row:
    """A row of `imitation`."""
    game_name, who, n, every = IMITATION[name]
    spec = spec_of(make(CARTPOLE), CARTPOLE)
    _, x = demonstrate(CARTPOLE, find_policy(who, spec), n, seed=seed, every=every)
    best = Best(spec.shape[0])
    goal = Goal(rounds=2000) if game_name == "bc" else Goal(samples=steps)
    engine, took = played(game_name, Dataset(spec, x), seed, goal, told, [best])
    last = float(returns(draw(engine.game.eval(), 50, seed=1000 + seed)).mean())
    if best.weights:
        engine.game.load_state_dict(best.weights)
    found = returns(draw(engine.game.eval(), 50, seed=1000 + seed))
    return {
        "name": name,
        "seed": seed,
        "return": float(found.mean()),
        "deviation": float(found.std()),
        "at steps": best.at,
        "last return": last,
        "demonstrations": float(returns(x).mean()),
        "random": float(returns(random_episodes(spec, 50, seed)).mean()),
        "curve": best.curve,
        **took,
    }


class Best:
    """A callback that plays 20 episodes from time to time, keeps the best weights, and stops where they are enough."""

    def __init__(self, most: int):
        self.weights: dict[str, Any] = {}
        self.curve: list[tuple[int, float]] = []
        self.at, self.value, self.due = 0, -1.0, EVERY

    def __call__(self, engine: Engine, moves: Sequence[Move]) -> None:
        if not engine.game.actors or engine.data.drawn < self.due:
            return
        self.due += EVERY
        with engine.evaluating() as game:
            value = float(returns(game.sample(20)).mean())
        self.curve.append((engine.data.drawn, value))
        if value > self.value:
            self.at, self.value, self.weights = (
                engine.data.drawn,
                value,
                copy.deepcopy(engine.game.state_dict()),
            )
        if value >= ENOUGH:
            engine.stop("SIGTERM")


def recovered(name: str, seed: int, steps: int, told: dict[str, Any]) -> Row:
    """A row of `reward`."""
    spec = spec_of(make("grid"), "grid")
    _, x = demonstrate("grid", find_policy("scripted", spec), 100, seed=seed)
    engine, took = played(name, Dataset(spec, x), seed, Goal(samples=steps), told, [])
    game, seen = engine.game.eval(), torch.stack([torch.from_numpy(seen_from(cell)) for cell in range(36)])
    with torch.no_grad():
        if name == "airl":
            found = game.D.reward(game.pi.norm(seen))
        else:
            each = [game.judged(seen, torch.full((36,), action), seen) for action in range(5)]
            found = torch.stack(each).mean(0)
    true = torch.from_numpy(reward_of_cells()).float()
    return {
        "name": name,
        "seed": seed,
        "correlation": float(torch.corrcoef(torch.stack([found, true]))[0, 1]),
        "return": float(returns(draw(game, 200, seed=1000 + seed)).mean()),
        "demonstrations": float(returns(x).mean()),
        "random": float(returns(random_episodes(spec, 200, seed)).mean()),
        "recovered": [round(value, 3) for value in found.tolist()],
        **took,
    }


def explored(name: str, env: str, seed: int, steps: int, told: dict[str, Any]) -> Row:
    """A row of `curiosity`."""
    table, curve = open_environment(env), []

    def watch(engine: Engine, moves: Sequence[Move]) -> None:
        curve.extend(float(move.notes["cells"]) for move in moves if "cells" in move.notes)

    engine, took = played(name, table, seed, Goal(samples=steps), told, [watch])
    by_chance = float(cells(random_episodes(table.spec, 16, seed)).mean())
    found = float(cells(draw(engine.game.eval(), 16, seed=1000 + seed)).mean())
    return {
        "name": f"{name} on {env}",
        "seed": seed,
        "cells": found,
        "times random": found / by_chance,
        "cells in training": sum(curve) / max(len(curve), 1),
        "random": by_chance,
        "curve": [round(value, 1) for value in curve],
        **took,
    }


def played(
    name: str, data: Dataset, seed: int, goal: Goal, told: dict[str, Any], callbacks: list[Any]
) -> tuple[Engine, Row]:
    """A trained game in its engine, and what it took."""
    built = maker(find(name))
    known = {key: value for key, value in told.items() if key in settings.settings_of(built)}
    torch.manual_seed(seed)
    game: Game = built(data.spec, **settings.check(built, known, name))
    engine = Engine(game, source_of(data, game, seed=seed), seed=seed)
    watched = [timed(each) for each in callbacks]
    engine.callbacks = [each for each, _ in watched]
    began = time.perf_counter()
    engine.play(goal)
    seconds = time.perf_counter() - began - sum(spent[0] for _, spent in watched)
    return engine, {
        "steps": engine.data.drawn,
        "seconds": seconds,
        "steps a second": engine.data.drawn / seconds,
    }


def timed(callback: Any) -> tuple[Any, list[float]]:
    """The callback, and the seconds that it has taken: they are not those of training."""
    spent = [0.0]

    def call(engine: Engine, moves: Sequence[Move]) -> None:
        began = time.perf_counter()
        callback(engine, moves)
        spent[0] += time.perf_counter() - began

    return call, spent


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=COLUMNS)
    parser.add_argument(
        "--only", nargs="*", choices=[*IMITATION, *RECOVERED[:1], *CURIOSITY, *LEARNERS, "bc"]
    )
    parser.add_argument("--env", help="the environment of curiosity, or the only one of classic")
    parser.add_argument("--experts", type=Path, default=Path(), help="the folder of the demonstrators' .zip")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--trial", action="store_true", help="print the rows and record nothing")
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
