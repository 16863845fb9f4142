"""Steps a second of GAIL: ours beside `imitation`'s, in one process and thread, on the same CartPole of fixed length.

    pip install --no-deps imitation stable-baselines3 datasets multiprocess dill xxhash huggingface_hub pandas ...
    python benchmarks/agents_speed.py [--steps 24576]

`imitation` by its guide: 8 environments, PPO with minibatches of 64 and 5 epochs, 8 turns of the critic on 1,024 steps
for each 8,192.  Ours by its own settings (minibatches of 512), and by these.  The whole loop counts.

Writes benchmarks/results/agents-speed.json and .md.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
from certificate import certificate
from record import Row, record
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.games.agents.gail import gail
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.worlds.demonstrations import demonstrate
from rivalry.worlds.experience import source_of
from rivalry.worlds.policies import SCRIPTED

ENV = "CartPole-fixed"
THEIRS = {"batch": 8192, "actors": 8, "minibatch": 64, "critic_steps": 8}


class Fixed(gymnasium.Wrapper):
    """Our environment as Gymnasium's packages take it."""

    def reset(self, **given: Any) -> Any:
        self.steps = 0
        return self.env.reset(**given)

    def step(self, action: Any) -> Any:
        pole = self.unwrapped
        pole.steps_beyond_terminated = None
        seen, _, _, _, more = pole.step(action)
        up = abs(seen[0]) <= pole.x_threshold and abs(seen[2]) <= pole.theta_threshold_radians
        self.steps += 1
        return seen, float(up), False, self.steps >= 500, more


def ours(spec: Spec, x: Tensor, steps: int, **settings: Any) -> Row:
    data = Dataset(spec, x)
    torch.manual_seed(0)
    game = gail(spec, **settings)
    engine = Engine(game, source_of(data, game))
    engine.play(Goal(rounds=1))  # what is imported late
    before = engine.data.drawn
    return timed(lambda: engine.play(Goal(samples=before + steps)), lambda: engine.data.drawn - before)


def theirs(x: Tensor, steps: int) -> Row:
    from imitation.algorithms.adversarial.gail import GAIL
    from imitation.data import types
    from imitation.data.wrappers import RolloutInfoWrapper
    from imitation.rewards.reward_nets import BasicRewardNet
    from imitation.util import logger
    from imitation.util.networks import RunningNorm
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv
    from stable_baselines3.ppo import MlpPolicy

    make = lambda: RolloutInfoWrapper(
        Fixed(gymnasium.make("CartPole-v1", disable_env_checker=True).unwrapped)
    )
    copies = DummyVecEnv([make for _ in range(8)])
    shown = [
        types.TrajectoryWithRew(
            obs=np.concatenate([row[:, :4], row[-1:, :4]]),
            acts=row[:, 4].astype(int),
            infos=None,
            terminal=True,
            rews=row[:, 5].astype(np.float64),
        )
        for row in x.numpy()
    ]
    learner = PPO(
        env=copies, policy=MlpPolicy, batch_size=64, ent_coef=0.0, learning_rate=4e-4, gamma=0.95, n_epochs=5,
        n_steps=1024, seed=0,
    )  # fmt: skip
    critic = BasicRewardNet(
        observation_space=copies.observation_space,
        action_space=copies.action_space,
        normalize_input_layer=RunningNorm,
    )
    trainer = GAIL(
        demonstrations=shown, demo_batch_size=1024, gen_replay_buffer_capacity=512, n_disc_updates_per_round=8,
        venv=copies, gen_algo=learner, reward_net=critic, log_dir=tempfile.mkdtemp(),
        custom_logger=logger.configure(tempfile.mkdtemp(), []), allow_variable_horizon=True,
    )  # fmt: skip
    whole = max(1, steps // 8192) * 8192
    return timed(lambda: trainer.train(whole), lambda: whole)


def timed(train: Callable[[], Any], steps: Callable[[], int]) -> Row:
    wall, own = time.perf_counter(), time.process_time()
    train()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    return {"steps": steps(), "a second": steps() / wall, "a second of the processor": steps() / own}


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=24_576)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    spec, x = demonstrate(ENV, SCRIPTED[ENV], 10)
    rows = {
        "ours": ours(spec, x, steps),
        "imitation": theirs(x, steps),
        "ours, by imitation's settings": ours(spec, x, steps, **THEIRS),
    }
    base = rows["imitation"]["a second of the processor"]
    columns = ("a second", "a second of the processor", "times imitation's", "steps")
    measured = [
        {
            "who": who,
            "seed": 0,
            **row,
            "times imitation's": row["a second of the processor"] / base,
            **certificate(),
        }
        for who, row in rows.items()
    ]
    says = ["times: by seconds of the processor, since other programs shared the machine"]
    record("agents-speed", measured, "who", columns, says)
    print(*measured, sep="\n")


if __name__ == "__main__":
    main()
