"""Parameters of single nodes on a command line, in whatever namespace the graph runs.

rcl takes `-p NODE:NAME:=VALUE` for /NODE alone: in a namespace it forgets the value without a word, and it knows no wildcard there. A
parameter file knows one, `/**/NODE`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

_RULE = re.compile(r"([A-Za-z_]\w*):([A-Za-z_][\w.]*):=(.*)", re.DOTALL)


def split_rules(arguments: Sequence[str]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Take the rules for single nodes out of ROS arguments: what is left, and values (YAML) by parameter by node, the last one wins."""
    rest: list[str] = []
    rules: dict[str, dict[str, str]] = {}
    ros = False
    words = iter(arguments)
    for word in words:
        ros = word == "--ros-args" or (ros and word != "--")
        rule = next(words, None) if ros and word in ("-p", "--param") else None
        found = _RULE.fullmatch(rule) if rule is not None else None
        if found:
            rules.setdefault(found[1], {})[found[2]] = found[3]
        else:
            rest += [word] if rule is None else [word, rule]
    return rest, rules


def parameter_file(rules: dict[str, dict[str, str]]) -> str:
    """The rules as a parameter file that holds in every namespace."""
    lines = []
    for node, values in rules.items():
        lines += [f"/**/{node}:", "  ros__parameters:"]
        lines += [f"    {name}: {value}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def in_every_namespace(arguments: Sequence[str]) -> list[str]:
    """ROS arguments whose rules for single nodes hold in every namespace: in a file in memory, which goes with the process."""
    rest, rules = split_rules(arguments)
    if not rules:
        return rest
    file = os.memfd_create("parameters")
    os.write(file, parameter_file(rules).encode())
    # rcl lets the last file win; the file of the command line comes before.
    return [*rest, "--ros-args", "--params-file", f"/proc/self/fd/{file}"]
