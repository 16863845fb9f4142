"""The table of contents: every game by name.  A game's module is imported when it is asked for."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from rivalry.errors import unknown


class Entry(NamedTuple):
    """One game: where it is, whose it is, and what data it plays on."""

    name: str
    target: str  # "module:attribute"
    title: str
    authors: str
    year: int
    paper: str  # "arXiv 1406.2661"
    kind: str = "image"  # the room it lives in
    needs: tuple[str, ...] = ()  # of its data: "image", "labels"; nothing where points will do


CATALOG = (
    Entry(
        "gan",
        "rivalry.games.image.gan:gan",
        "Generative Adversarial Networks",
        "Goodfellow et al.",
        2014,
        "arXiv 1406.2661",
    ),
    Entry(
        "cgan",
        "rivalry.games.image.cgan:cgan",
        "Conditional Generative Adversarial Nets",
        "Mirza & Osindero",
        2014,
        "arXiv 1411.1784",
        needs=("labels",),
    ),
    Entry(
        "dcgan",
        "rivalry.games.image.dcgan:dcgan",
        "Unsupervised Representation Learning with Deep Convolutional GANs",
        "Radford et al.",
        2015,
        "arXiv 1511.06434",
        needs=("image",),
    ),
    Entry(
        "fgan",
        "rivalry.games.image.fgan:fgan",
        "f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization",
        "Nowozin et al.",
        2016,
        "arXiv 1606.00709",
    ),
    Entry(
        "lsgan",
        "rivalry.games.image.lsgan:lsgan",
        "Least Squares Generative Adversarial Networks",
        "Mao et al.",
        2016,
        "arXiv 1611.04076",
    ),
    Entry(
        "unrolled",
        "rivalry.games.image.unrolled:unrolled",
        "Unrolled Generative Adversarial Networks",
        "Metz et al.",
        2016,
        "arXiv 1611.02163",
    ),
    Entry(
        "ebgan",
        "rivalry.games.image.ebgan:ebgan",
        "Energy-based Generative Adversarial Network",
        "Zhao et al.",
        2016,
        "arXiv 1609.03126",
        needs=("image",),
    ),
    Entry(
        "cogan",
        "rivalry.games.image.cogan:cogan",
        "Coupled Generative Adversarial Networks",
        "Liu & Tuzel",
        2016,
        "arXiv 1606.07536",
        needs=("image", "labels", "domains"),
    ),
    Entry(
        "infogan",
        "rivalry.games.image.infogan:infogan",
        "InfoGAN: Interpretable Representation Learning by Information Maximizing GANs",
        "Chen et al.",
        2016,
        "arXiv 1606.03657",
        needs=("image",),
    ),
    Entry(
        "acgan",
        "rivalry.games.image.acgan:acgan",
        "Conditional Image Synthesis with Auxiliary Classifier GANs",
        "Odena et al.",
        2016,
        "arXiv 1610.09585",
        needs=("image", "labels"),
    ),
    Entry(
        "wgan",
        "rivalry.games.image.wgan:wgan",
        "Wasserstein GAN",
        "Arjovsky et al.",
        2017,
        "arXiv 1701.07875",
    ),
    Entry(
        "wgan-gp",
        "rivalry.games.image.wgan_gp:wgan_gp",
        "Improved Training of Wasserstein GANs",
        "Gulrajani et al.",
        2017,
        "arXiv 1704.00028",
    ),
    Entry(
        "dragan",
        "rivalry.games.image.dragan:dragan",
        "On Convergence and Stability of GANs",
        "Kodali et al.",
        2017,
        "arXiv 1705.07215",
    ),
    Entry(
        "wgan-lp",
        "rivalry.games.image.wgan_lp:wgan_lp",
        "On the regularization of Wasserstein GANs",
        "Petzka et al.",
        2017,
        "arXiv 1709.08894",
    ),
    Entry(
        "began",
        "rivalry.games.image.began:began",
        "BEGAN: Boundary Equilibrium Generative Adversarial Networks",
        "Berthelot et al.",
        2017,
        "arXiv 1703.10717",
        needs=("image",),
    ),
    Entry(
        "pacgan",
        "rivalry.games.image.pacgan:pacgan",
        "PacGAN: The power of two samples in generative adversarial networks",
        "Lin et al.",
        2017,
        "arXiv 1712.04086",
    ),
    Entry(
        "progan",
        "rivalry.games.image.progan:progan",
        "Progressive Growing of GANs for Improved Quality, Stability, and Variation",
        "Karras et al.",
        2017,
        "arXiv 1710.10196",
        needs=("image",),
    ),
    Entry(
        "sngan",
        "rivalry.games.image.sngan:sngan",
        "Spectral Normalization for Generative Adversarial Networks",
        "Miyato et al.",
        2018,
        "arXiv 1802.05957",
        needs=("image",),
    ),
    Entry(
        "sngan-projection",
        "rivalry.games.image.sngan:sngan_projection",
        "cGANs with Projection Discriminator",
        "Miyato & Koyama",
        2018,
        "arXiv 1802.05637",
        needs=(
            "image",
            "labels",
        ),
    ),
    Entry(
        "projection-gan",
        "rivalry.games.image.projection:projection_gan",
        "cGANs with Projection Discriminator, small and with R1",
        "Miyato & Koyama; Mescheder et al.",
        2018,
        "arXiv 1802.05637, 1801.04406",
        needs=(
            "image",
            "labels",
        ),
    ),
    Entry(
        "sagan",
        "rivalry.games.image.sagan:sagan",
        "Self-Attention Generative Adversarial Networks",
        "Zhang et al.",
        2018,
        "arXiv 1805.08318",
        needs=("image",),
    ),
    Entry(
        "rpgan",
        "rivalry.games.image.relativistic:rpgan",
        "The relativistic discriminator: a key element missing from standard GAN",
        "Jolicoeur-Martineau",
        2018,
        "arXiv 1807.00734",
    ),
    Entry(
        "ragan",
        "rivalry.games.image.relativistic:ragan",
        "The relativistic discriminator: a key element missing from standard GAN",
        "Jolicoeur-Martineau",
        2018,
        "arXiv 1807.00734",
    ),
    Entry(
        "biggan",
        "rivalry.games.image.biggan:biggan",
        "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
        "Brock et al.",
        2018,
        "arXiv 1809.11096",
        needs=("image", "labels"),
    ),
    Entry(
        "biggan-deep",
        "rivalry.games.image.biggan:biggan_deep",
        "Large Scale GAN Training for High Fidelity Natural Image Synthesis, in bottlenecks",
        "Brock et al.",
        2018,
        "arXiv 1809.11096",
        needs=("image", "labels"),
    ),
    Entry(
        "stylegan",
        "rivalry.games.image.stylegan:stylegan",
        "A Style-Based Generator Architecture for Generative Adversarial Networks",
        "Karras et al.",
        2018,
        "arXiv 1812.04948",
        needs=("image",),
    ),
    Entry(
        "stylegan2",
        "rivalry.games.image.stylegan:stylegan2",
        "Analyzing and Improving the Image Quality of StyleGAN",
        "Karras et al.",
        2019,
        "arXiv 1912.04958",
        needs=("image",),
    ),
    Entry(
        "r3gan",
        "rivalry.games.image.relativistic:r3gan",
        "The GAN is dead; long live the GAN! A Modern GAN Baseline",
        "Huang et al.",
        2024,
        "arXiv 2501.05441",
    ),
    Entry(
        "pix2pix",
        "rivalry.games.translation.pix2pix:pix2pix",
        "Image-to-Image Translation with Conditional Adversarial Networks",
        "Isola et al.",
        2016,
        "arXiv 1611.07004",
        "translation",
        needs=("image", "pairs"),
    ),
    Entry(
        "cyclegan",
        "rivalry.games.translation.cyclegan:cyclegan",
        "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
        "Zhu et al.",
        2017,
        "arXiv 1703.10593",
        "translation",
        needs=("image", "labels", "domains"),
    ),
    Entry(
        "discogan",
        "rivalry.games.translation.cyclegan:discogan",
        "Learning to Discover Cross-Domain Relations with Generative Adversarial Networks",
        "Kim et al.",
        2017,
        "arXiv 1703.05192",
        "translation",
        needs=("image", "labels", "domains"),
    ),
    Entry(
        "dualgan",
        "rivalry.games.translation.cyclegan:dualgan",
        "DualGAN: Unsupervised Dual Learning for Image-to-Image Translation",
        "Yi et al.",
        2017,
        "arXiv 1704.02510",
        "translation",
        needs=("image", "labels", "domains"),
    ),
    Entry(
        "stargan",
        "rivalry.games.translation.stargan:stargan",
        "StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation",
        "Choi et al.",
        2018,
        "arXiv 1711.09020",
        "translation",
        needs=("image", "labels"),
    ),
    Entry(
        "nice",
        "rivalry.games.likelihood.nice:nice",
        "NICE: Non-linear Independent Components Estimation",
        "Dinh et al.",
        2014,
        "arXiv 1410.8516",
        "likelihood",
    ),
    Entry(
        "made",
        "rivalry.games.likelihood.made:made",
        "MADE: Masked Autoencoder for Distribution Estimation",
        "Germain et al.",
        2015,
        "arXiv 1502.03509",
        "likelihood",
    ),
    Entry(
        "realnvp",
        "rivalry.games.likelihood.realnvp:realnvp",
        "Density estimation using Real NVP",
        "Dinh et al.",
        2016,
        "arXiv 1605.08803",
        "likelihood",
    ),
    Entry(
        "pixelcnn",
        "rivalry.games.likelihood.pixelcnn:pixelcnn",
        "Conditional Image Generation with PixelCNN Decoders",
        "van den Oord et al.",
        2016,
        "arXiv 1606.05328",
        "likelihood",
        needs=("image",),
    ),
    Entry(
        "pixelcnn++",
        "rivalry.games.likelihood.pixelcnn_pp:pixelcnn_pp",
        "PixelCNN++: Improving the PixelCNN with Discretized Logistic Mixture Likelihood",
        "Salimans et al.",
        2017,
        "arXiv 1701.05517",
        "likelihood",
        needs=("image",),
    ),
    Entry(
        "maf",
        "rivalry.games.likelihood.maf:maf",
        "Masked Autoregressive Flow for Density Estimation",
        "Papamakarios et al.",
        2017,
        "arXiv 1705.07057",
        "likelihood",
    ),
    Entry(
        "flow-gan",
        "rivalry.games.likelihood.flow_gan:flow_gan",
        "Flow-GAN: Combining Maximum Likelihood and Adversarial Learning in Generative Models",
        "Grover et al.",
        2017,
        "arXiv 1705.08868",
        "likelihood",
    ),
    Entry(
        "glow",
        "rivalry.games.likelihood.glow:glow",
        "Glow: Generative Flow with Invertible 1x1 Convolutions",
        "Kingma & Dhariwal",
        2018,
        "arXiv 1807.03039",
        "likelihood",
    ),
)


def find(name: str) -> Entry:
    """The entry of this name.

    Raises:
        BadRequest: no such game; names the nearest one.
    """
    for entry in CATALOG:
        if entry.name == name:
            return entry
    raise unknown("game", name, [entry.name for entry in CATALOG], "`rivalry list` names them all")


def maker(entry: Entry) -> Callable[..., Any]:
    """What makes the game: `make(spec, **settings) -> Game`."""
    module, attribute = entry.target.split(":")
    return getattr(importlib.import_module(module), attribute)


def recipes(entry: Entry) -> dict[str, dict[str, Any]]:
    """The game's recipes: named settings, with `data` and `time`, `samples` or `rounds` where they belong to it."""
    module = importlib.import_module(entry.target.split(":")[0])
    return getattr(module, "RECIPES", {}).get(entry.name, {})
