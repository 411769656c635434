"""What open pages cost the renderer at 60 codes a second, by what they want: codes that they draw themselves, or pictures.

page_core_share_none, _codes, _pictures   CPU seconds per second of schedule, show and page server, one page open or none
page_kB_s_codes, _pictures                what that page is sent, sound not included
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np

from th_common.default_model import default_model_folder
from th_face_renderer import load_face
from th_face_renderer.display.browser import Browser, DrawingBrowser
from th_face_renderer.display.page import PageServer
from th_face_renderer.display.page_face import page_face
from th_face_renderer.schedule import CodeSchedule
from th_face_renderer.show import Show

SECONDS = float(os.environ.get("TH_BENCH_SECONDS", "25")) / 2
RATE = 60
SIZE = (512, 512)
PAGE = """
import asyncio, sys, aiohttp
async def watch():
    async with aiohttp.ClientSession() as http, http.ws_connect(sys.argv[1], max_msg_size=0) as socket:
        async for _ in socket: pass
asyncio.run(watch())
"""


def measure(look: str) -> tuple[float, float]:
    """Share of a core, and bytes per second, while a page in a process of its own looks (none: nobody)."""
    face = load_face(default_model_folder())
    server = PageServer(port=0, face=page_face(face.model, model_id=face.model_id))
    url = server.start()
    schedule = CodeSchedule(face.rest_code)
    displays = [Browser(server, lead=0.03, quality=lambda: 85), DrawingBrowser(server, lead=0.03)]
    show = Show(face, schedule, displays, size=SIZE, now=time.time, on_error=print)
    stop = threading.Event()
    thread = threading.Thread(target=show.run, args=(float(RATE), stop))
    thread.start()
    page = None if look == "none" else subprocess.Popen([sys.executable, "-c", PAGE, f"{url}socket?face={look}"])
    while page is not None and not server.viewers:
        time.sleep(0.05)
    rng, code, begin = np.random.default_rng(0), face.rest_code, time.time()
    used, sent = time.process_time(), server.stats()["sent_bytes"]
    for frame in range(round(SECONDS * RATE)):
        code = 0.9 * code + rng.normal(0, 0.3, len(code)).astype(np.float32)
        schedule.push(code, due=begin + 0.1 + frame / RATE, frame=frame, now=time.time())
        time.sleep(max(0.0, begin + frame / RATE - time.time()))
    seconds = time.time() - begin
    share, rate = (time.process_time() - used) / seconds, (server.stats()["sent_bytes"] - sent) / seconds
    stop.set()
    thread.join()
    if page is not None:
        page.terminate()
        page.wait()
    server.stop()
    return share, rate


def main() -> dict[str, float]:
    """Measure every way to look."""
    results: dict[str, float] = {}
    for look in ("none", "codes", "pictures"):
        share, rate = measure(look)
        results[f"page_core_share_{look}"] = share
        if look != "none":
            results[f"page_kB_s_{look}"] = rate / 1e3
    return results


if __name__ == "__main__":
    print(json.dumps(main()))
