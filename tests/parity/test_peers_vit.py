"""DINOv2 and CLIP beside transformers' own networks, on small random weights; left out where it is not installed."""

import pytest
import torch

from rivalry.metrics.extractors.vit import CLIP_VISION, DINOV2, built

transformers = pytest.importorskip("transformers")
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 28,
    "patch_size": 7,
}


def shaken(network):
    torch.manual_seed(0)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.randn_like(value) * 0.3)
    return network.eval()


@pytest.mark.parametrize("gated", [False, True])
def test_dinov2(gated):
    peer = shaken(transformers.Dinov2Model(transformers.Dinov2Config(**SMALL, use_swiglu_ffn=gated)))
    ours = built(DINOV2, dict(peer.state_dict()), 4, False, "peer")
    x = torch.randn(3, 3, 28, 28)
    with torch.no_grad():
        assert torch.allclose(ours.features(x), peer(x).last_hidden_state[:, 0], atol=1e-4)


@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
def test_clip(act):
    config = transformers.CLIPVisionConfig(**SMALL, intermediate_size=64, hidden_act=act, projection_dim=16)
    peer = shaken(transformers.CLIPVisionModelWithProjection(config))
    ours = built(CLIP_VISION, dict(peer.state_dict()), 4, act == "quick_gelu", "peer")
    x = torch.randn(3, 3, 28, 28)
    with torch.no_grad():
        assert torch.allclose(ours.features(x), peer(x).image_embeds, atol=1e-4)
