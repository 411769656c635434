"""`th aam`: build, encode and inspect active appearance models."""

from __future__ import annotations

import typer

from th_training.aam.build_command import build
from th_training.aam.encode_command import encode
from th_training.aam.inspect_command import inspect

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command()(build)
app.command()(encode)
app.command()(inspect)
