"""The drawn character: a face of flat shapes for robots that should not look human."""

from .character import DrawnActor

__all__ = ["DrawnActor"]
