"""The chains' gradient, written by hand, against differences of the function itself; what they compute is tested with the network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from th_face_predictor.chains import Chains
from th_face_predictor.network import build_network


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("reach", [0, 1, 3, 7])
def test_the_gradient_is_the_functions(reach: int) -> None:
    torch.manual_seed(reach)
    products, shown, recurrent = drawn(2, 5, 12), drawn(reach + 1, 2, 5, 12), drawn(12, 3)
    assert gradcheck(lambda p, s, r: Chains.apply(p, s, r, reach), (products, shown, recurrent))
    assert gradcheck(lambda p, r: Chains.apply(p, None, r, reach), (products, recurrent))


def test_in_mixed_precision() -> None:
    torch.manual_seed(0)
    net, x = build_network("BBF", 16), torch.randn(2, 9, 40)
    exact = net.eval()(x, lookahead=3)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net.train()(x, lookahead=3)
        rough.float().square().mean().backward()
        near = net.eval()(x, lookahead=3)
    torch.testing.assert_close(near.float(), exact, atol=0.03, rtol=0)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
