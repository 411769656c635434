"""Plot the facial codes of a running graph as they come: 8 numbers of shape, 8 of appearance.

python examples/plot_codes.py                                    # a window, until it is closed
python examples/plot_codes.py --seconds 5 --save codes.png       # a picture of 5 s, no window
"""

import argparse
import contextlib
import threading
import time
from collections import deque

import matplotlib

SHOWN = 5.0  # s


def main() -> None:
    options = argparse.ArgumentParser(description="Plot the facial codes of a running graph.")
    options.add_argument("--seconds", type=float, default=5.0, help="of speech to save, 5 at most")
    options.add_argument("--save", help="write a picture when they have come")
    chosen = options.parse_args()
    if chosen.save:
        matplotlib.use("Agg")
    import rclpy
    from matplotlib import pyplot
    from rclpy.executors import ExternalShutdownException
    from rclpy.node import Node
    from th_msgs.msg import FacialCode

    codes: deque[tuple[float, list[float], list[float]]] = deque(maxlen=round(60 * SHOWN))
    rclpy.init()
    node = Node("plot_codes")

    def keep(code: FacialCode) -> None:
        codes.append((code.frame / 60, list(code.shape), list(code.appearance)))

    node.create_subscription(FacialCode, "face/code", keep, 1000)
    figure, axes = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6))

    def draw() -> None:
        latest = list(codes)  # more come meanwhile
        for part, name in enumerate(("shape", "appearance"), start=1):
            axis = axes[part - 1]
            axis.clear()
            axis.plot([code[0] for code in latest], [code[part] for code in latest], linewidth=1)
            axis.set_ylabel(f"{name}, sd")
        axes[1].set_xlabel("time in the sound, s")

    def hear() -> None:
        with contextlib.suppress(ExternalShutdownException):
            rclpy.spin(node)

    listening = threading.Thread(target=hear, daemon=True)
    listening.start()
    enough = min(60 * chosen.seconds, SHOWN * 60) if chosen.save else float("inf")
    while pyplot.fignum_exists(figure.number) and len(codes) < enough:
        if chosen.save:
            time.sleep(0.05)
        else:
            draw()
            pyplot.pause(0.1)
    if chosen.save:
        draw()
        figure.savefig(chosen.save, dpi=100)
        print(f"{chosen.save}: {len(codes)} codes")
    rclpy.shutdown()
    listening.join()


if __name__ == "__main__":
    main()
