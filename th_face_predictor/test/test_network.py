"""The paper's three networks: sizes, and the limited computation against a loop over its definition."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="training needs torch")

import torch
from torch import Tensor, nn

from th_common.errors import InputError, ModelError
from th_face_predictor import build_network
from th_face_predictor.architecture import COMPARATIVE_INPUTS, COMPARATIVE_UNITS, NAMES, PAPER_UNITS
from th_face_predictor.limited_context import window_ends

PAPER_PARAMETERS = {"FBF": 604_360, "BFF": 601_518, "BBF": 599_472}
COMPARATIVE_PARAMETERS = {"FBF": 2_444_224, "BFF": 2_446_226, "BBF": 2_452_048}
TOLERANCE = 2e-6


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_the_papers(name: str) -> None:
    assert count(build_network(name, PAPER_UNITS[name])) == PAPER_PARAMETERS[name]
    comparative = build_network(name, COMPARATIVE_UNITS[name], inputs=COMPARATIVE_INPUTS)
    assert count(comparative) == COMPARATIVE_PARAMETERS[name]


def test_tensor_shapes_are_those_of_the_module() -> None:
    for name in NAMES:
        net = build_network(name, 10, inputs=7, outputs=3)
        assert {k: tuple(v.shape) for k, v in net.state_dict().items()} == net.architecture.tensor_shapes()


@pytest.mark.parametrize(
    ("name", "units", "words"),
    [("FFF", 12, "one of FBF, BFF, BBF"), ("BBF", 13, "even"), ("BBF", 0, "units"), ("BBF", 12.0, "units")],
)
def test_impossible_networks_are_refused(name: str, units: int, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        build_network(name, units)


@pytest.mark.parametrize("lookahead", [-1, 2.5, True])
def test_impossible_lookaheads_are_refused(lookahead: int) -> None:
    with pytest.raises(InputError, match="lookahead"):
        build_network("BBF", 4)(torch.zeros(3, 40), lookahead=lookahead)


def lstm_step(lstm: nn.LSTM, direction: str, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    w, r, b, c = (getattr(lstm, n + direction) for n in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"))
    i, f, g, o = (w @ x + b + r @ state[0] + c).chunk(4)
    cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def reference(net: nn.Module, x: Tensor, lookahead: int | None) -> Tensor:
    """The definition, frame by frame and window by window: every frame's window is computed from nothing."""
    layers, kinds = list(net.layers), net.architecture.name  # type: ignore[arg-type,union-attr]
    if kinds == "FBF":
        x = torch.stack([layers[0](v).relu() for v in x])
    lstms = [m for m in layers if isinstance(m, nn.LSTM)]
    zeros = [(torch.zeros(m.hidden_size), torch.zeros(m.hidden_size)) for m in lstms]
    forward, carried = [], zeros[0]
    for v in x:
        carried = lstm_step(lstms[0], "", v, carried)
        forward.append(carried[0])
    second = zeros[-1]
    out = []
    for t, end in enumerate(window_ends(len(x), lookahead)):
        state, shown = zeros[0], {}
        for s in range(end, t - 1, -1):
            state = lstm_step(lstms[0], "_reverse", x[s], state)
            shown[s] = torch.cat((forward[s], state[0]))
        y = shown[t]
        if len(lstms) == 2:
            second = lstm_step(lstms[1], "", shown[t], second)
            state = zeros[1]
            for s in range(end, t - 1, -1):
                state = lstm_step(lstms[1], "_reverse", shown[s], state)
            y = torch.cat((second[0], state[0]))
        if kinds == "BFF":
            y = layers[1](y).relu()
        out.append(layers[2](y))
    return torch.stack(out)


@pytest.mark.parametrize("lookahead", [0, 3, 8, 18, 19, None])
@pytest.mark.parametrize("name", NAMES)
def test_batched_computation_is_the_definition(name: str, lookahead: int | None) -> None:
    torch.manual_seed(1)
    net = build_network(name, 10, inputs=5, outputs=4).eval()
    for parameter in net.parameters():
        parameter.data.mul_(3)
    lengths = torch.tensor([20, 11, 1, 4])
    x = torch.randn(4, 20, 5)
    with torch.no_grad():
        batch = net(x, lengths, lookahead=lookahead)
        for row, length in enumerate(lengths.tolist()):
            expected = reference(net, x[row, :length], lookahead)
            assert (batch[row, :length] - expected).abs().max() < TOLERANCE
            assert (net(x[row, :length], lookahead=lookahead) - expected).abs().max() < TOLERANCE


def test_full_context_is_torchs_own_bidirectional_lstm() -> None:
    torch.manual_seed(2)
    net = build_network("BBF", 10).eval()
    x = torch.randn(2, 15, 40)
    with torch.no_grad():
        y = net.layers[2](net.layers[1](net.layers[0](x)[0])[0])
        assert (net(x) - y).abs().max() < TOLERANCE


@pytest.mark.parametrize("lookahead", [3, None])
def test_padding_has_no_influence(lookahead: int | None) -> None:
    torch.manual_seed(3)
    net = build_network("BBF", 8).eval()
    x = torch.randn(1, 12, 40)
    y = x.clone()
    y[:, 7:] = 100.0
    lengths = torch.tensor([7])
    with torch.no_grad():
        assert torch.equal(net(x, lengths, lookahead=lookahead)[:, :7], net(y, lengths, lookahead=lookahead)[:, :7])


def test_lookahead_is_what_it_says() -> None:
    torch.manual_seed(4)
    net = build_network("BBF", 8).eval()
    x = torch.randn(30, 40)
    y = x.clone()
    y[20] += 1.0
    with torch.no_grad():
        changed = (net(x, lookahead=5) != net(y, lookahead=5)).any(-1)
    assert not changed[:15].any()
    assert changed[15:].all()


@pytest.mark.parametrize("lookahead", [4, None])
def test_dropout_is_in_training_alone_and_gradients_reach_all_weights(lookahead: int | None) -> None:
    torch.manual_seed(5)
    net = build_network("BBF", 8).train()
    x = torch.randn(2, 12, 40)
    assert not torch.equal(net(x, lookahead=lookahead), net(x, lookahead=lookahead))
    net(x, lookahead=lookahead).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    net.eval()
    assert torch.equal(net(x, lookahead=lookahead), net(x, lookahead=lookahead))
