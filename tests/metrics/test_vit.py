"""Vision transformers: torch's own layers, two ways to name one tensor, and files that do not fit."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.vit import CLIP_VISION, DINOV2, Block, built, prepared, vision_transformer

D, HEADS = 16, 2


def tensors(**shapes):
    generator = torch.Generator().manual_seed(0)
    return {name: 0.3 * torch.randn(*shape, generator=generator) for name, shape in shapes.items()}


def block(i, hidden=32, scaled=True):
    shapes = {"norm1.weight": (D,), "norm1.bias": (D,), "norm2.weight": (D,), "norm2.bias": (D,)}
    shapes |= {"attn.qkv.weight": (3 * D, D), "attn.qkv.bias": (3 * D,)}
    shapes |= {"attn.proj.weight": (D, D), "attn.proj.bias": (D,)}
    shapes |= {"mlp.fc1.weight": (hidden, D), "mlp.fc1.bias": (hidden,), "mlp.fc2.weight": (D, hidden)}
    shapes |= {"mlp.fc2.bias": (D,)} | ({"ls1.gamma": (D,), "ls2.gamma": (D,)} if scaled else {})
    return {f"blocks.{i}.{name}": shape for name, shape in shapes.items()}


def dinov2():
    """As facebookresearch/dinov2 names them: patches of 14, places of 2 x 2."""
    shapes = {"cls_token": (1, 1, D), "pos_embed": (1, 5, D), "mask_token": (1, D), "norm.weight": (D,)}
    shapes |= {"norm.bias": (D,), "patch_embed.proj.weight": (D, 3, 14, 14), "patch_embed.proj.bias": (D,)}
    return tensors(**shapes, **block(0), **block(1))


def clip():
    """As open_clip names them, a text tower beside."""
    names = {"attn.qkv.": "attn.in_proj_", "attn.proj.": "attn.out_proj.", "norm1": "ln_1", "norm2": "ln_2"}
    names |= {"mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "blocks.": "visual.transformer.resblocks."}
    found = {}
    for key, shape in block(0, scaled=False).items():
        for old, new in names.items():
            key = key.replace(old, new)
        found[key] = shape
    found |= {"visual.class_embedding": (D,), "visual.positional_embedding": (5, D), "visual.proj": (D, 8)}
    found |= {"visual.conv1.weight": (D, 3, 14, 14), "transformer.resblocks.0.ln_1.weight": (3,)}
    for norm in ("ln_pre", "ln_post"):
        found |= {f"visual.{norm}.weight": (D,), f"visual.{norm}.bias": (D,)}
    return tensors(**found)


def test_a_block_is_torchs_own_with_the_norm_first():
    theirs = nn.TransformerEncoderLayer(D, HEADS, 32, 0.0, "gelu", norm_first=True, batch_first=True).eval()
    ours = Block(D, HEADS, 32, 32, False, 1e-5, F.gelu)
    names = {"self_attn.in_proj_": "qkv.", "self_attn.out_proj.": "out.", "linear1": "fc1", "linear2": "fc2"}
    state = {}
    for key, value in theirs.state_dict().items():
        for old, new in names.items():
            key = key.replace(old, new)
        state[key] = value
    ours.load_state_dict(state)
    x = torch.randn(2, 5, D)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_dinov2_by_hand_and_by_either_name():
    state = dinov2()
    network = built(DINOV2, state, HEADS, False, "file")
    assert (len(network.blocks), network.side) == (2, 224)
    x = torch.randn(2, 3, 28, 28)
    tokens = F.conv2d(x, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], 14).flatten(2).mT
    tokens = torch.cat([state["cls_token"].expand(2, 1, D), tokens], 1) + state["pos_embed"]
    for each in network.blocks:
        tokens = each(tokens)
    truth = F.layer_norm(tokens[:, 0], (D,), state["norm.weight"], state["norm.bias"], 1e-6)
    assert torch.allclose(network.features(x), truth, atol=1e-5)
    assert torch.allclose(
        built(DINOV2, transformers_names(state), HEADS, False, "file").features(x), truth, atol=1e-5
    )


def transformers_names(state):
    names = {"cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings"}
    names |= {
        "patch_embed.proj": "embeddings.patch_embeddings.projection",
        "ls1.gamma": "layer_scale1.lambda1",
    }
    names |= {
        "ls2.gamma": "layer_scale2.lambda1",
        "attn.proj": "attention.output.dense",
        "blocks.": "encoder.layer.",
    }
    found = {}
    for key, value in state.items():
        for old, new in names.items():
            key = key.replace(old, new)
        key = "layernorm" + key.removeprefix("norm") if key.startswith("norm.") else key
        if "attn.qkv" in key:
            for part, third in zip(("query", "key", "value"), value.chunk(3)):
                found[key.replace("attn.qkv", f"attention.attention.{part}")] = third
        else:
            found[key] = value
    return found


def test_clip_projects_and_leaves_the_text_tower_out():
    network = built(CLIP_VISION, clip(), HEADS, True, "file")
    assert network(torch.rand(2, 1, 20, 30) * 2 - 1).shape == (2, 8)
    assert (network.side, network.blocks[0].gated) == (28, False)


def test_at_another_size_places_are_resized_and_the_class_token_keeps_its_own():
    network = built(DINOV2, dinov2(), HEADS, False, "file")
    assert torch.equal(network.places(2, 2), network.place)
    assert network.places(16, 16).shape == (257, D)
    assert torch.equal(network.places(16, 16)[0], network.place[0])


def test_images_are_resized_cropped_and_normalized():
    white = prepared(torch.ones(1, 1, 30, 60), DINOV2, 224)
    assert white.shape == (1, 3, 224, 224)
    truth = torch.tensor([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    assert torch.allclose(white[0, :, 5, 7], truth, atol=1e-4)
    half = torch.cat(
        [-torch.ones(1, 3, 256, 128), torch.ones(1, 3, 256, 384)], 3
    )  # 256 x 512: columns 144..368 stay
    assert bool((prepared(half, DINOV2, 224) > 0).all())


def test_what_does_not_fit_is_told(tmp_path):
    with pytest.raises(BadRequest, match="holds no"):
        built(CLIP_VISION, dinov2(), HEADS, True, "file")
    with pytest.raises(BadRequest, match="registers"):
        built(DINOV2, dinov2() | {"register_tokens": torch.zeros(1, 4, D)}, HEADS, False, "file")
    with pytest.raises(BadRequest, match="heads 3"):
        built(DINOV2, dinov2(), 3, False, "file")
    broken = dinov2() | {"blocks.1.mlp.fc1.weight": torch.zeros(32, D + 1)}
    with pytest.raises(BadRequest, match="does not fit"):
        built(DINOV2, broken, HEADS, False, "file")
    save_file(dinov2(), tmp_path / "small.safetensors")
    extractor = vision_transformer("dinov2", tmp_path / "small.safetensors", heads=HEADS)
    assert (extractor.name, extractor.facts["file"]) == ("dinov2", "small.safetensors")
