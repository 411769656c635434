"""What a finished step depends on, as a few letters: a step is done again where they differ."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def sources(package: Any) -> str:
    """Digest of a package's own files."""
    root = Path(package.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return digest([(str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files])


def digest(value: Any) -> str:
    """Of anything that JSON can hold, or that can be printed."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
