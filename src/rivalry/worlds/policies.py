"""Who plays a demonstration: chance, a rule that is written here, or somebody else's network."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.worlds.experience import Act
from rivalry.worlds.grid import demonstrator
from rivalry.worlds.world import bounds_of

MOST = 1 << 28  # bytes of a policy's weights


def find_policy(name: str, spec: Spec, statistics: Path | None = None) -> Act:
    """The policy of this name: "random", "scripted", or a path of a .zip of Stable-Baselines3.

    Args:
        statistics: a .npz with the `mean` and `variance` by which a .zip's policy was given what it saw.

    Raises:
        BadRequest: there is none, or it does not fit the environment.
    """
    if statistics is not None and name in ("random", "scripted"):
        raise BadRequest(f"--statistics go with the .zip of a policy; {name} needs none")
    if name == "random":
        return random_policy(spec)
    if name == "scripted":
        env = spec.about["env"]
        if env not in SCRIPTED:
            raise BadRequest(f"no rule for {env} is written here; there are rules for {', '.join(SCRIPTED)}")
        return SCRIPTED[env]
    path = Path(name)
    if not path.is_file():
        raise BadRequest(f"no policy {name!r}; expected random, scripted, or the .zip of one")
    act = from_stable_baselines(path, spec)
    return act if statistics is None else normalized(act, statistics, spec)


def random_policy(spec: Spec) -> Act:
    """Every choice is as likely; numbers are uniform between their bounds, or normal where there are none."""
    about = spec.about
    if about.get("choices"):
        return lambda seen: torch.randint(about["choices"], (len(seen),))
    low, high = map(torch.tensor, bounds_of(spec))
    bounded = torch.isfinite(low) & torch.isfinite(high)
    low, high = torch.where(bounded, low, 0.0), torch.where(bounded, high, 0.0)

    def act(seen: Tensor) -> Tensor:
        between = low + (high - low) * torch.rand(len(seen), len(low))
        return torch.where(bounded, between, torch.randn(len(seen), len(low)))

    return act


def _balance(seen: Tensor) -> Tensor:
    """To the right if the pole leans there, or is going to: θ + .3 θ' + .02 x + .05 x' > 0."""
    x, speed, angle, turning = seen.unbind(1)
    return ((angle + 0.3 * turning + 0.02 * x + 0.05 * speed) > 0).long()


def _swing(seen: Tensor) -> Tensor:
    """Push the car the way it is rolling."""
    return torch.where(seen[:, 1] >= 0, 2, 0)


SCRIPTED: dict[str, Act] = {
    "walk": lambda seen: torch.ones(len(seen), dtype=torch.long),
    "grid": demonstrator,
    "CartPole-v0": _balance,
    "CartPole-v1": _balance,
    "CartPole-fixed": _balance,
    "MountainCar-v0": _swing,
}

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"Tanh": torch.tanh, "ReLU": torch.relu}


def from_stable_baselines(path: Path, spec: Spec) -> Act:
    """The policy network of a .zip that Stable-Baselines3 wrote, for observations that are vectors.

    Such an archive holds pickles, which can run any code.  They are not read: only `policy.pth` is, whose tensors torch
    loads by themselves (`weights_only`).  Actions are the likeliest.

    Raises:
        BadRequest: it is no such archive, or its network does not fit the environment.
    """
    weights, activation = _weights(path), _activation(path)
    hidden = {name.rsplit(".", 1)[0] for name in weights if name.startswith("mlp_extractor.policy_net.")}
    layers = sorted(hidden, key=lambda name: (len(name), name))
    chain = [(weights[f"{layer}.weight"], weights[f"{layer}.bias"]) for layer in [*layers, "action_net"]]
    sizes = chain[0][0].shape[1], chain[-1][0].shape[0]
    about = spec.about
    needed = about["observation"], about.get("choices") or about["action"]
    if sizes != needed:
        raise BadRequest(
            f"{path} is a policy from {sizes[0]} numbers seen to {sizes[1]} numbers; {about['env']} has {needed[0]} "
            f"and {needed[1]}"
        )

    def act(seen: Tensor) -> Tensor:
        h = seen
        for weight, bias in chain[:-1]:
            h = activation(nn.functional.linear(h, weight, bias))
        told = nn.functional.linear(h, *chain[-1])
        return told.argmax(1) if about.get("choices") else told

    return act


def normalized(act: Act, statistics: Path, spec: Spec) -> Act:
    """The policy, given what is seen less the mean, by the deviation, within ±10, as `VecNormalize` gives it.

    Raises:
        BadRequest: the file holds no mean and variance of what the environment shows.
    """
    d = spec.about["observation"]
    try:
        with np.load(statistics, allow_pickle=False) as archive:
            mean, variance = (
                torch.from_numpy(archive[key].astype(np.float64)) for key in ("mean", "variance")
            )
    except Exception as error:  # of any damage
        raise BadRequest(f"{statistics} holds no arrays mean and variance ({type(error).__name__})") from None
    if mean.shape != (d,) or variance.shape != (d,):
        raise BadRequest(f"{statistics} is of {mean.numel()} numbers seen; {spec.about['env']} has {d}")
    return lambda seen: act(((seen - mean) / (variance + 1e-8).sqrt()).clamp(-10, 10).float())


def _weights(path: Path) -> dict[str, Tensor]:
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("policy.pth")
            if info.file_size > MOST:
                raise BadRequest(f"policy.pth in {path} is larger than {MOST >> 20} MiB")
            found = torch.load(io.BytesIO(archive.read(info)), map_location="cpu", weights_only=True)
    except BadRequest:
        raise
    except Exception as error:  # of any damage: torch and zipfile raise many types
        raise BadRequest(
            f"{path} holds no policy.pth of plain weights, as Stable-Baselines3 writes it ({type(error).__name__})"
        ) from None
    tensors = isinstance(found, dict) and all(isinstance(v, Tensor) for v in found.values())
    if not tensors or not {"action_net.weight", "action_net.bias"} <= found.keys():
        raise BadRequest(f"{path} holds no policy of Stable-Baselines3 that acts by a perceptron (MlpPolicy)")
    return {name: value.float() for name, value in found.items()}


def _activation(path: Path) -> Callable[[Tensor], Tensor]:
    """The function between the layers: named in the archive's JSON, whose pickled fields are looked into as bytes."""
    with zipfile.ZipFile(path) as archive:
        try:
            told = json.loads(archive.read("data")).get("policy_kwargs", {})
        except (KeyError, ValueError, AttributeError):
            told = {}
    pickled = told.get(":serialized:", "") if isinstance(told, dict) else ""
    try:
        content = base64.b64decode(pickled) if isinstance(pickled, str) else b""
    except ValueError:
        content = b""
    said: Any = content + json.dumps(told).encode()
    return ACTIVATIONS["ReLU" if b"ReLU" in said else "Tanh"]
