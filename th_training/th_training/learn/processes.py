"""Where a network is trained: on which device, in how many processes, on how many machines. Lightning's Fabric does it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies import DDPStrategy, SingleDeviceStrategy
from torch import Tensor

from th_common.errors import InputError


def make_fabric(
    *,
    accelerator: str = "cpu",
    devices: str = "auto",
    num_nodes: int = 0,
    strategy: str = "auto",
    precision: str = "32",
) -> Fabric:
    """Lightning's Fabric by its own words, as yet without processes (`Fabric.launch` makes them).

    Args:
        accelerator: cpu, gpu, cuda, mps, auto ...
        devices: how many on each machine, or which ("0,3"); auto: all GPUs, one process on the CPU, as many as torchrun started.
        num_nodes: machines; 0: one, or as many as torchrun says.
        strategy: auto or ddp: every process holds the whole network.
        precision: 32, bf16-mixed, 16-mixed, 64 ...

    Raises:
        InputError: Lightning cannot do that here, in its words.
    """
    started = external_processes(os.environ)
    if started and devices == "auto":
        devices = str(started[0])
    num_nodes = num_nodes or (started[1] if started else 1)
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=int(devices) if devices.lstrip("-").isdigit() else devices,
            num_nodes=num_nodes,
            strategy=strategy,
            precision=precision,  # type: ignore[arg-type]
        )
    except Exception as error:  # Lightning's misconfiguration is ValueError, TypeError, RuntimeError or its own
        raise InputError(f"training cannot run so: {' '.join(str(error).split())}") from error
    if (
        not isinstance(fabric.strategy, (SingleDeviceStrategy, DDPStrategy))
        or "spawn" in strategy
        or "fork" in strategy
    ):
        raise InputError(f"strategy {strategy!r} is not for networks of this size: auto or ddp")
    return fabric


def external_processes(environment: Mapping[str, str]) -> tuple[int, int] | None:
    """(processes on this machine, machines) as torchrun has started them, or None."""
    try:
        if "TORCHELASTIC_RUN_ID" not in environment:
            return None
        here, all_ = int(environment["LOCAL_WORLD_SIZE"]), int(environment["WORLD_SIZE"])
        return here, all_ // here
    except (KeyError, ValueError, ZeroDivisionError):
        return None


def is_helper(environment: Mapping[str, str]) -> bool:
    """Whether this process is one that another one of the same run speaks for."""
    return any(environment.get(name, "0") not in ("", "0") for name in ("LOCAL_RANK", "RANK", "NODE_RANK"))


def is_lost(error: RuntimeError) -> bool:
    """Whether an error of torch says that another process cannot be reached any more."""
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error) or "NCCL" in str(error)


def total(fabric: Fabric, value: Tensor) -> Tensor:
    """The sum of a tensor over all processes."""
    if fabric.world_size == 1:
        return value
    return fabric.all_reduce(value, reduce_op="sum")  # type: ignore[return-value]


def from_first(fabric: Fabric, work: Any) -> Any:
    """The result of `work()` of the first process, in all; an InputError of it is raised in all."""
    if fabric.world_size == 1:
        return work()
    result, failure = None, None
    if fabric.is_global_zero:
        try:
            result = work()
        except InputError as error:
            failure = error
    result, failure = fabric.broadcast((result, failure))
    if failure is not None:
        raise failure
    return result


def same_everywhere(fabric: Fabric, key: str) -> bool:
    """Whether all processes hold the same `key`."""
    first = from_first(fabric, lambda: key)
    return total(fabric, torch.tensor(float(first != key), device=fabric.device)).item() == 0


def device_name(fabric: Fabric) -> str:
    """What the network is trained on."""
    device = fabric.device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
