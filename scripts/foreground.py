"""Run a program as the terminal's foreground job, so that Ctrl-C reaches it alone and its exit status is what counts.

Without this, make gets the Ctrl-C too and reports an error of its own although the program ended well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys


def main(command: list[str]) -> int:
    """Run `command` and return its exit status."""
    terminal = None
    with contextlib.suppress(OSError):
        if os.tcgetpgrp(0) == os.getpgrp():
            terminal = 0
    # Handing the terminal over and taking it back is done from a background job: it must not stop us.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)

    def prepare() -> None:
        if terminal is not None:
            os.setpgid(0, 0)
            os.tcsetpgrp(terminal, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)

    child = subprocess.Popen(command, preexec_fn=prepare)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    # Sent to the whole group (no terminal): the program has it as well and ends, we only wait.
    signal.signal(signal.SIGINT, lambda *_: None)
    status = child.wait()
    if terminal is not None:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, os.getpgrp())
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
