// Videos without a scroll bar: watched from the beginning to the end, as often as one likes, one at a time.

import { make } from "./make.js";

const PLAY = "M8 5.2v13.6c0 .8.9 1.3 1.6.9l10.6-6.8c.6-.4.6-1.3 0-1.7L9.6 4.3C8.9 3.9 8 4.4 8 5.2z";
const AGAIN = "M12 5V1.8L6.6 6.4 12 11V7.4a4.9 4.9 0 1 1-4.9 4.9H4.7A7.3 7.3 0 1 0 12 5z";

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
  svg.firstChild.setAttribute("d", path);
  return svg;
}

// Players of some addresses. `onSeen` is called whenever one came to its end.
export class Players {
  constructor(addresses, { heard, onSeen }) {
    this.plays = 0;
    this.onSeen = onSeen;
    this.all = addresses.map((address, index) => this.#player(address, addresses.length > 1 ? `Face ${"AB"[index]}` : "", heard));
    const kind = heard ? "heads heard" : addresses.length > 1 ? "heads two" : "heads";
    this.element = make("div", { className: kind }, ...this.all.map((player) => player.element));
  }

  get seen() {
    return this.all.every((player) => player.seen);
  }

  // Forget what was seen: it must be watched once more.
  again() {
    for (const player of this.all) player.seen = false;
  }

  // Play the first that was not seen yet, or the one that was played longest ago.
  playNext() {
    if (this.all.some((player) => !player.video.paused)) return;
    const next = this.all.find((player) => !player.seen) || this.all.reduce((a, b) => (a.last <= b.last ? a : b));
    next.button.click();
  }

  // Nothing plays on behind the next page.
  stop() {
    for (const { video } of this.all) {
      video.pause();
      video.removeAttribute("src");
      video.load();
    }
  }

  #player(address, name, heard) {
    const video = make("video", { src: address, preload: "auto", playsInline: true, disablePictureInPicture: true });
    video.setAttribute("disableremoteplayback", "");
    const words = make("span", {}, heard ? "Play the tones" : "Play");
    const button = make("button", { type: "button", className: "play" }, icon(PLAY), words);
    const stage = make("div", { className: "stage" }, video, button);
    const caption = name ? [make("figcaption", {}, name)] : [];
    const player = { video, button, seen: false, last: 0, element: make("figure", {}, stage, ...caption) };
    button.setAttribute("aria-label", name ? `Play ${name}` : words.textContent);
    button.addEventListener("click", () => {
      for (const other of this.all) if (other.video !== video && !other.video.paused) this.#rest(other);
      video.currentTime = 0;
      player.last = ++this.plays;
      button.hidden = !heard;
      video.play().catch(() => { button.hidden = false; });
    });
    video.addEventListener("ended", () => {
      player.seen = true;
      button.hidden = false;
      button.replaceChildren(icon(AGAIN), make("span", {}, "Play again"));
      button.setAttribute("aria-label", name ? `Play ${name} again` : "Play again");
      this.onSeen();
    });
    video.addEventListener("error", () => {
      if (video.getAttribute("src")) stage.append(make("p", { className: "broken" }, "This browser cannot play the video. Please try another one."));
    });
    return player;
  }

  #rest({ video, button }) {
    video.pause();
    video.currentTime = 0;
    button.hidden = false;
  }
}
