"""The networks of a game whose contribution is not its networks: DCGAN's for images, else perceptrons."""

from torch import nn

from rivalry.data.source import Spec
from rivalry.nn.conv import ConvCritic, ConvGenerator, Norm, batch_norm, layer_norm, no_norm
from rivalry.nn.perceptron import PerceptronCritic, PerceptronGenerator

NORMS: dict[str, Norm] = {"batch": batch_norm, "layer": layer_norm, "none": no_norm}


def generator_for(spec: Spec, latent: int, width: int, norm: str = "batch") -> nn.Module:
    """(n, latent) -> (n, *spec.shape).

    Raises:
        BadRequest: data that are not real numbers.
    """
    spec.require("this game", real=True)
    if spec.meaning.axes == 2:
        return ConvGenerator(latent, spec.shape, width=width, norm=NORMS[norm])  # type: ignore[arg-type]
    return PerceptronGenerator(latent, spec.shape, width=width, bounded=spec.meaning.bounded)


def critic_for(spec: Spec, width: int, norm: str = "batch") -> nn.Module:
    """(n, *spec.shape) -> (n,)."""
    if spec.meaning.axes == 2:
        return ConvCritic(spec.shape, width=width, norm=NORMS[norm])  # type: ignore[arg-type]
    return PerceptronCritic(spec.shape, width=width)
