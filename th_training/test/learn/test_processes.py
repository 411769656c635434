"""Real processes: killed ones go on bit by bit, two give what one gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lightning.fabric import Fabric

from th_common.errors import InputError
from th_training.corpus.format import Corpus, read_corpus
from th_training.learn.augment import Augmentation
from th_training.learn.checkpoint import CHECKPOINT
from th_training.learn.processes import external_processes, make_fabric
from th_training.learn.recipes import Recipe, Stage, changed, find_recipe
from th_training.learn.train import train
from th_training.learn.trained import Trained, read_history, read_trained

TINY = Recipe(
    name="tiny",
    units=8,
    lookahead=3,
    dropout=0.0,
    stages=(Stage(epochs=3, limited=False, segment=40), Stage(epochs=2, limited=True, segment=40)),
    batch=4,
    augmentation=Augmentation(gain=3.0, noise=0.1),
)

KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from th_training.learn import checkpoint
from th_training.learn.fit import Watcher
from th_training.learn.train import train

sys.path.insert(0, {tests!r})
from test_processes import TINY

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def step(stage, epoch, done, steps):
    if (stage, epoch) == (1, 0) and done == 2:
        kill()

if {when!r} == "write":
    write, seen = Path.write_bytes, []
    def half(path, data):
        if checkpoint.CHECKPOINT in path.name:
            seen.append(path)
            if len(seen) == 4:
                write(path, bytes(data)[: len(data) // 2])
                kill()
        return write(path, data)
    Path.write_bytes = half
    step = lambda *state: None

train({corpus!r}, replace(TINY, dropout=0.5), {out!r}, watcher=Watcher(step=step))
"""


def same(one: Trained, other: Trained, tolerance: float = 0.0) -> None:
    assert one.tensors.keys() == other.tensors.keys()
    for name, tensor in one.tensors.items():
        assert np.abs(tensor - other.tensors[name]).max() <= tolerance, name


@pytest.fixture(scope="module")
def corpus(make_corpus: Callable[..., Corpus]) -> Corpus:
    return make_corpus(train=9, validation=3, test=1, frames=70)


@pytest.mark.parametrize("when", ["step", "write"])
def test_a_run_that_was_killed_ends_in_the_same_bits(when: str, corpus: Corpus, tmp_path: Path) -> None:

    recipe = replace(TINY, dropout=0.5)
    out = tmp_path / "killed"
    script = KILLED.format(tests=str(Path(__file__).parent), when=when, corpus=str(corpus.folder), out=str(out))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    half = [path.name for path in out.iterdir() if path.name.endswith(".partial")]
    assert len(half) == (when == "write")
    assert (out / CHECKPOINT).is_file()
    assert len(read_history(out)) == 3
    epochs: list[object] = []
    resumed = train(corpus.folder, recipe, out, report=epochs.append)
    assert len(epochs) == 2
    same(resumed, train(corpus.folder, recipe, tmp_path / "whole"))
    assert sorted(path.name for path in out.iterdir()) == ["history.csv", "predictor.safetensors", "training.json"]


@pytest.mark.parametrize("launcher", ["lightning", "torchrun"])
def test_two_processes_give_what_one_gives(launcher: str, corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "two"
    settings = ["dropout=0.0", "batch=4", "segment=40", "augmentation.noise=0.1", "clip=null", "epochs=3"]
    options = ["--recipe", "default", "--units", "10", *(part for s in settings for part in ("--set", s))]
    command = ["-m", "th_training.cli", "train", str(corpus.folder), str(out), *options]
    if launcher == "lightning":
        command += ["--devices", "2", "--no-tensorboard"]
    else:
        command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *command]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")
    }
    process = subprocess.Popen(
        [sys.executable, *command],
        env=environment | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        told, complaint = process.communicate(timeout=150)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 0, complaint
    assert told.count("stage 1/1  epoch   1/3") == 1  # the first process alone tells

    alone = train(
        read_corpus(corpus.folder), changed(find_recipe("default"), ["units=10", *settings]), tmp_path / "one"
    )
    two = read_trained(out)
    assert two.figures["processes"] == 2
    assert two.figures["key"] == alone.figures["key"]
    same(two, alone, 1e-4)
    for ours, theirs in zip(read_history(tmp_path / "one"), read_history(out), strict=True):
        assert (ours.loss, ours.validation) == pytest.approx((theirs.loss, theirs.validation), rel=1e-4)


def test_processes_that_are_started_by_others() -> None:
    torchrun = {"TORCHELASTIC_RUN_ID": "x", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6"}
    assert external_processes(torchrun) == (2, 3)
    assert external_processes({"WORLD_SIZE": "6"}) is None
    assert external_processes({"TORCHELASTIC_RUN_ID": "x"}) is None


@pytest.mark.parametrize(
    "options",
    [{"accelerator": "abacus"}, {"devices": "0"}, {"devices": "many"}, {"strategy": "magic"}, {"precision": "7"}],
)
def test_what_lightning_cannot_do_is_said(options: dict[str, str]) -> None:
    with pytest.raises(InputError, match="training cannot run so"):
        make_fabric(**options)


def test_strategies_for_large_networks_are_refused() -> None:
    with pytest.raises(InputError, match="auto or ddp"):
        make_fabric(devices="2", strategy="ddp_spawn")


def test_by_default_it_is_this_process() -> None:
    fabric = make_fabric()
    assert isinstance(fabric, Fabric)
    assert (fabric.world_size, fabric.device.type) == (1, "cpu")
