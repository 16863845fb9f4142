"""Options that people bring along from other tools, and what they are called here."""

SETTINGS = {  # of a game
    "batch-size": "batch",
    "bs": "batch",
    "learning-rate": "lr",
    "rate": "lr",
    "latent-dim": "latent",
    "z-dim": "latent",
    "nz": "latent",
    "ngf": "width",
    "channels": "width",
    "ema": "average",
}
OPTIONS = {  # of `train`; {} is the value that was typed
    "resolution": "--size {}",
    "image-size": "--size {}",
    "img-size": "--size {}",
    "iterations": "--rounds {}",
    "iters": "--rounds {}",
    "steps": "--rounds {}",
    "kimg": "--samples {}000",
    "dataset": "--data {}",
    "data-dir": "--data {}",
    "dataroot": "--data {}",
    "outdir": "--run {}",
    "output": "--run {}",
    "out": "--run {}",
    "gpu": "--device cuda",
    "gpus": "--device cuda",
    "lr-schedule": "--schedule {}",
    "lr-policy": "--schedule {}",
    "fp16": "--precision bf16",
    "amp": "--precision bf16",
}
EPOCHS = "how long is told by --rounds, --samples or --time; {} epochs of n data are --samples {} * n"


def answer(option: str, value: str, settings: tuple[str, ...] | list[str], game: str) -> str:
    """What to type in place of an option that `train` does not have; "" where nobody knows.

    Args:
        option: as typed, "--batch-size".
        value: that came with it.
        settings: those of the game.
    """
    word = option.lstrip("-").replace("_", "-").lower()
    name = SETTINGS.get(word, word.replace("-", "_"))
    if name in settings:
        return f"{name} is a setting of {game}, not an option: -s {name}={value}"
    both = [f"{who}_{name}" for who in ("generator", "critic") if f"{who}_{name}" in settings]
    if both:
        told = " ".join(f"-s {one}={value}" for one in both)
        return f"{option}: {game} has {' and '.join(both)}, one for each player: {told}"
    if not game and (word in SETTINGS or name in SETTINGS.values()):
        return f"{name} is a setting of a game, not an option: -s {name}={value}"
    if word in ("epochs", "epoch"):
        return EPOCHS.format(value, value)
    if word in OPTIONS:
        return f"{option} is called {OPTIONS[word].split()[0]} here: {OPTIONS[word].format(value)}"
    return ""
