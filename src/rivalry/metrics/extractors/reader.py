"""Features of sentences: the hidden units of a network that was trained to predict the next token of the same data.

The network is trained apart from any game, from a seed of its own, so that no game is scored on its own features.  A
feature is the mean of a unit over the tokens of a sentence.  Scores on it are named for it, "fid[reader-poems]":
they compare with no score on other features, and not with those of a reader of other data.  (The measure of Semeniuta
et al. 2018, "On Accurate Evaluation of GANs for Language Generation", arXiv 1806.04936, who have InferSent's features.)
"""

import json
import os
from collections.abc import Callable

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.cache import cache_dir
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import PAD, START, vocabulary_size
from rivalry.maths.optimizers import Adam
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.extractors.fingerprints import fingerprint
from rivalry.nn.next_token import Recurrent

WIDTH, EMBEDDING, DROPOUT = 128, 64, 0.2
STEPS, BATCH, RATE = 800, 64, 3e-3


class Reader(nn.Module):
    """Sentences (n, t) -> the mean of the hidden units over their tokens (n, width)."""

    def __init__(self, tokens: int):
        super().__init__()
        self.network = Recurrent(tokens, EMBEDDING, WIDTH, dropout=DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        there = (x != PAD).unsqueeze(2)
        units, _ = self.network.hidden(x)
        return (units * there).sum(1) / there.sum(1).clamp(min=1)

    def nats(self, x: Tensor) -> Tensor:
        """The mean of -log p over the tokens."""
        before = torch.cat([torch.full_like(x[:, :1], START), x[:, :-1]], 1)
        logits, _ = self.network(before)
        return F.cross_entropy(logits.flatten(0, 1), x.flatten(), ignore_index=PAD)


def reader(
    spec: Spec, train: Dataset | None = None, *, progress: Callable[[int, int], None] | None = None
) -> Extractor:
    """The reader of these data, trained once and kept in the user's cache under a hash of the data.

    Args:
        spec: of the data.
        train: sentences to learn from; a tenth of them is held out to measure it.
        progress: called with steps done and steps in all.

    Raises:
        BadRequest: data that are no sentences, or that are needed and were not given.
    """
    spec.require("a reader", kind="tokens")
    if train is None:
        raise BadRequest(f"the reader of {spec.name!r} is trained on its split train: score against that one")
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in spec.name)[:64]
    path = cache_dir("readers") / f"{name}-{fingerprint(train)[:16]}.safetensors"
    network = Reader(vocabulary_size(spec.x)).eval().requires_grad_(False)
    try:
        with safe_open(path, "pt") as file:
            network.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
            facts = json.loads(file.metadata()["facts"])
    except (FileNotFoundError, SafetensorError, RuntimeError):  # never trained, cut short, or of older code
        network, facts = train_reader(train, progress=progress)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        save_file(dict(network.state_dict()), temporary, {"facts": json.dumps(facts)})
        temporary.replace(path)
    return Extractor(f"reader-{spec.name}", network, facts=facts)


def train_reader(
    train: Dataset, *, seed: int = 0, steps: int = STEPS, progress: Callable[[int, int], None] | None = None
) -> tuple[Reader, dict[str, float]]:
    """A reader, and `held-out nats`, its mean -log p of a token in the tenth of the data that it did not see."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    held_out, rows = order[: max(1, len(train) // 10)][:500], order[max(1, len(train) // 10) :]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Reader(vocabulary_size(train.spec.x))
        optimizer = Adam(list(network.parameters()), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
        for step in range(steps):
            optimizer.settings["lr"] = RATE * (1 - step / steps)
            loss = network.nats(train.rows(rows[torch.randint(len(rows), (BATCH,))]))
            network.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            if progress:
                progress(step + 1, steps)
    network = network.eval().requires_grad_(False)
    return network, {"held-out nats": float(network.nats(train.rows(held_out))), "seed": seed, "steps": steps}
