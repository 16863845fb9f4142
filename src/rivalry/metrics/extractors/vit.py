"""Vision transformers whose features are today's yardstick, DINOv2 and CLIP, from a local file of weights.

Dosovitskiy et al. 2021 (arXiv 2010.11929); Oquab et al. 2023, "DINOv2" (arXiv 2304.07193): blocks with scales
learned for each channel, features from the class token after the last norm; Radford et al. 2021, "CLIP" (arXiv
2103.00020): a norm before the first block, the class token after the last, and a projection where the file holds one.

Read are `.safetensors` with the public names of facebookresearch/dinov2, open_clip, and transformers' `Dinov2Model` and
`CLIPVisionModel`.  Width, depth and patch are those of the tensors.  Left out: DINOv2 with registers.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.extractors.weights import fill, find_weights, read_weights
from rivalry.metrics.image.images import in_color

State = dict[str, Tensor]
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
TOGETHER = 32  # images that go through at once
HEAD = 64  # the width of a head, in every public one of both families


class Family(NamedTuple):
    """Facts of a network that the tensors of a file do not show.

    Attributes:
        norms: mean and deviation of images in [0, 1].
        resized, cropped: pixels of the shorter side, and of the square in the middle; 0: as the positions need.
        eps: of the norms.
    """

    name: str
    norms: tuple[tuple[float, ...], tuple[float, ...]]
    resized: int
    cropped: int
    eps: float


DINOV2 = Family("dinov2", IMAGENET, 256, 224, 1e-6)
CLIP_VISION = Family("clip", CLIP, 0, 0, 1e-5)
FILES = {"dinov2": ("dinov2.safetensors",), "clip": ("clip.safetensors",)}
GET = (
    "get the .safetensors of a DINOv2 or CLIP model (facebook/dinov2-*, openai/clip-vit-*) and name its path"
)


def vision_transformer(
    name: str, path: str | Path | None = None, *, heads: int | None = None, quick: bool = True
) -> Extractor:
    """The extractor "dinov2" or "clip" of images (n, 1 or 3, h, w).

    Its weights are never fetched: they are read from `path`, else from the file that RIVALRY_DINOV2 or RIVALRY_CLIP
    names, else from the folder "weights" of the user's cache.

    Args:
        name: "dinov2" or "clip".
        path: a `.safetensors`.
        heads: how many there are; by default the width over 64, as in all public models.
        quick: of CLIP, whether x σ(1.702 x) stands for GELU, as in the weights of OpenAI; those of LAION have GELU.

    Raises:
        BadRequest: no such family, no weights, or weights that do not fit; the message lists the places that were
            tried.
    """
    families = {"dinov2": DINOV2, "clip": CLIP_VISION}
    if name not in families:
        raise BadRequest(f"no vision transformer {name!r}: there are dinov2 and clip")
    file = find_weights(name, path, f"RIVALRY_{name.upper()}", FILES[name], GET)
    network = built(families[name], read_weights(file), heads, quick, str(file))
    facts = {"file": file.name, "resizer": f"bicubic, antialiased; middle {network.side} x {network.side}"}
    return Extractor(name, network.eval().requires_grad_(False), (), facts)


def built(family: Family, state: State, heads: int | None, quick: bool, source: str) -> "VisionTransformer":
    """The network that these tensors are of, filled with them."""
    state = renamed(family, state, source)
    patch, place = state["patch.weight"], state["place"]
    if patch.ndim != 4 or patch.shape[1] != 3 or place.ndim != 2 or place.shape[1] != patch.shape[0]:
        raise BadRequest(f"{source} does not fit: patches {tuple(patch.shape)}, places {tuple(place.shape)}")
    width, grid = patch.shape[0], math.isqrt(len(place) - 1)
    if grid**2 != len(place) - 1 or (heads is None and width % HEAD) or (heads and width % heads):
        raise BadRequest(
            f"{source} does not fit: {len(place)} places, width {width}, heads {heads or 'not given'}"
        )
    depth = 1 + max((int(key.split(".")[1]) for key in state if key.startswith("blocks.")), default=-1)
    with torch.device("meta"):
        network = VisionTransformer(family, state, depth, heads or width // HEAD, quick)
    fill(network, state, source)
    return network


NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "dinov2": (
        ("cls_token", "first"), ("pos_embed", "place"), ("patch_embed.proj.", "patch."),
        (".attn.qkv.", ".qkv."), (".attn.proj.", ".out."), (".ls1.gamma", ".scale1"), (".ls2.gamma", ".scale2"),
        (".mlp.", "."), (".w12.", ".fc1."), (".w3.", ".fc2."),
    ),
    "dinov2 of transformers": (
        ("embeddings.cls_token", "first"), ("embeddings.position_embeddings", "place"),
        ("embeddings.patch_embeddings.projection.", "patch."), ("encoder.layer.", "blocks."), ("layernorm.", "norm."),
        (".attention.attention.", "."), (".attention.output.dense.", ".out."),
        (".layer_scale1.lambda1", ".scale1"), (".layer_scale2.lambda1", ".scale2"),
        (".mlp.", "."), (".weights_in.", ".fc1."), (".weights_out.", ".fc2."),
    ),
    "clip of transformers": (
        ("vision_model.", ""), ("embeddings.class_embedding", "first"),
        ("embeddings.position_embedding.weight", "place"), ("embeddings.patch_embedding.", "patch."),
        ("pre_layrnorm.", "before."), ("post_layernorm.", "norm."), ("encoder.layers.", "blocks."),
        (".self_attn.", "."), (".q_proj.", ".query."), (".k_proj.", ".key."), (".v_proj.", ".value."),
        (".out_proj.", ".out."), (".layer_norm1.", ".norm1."), (".layer_norm2.", ".norm2."), (".mlp.", "."),
        ("visual_projection.weight", "projection"),
    ),
    "clip": (
        ("visual.", ""), ("class_embedding", "first"), ("positional_embedding", "place"), ("conv1.", "patch."),
        ("ln_pre.", "before."), ("ln_post.", "norm."), ("transformer.resblocks.", "blocks."),
        (".attn.in_proj_", ".qkv."), (".attn.out_proj.", ".out."), (".ln_1.", ".norm1."), (".ln_2.", ".norm2."),
        (".mlp.c_fc.", ".fc1."), (".mlp.c_proj.", ".fc2."), ("proj", "projection"),
    ),
}  # fmt: skip
PARTS = ("first", "place", "patch.", "before.", "norm.", "blocks.", "projection")


def renamed(family: Family, state: State, source: str) -> State:
    """The tensors by this file's own names; those of a text tower, of masks and of counts are left out."""
    if any("register_tokens" in key for key in state):
        raise BadRequest(f"{source} does not fit: it has registers; take the weights of DINOv2 without them")
    of_transformers = any("embeddings." in key for key in state)
    pairs = NAMES[f"{family.name} of transformers" if of_transformers else family.name]
    open_clip = any(key.startswith("visual.") for key in state)
    found: State = {}
    for key, value in state.items():
        text = key.startswith("text_") or (open_clip and not key.startswith("visual."))
        if text or key.endswith("position_ids"):
            continue
        for old, new in pairs:
            key = new if key == old else key.replace(old, new) if old != "proj" else key
        if key.startswith(PARTS):
            found[key] = value
    found = joined(found)
    if missing := {"first", "place", "patch.weight", "norm.weight", "blocks.0.qkv.weight"} - found.keys():
        raise BadRequest(f"{source} does not fit {family.name}: it holds no {', '.join(sorted(missing))}")
    found["first"], found["place"] = found["first"].flatten(), found["place"].flatten(0, -2)
    if family.name == "clip" and of_transformers and "projection" in found:
        found["projection"] = found["projection"].T.contiguous()  # (out, in) there, (in, out) in open_clip
    return found


def joined(state: State) -> State:
    """Query, key and value as one tensor, as most files have them."""
    whole = {
        key: value
        for key, value in state.items()
        if not any(f".{p}." in key for p in ("query", "key", "value"))
    }
    for key in [key for key in state if ".query." in key]:
        parts = [key.replace(".query.", f".{part}.") for part in ("query", "key", "value")]
        if all(part in state for part in parts):
            whole[key.replace(".query.", ".qkv.")] = torch.cat([state[part] for part in parts])
    return whole


class VisionTransformer(nn.Module):
    """Images (n, 1 or 3, h, w) in [-1, 1] -> features (n, d).

    Args:
        state: tensors, of which the shapes are taken.
        heads: of attention.
        quick: whether CLIP's quick GELU stands for GELU.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, family: Family, state: State, depth: int, heads: int, quick: bool):
        super().__init__()
        width, _, size, _ = state["patch.weight"].shape
        self.family, self.size, self.grid = family, size, math.isqrt(len(state["place"]) - 1)
        self.side = family.cropped // size * size or self.grid * size
        self.patch = nn.Conv2d(3, width, size, size, bias="patch.bias" in state)
        self.first = nn.Parameter(torch.empty(width))
        self.place = nn.Parameter(torch.empty_like(state["place"], device="meta"))
        self.before = nn.LayerNorm(width, family.eps) if "before.weight" in state else nn.Identity()
        act = quick_gelu if quick and family.name == "clip" else F.gelu
        hidden, out = (state[f"blocks.0.{name}.weight"].shape for name in ("fc1", "fc2"))
        self.blocks = nn.ModuleList(
            Block(width, heads, hidden[0], out[1], "blocks.0.scale1" in state, family.eps, act)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, family.eps)
        given = state.get("projection")
        self.projection = None if given is None else nn.Parameter(torch.empty_like(given, device="meta"))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(
            [self.features(prepared(part, self.family, self.side)) for part in x.split(TOGETHER)]
        )

    def features(self, x: Tensor) -> Tensor:
        """(n, 3, h, w), sides multiples of the patch, normalized as the family's images -> (n, d)."""
        patches = self.patch(x)  # (n, d, rows, columns)
        tokens = torch.cat([self.first.expand(len(x), 1, -1), patches.flatten(2).transpose(1, 2)], 1)
        x = self.before(tokens + self.places(*patches.shape[2:]))
        for block in self.blocks:
            x = block(x)
        feature = self.norm(x[:, 0])
        return feature if self.projection is None else feature @ self.projection

    def places(self, rows: int, columns: int) -> Tensor:
        """The positions that are added to the tokens, resized where there are more or fewer patches."""
        if rows == columns == self.grid:
            return self.place
        table = self.place[1:].T.unflatten(1, (self.grid, self.grid))[None]
        table = F.interpolate(table, (rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([self.place[:1], table[0].flatten(1).T])


class Block(nn.Module):
    """Attention and two layers, each on a norm and added to its input: (n, tokens, d) -> the same.

    Args:
        hidden, inner: width out of the first layer and into the second; twice as wide is a gate (SwiGLU).
        scaled: whether the added term has a scale for each channel.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        inner: int,
        scaled: bool,
        eps: float,
        act: Callable[[Tensor], Tensor],
    ):
        super().__init__()
        self.heads, self.gated, self.act = heads, hidden == 2 * inner, act
        self.norm1, self.norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(inner, width)
        self.scale1, self.scale2 = ((nn.Parameter(torch.empty(width)) if scaled else None) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        x = x + (seen if self.scale1 is None else seen * self.scale1)
        h = self.fc1(self.norm2(x))
        gate, value = h.chunk(2, -1) if self.gated else (None, h)
        h = self.fc2(self.act(value) if gate is None else F.silu(gate) * value)
        return x + (h if self.scale2 is None else h * self.scale2)


def quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


def prepared(x: Tensor, family: Family, side: int) -> Tensor:
    """Images in [-1, 1] with the shorter side resized (bicubic, antialiased), the middle square, normalized."""
    h, w = x.shape[2:]
    shorter = family.resized or side
    size = (max(shorter, round(h * shorter / min(h, w))), max(shorter, round(w * shorter / min(h, w))))
    x = in_color(x)
    x = x if size == (h, w) else F.interpolate(x, size, mode="bicubic", antialias=True).clamp(-1, 1)
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    mean, std = (x.new_tensor(values).view(3, 1, 1) for values in family.norms)
    return ((x[..., top : top + side, left : left + side] + 1) / 2 - mean) / std
