// The page: a face, its voice, and as little else as possible.
//
// Address parameters: kiosk (no button, no cursor, sound by itself), sound=1|0, buffer=ms, background=colour,
// fit=cover (fill the screen, as far as the face stays whole), face=pictures (do not draw here), meter (be sent the sound
// even where it is not played: thFace.level).

import { Clock } from "./clock.js";
import { Level } from "./level.js";
import { Link } from "./link.js";
import { Report } from "./report.js";
import { Screen } from "./screen.js";
import { Sound } from "./sound.js";
import { Timeline } from "./timeline.js";

const params = new URLSearchParams(location.search);
const kiosk = params.has("kiosk") && !["0", "false"].includes(params.get("kiosk"));
const byId = (id) => document.getElementById(id);
const button = byId("sound");
const meta = (name) => document.querySelector(`meta[name=${name}]`).content;
const build = meta("face-build");

// A remembered wish; storage may be forbidden.
const memory = {
  get() { try { return localStorage.getItem("face.sound"); } catch { return null; } },
  set(value) { try { localStorage.setItem("face.sound", value); } catch { /* not remembered */ } },
};

const clock = new Clock();
const timeline = new Timeline(clock, 0.1);
const screen = new Screen(byId("face"), timeline, {
  file: meta("face-file"),
  wish: params.get("face"),
  cover: params.get("fit") === "cover",
  onlook: () => link.reopen(),
});
const sound = new Sound(timeline, showSound);
const level = new Level(timeline);
const metering = params.has("meter");
let info = {}, note = {}, estimate = null, actions = [], takes = {}, stopped = -Infinity;

const askedBuffer = Number.parseFloat(params.get("buffer"));
const background = params.get("background");
if (background && CSS.supports("color", background)) {
  document.documentElement.style.setProperty("--background", background);
} else {
  showBackdrop(meta("face-backdrop"));
}

function showBackdrop(name) {
  document.body.style.backgroundImage = name.startsWith("backdrop-") ? `url(${name})` : "";
}

// What is around the face may change while it is shown; who asked for a colour in the address keeps it.
function showAround({ background: colour, backdrop = "" }) {
  if (params.get("background") || !colour || !CSS.supports("color", colour)) return;
  document.documentElement.style.setProperty("--background", colour);
  showBackdrop(backdrop);
}

document.body.classList.toggle("kiosk", kiosk);

function socketAddress() {
  const url = new URL("socket", location.href.replace(/^http/, "ws"));
  url.search = `face=${screen.look}${metering ? "&estimate" : ""}`;
  return url;
}

const link = new Link(socketAddress, clock, {
  picture: (presentAt, bytes, still) => screen.picture(presentAt, bytes, still),
  code: (presentAt, tag, numbers, still) => screen.code(presentAt, tag, numbers, still),
  sound(presentAt, rate, samples) {
    sound.push(presentAt, rate, samples);
    if (metering) level.push(presentAt, rate, samples);
  },
  hello(message) {
    if (message.build !== build && reloadFor(message.build)) return;
    timeline.buffer = askedBuffer >= 0 && askedBuffer <= 5000 ? askedBuffer / 1000 : message.buffer;
    screen.show(message.face);
    ({ actions, takes } = message);
  },
  info(values) {
    info = values;
    showAround(values);
    mark("mark-info", values.badge ?? "");
  },
  note(values) { note = values; },
  estimate(values) { estimate = values; },
  stop() {
    stopped = performance.now() / 1000;
    estimate = null;
    screen.restart();
    sound.restart();
    level.restart();
  },
  state(word) {
    mark("mark-link", word === "open" ? "" : word);
    [note, estimate] = [{}, null];
    if (word !== "open") return;
    timeline.restart();
    screen.restart();
    sound.restart();
    level.restart();
  },
});

// The server was upgraded or set up anew: get its page, once.
function reloadFor(newBuild) {
  try {
    if (sessionStorage.getItem("face.build") === newBuild) return false;
    sessionStorage.setItem("face.build", newBuild);
  } catch {
    return false;
  }
  location.reload();
  return true;
}

function mark(id, text) {
  const element = byId(id);
  if (element.textContent !== String(text)) element.textContent = text;
  element.hidden = !text;
}

// -- sound ------------------------------------------------------------------------------------------------------------

async function setSound(on) {
  if (on) await sound.start();
  else sound.stop();
}

function showSound() {
  const on = sound.running;
  if (link.listening !== (on || metering)) link.listen(on || metering);
  button.hidden = kiosk;
  button.setAttribute("aria-pressed", String(on));   // "Sound on", pressed or not
}

button.addEventListener("click", (event) => {
  event.stopPropagation();
  const on = !sound.running;
  memory.set(on ? "on" : "off");
  setSound(on);
});

// Wished for but not allowed yet: the first touch of the page allows it.
for (const gesture of ["pointerup", "keydown"]) {
  addEventListener(gesture, (event) => {
    if (sound.wanted && !sound.running && !event.composedPath().includes(button)) setSound(true);
  });
}

const wished = params.get("sound") ?? (kiosk ? "1" : memory.get() === "on" ? "1" : "0");
if (wished === "1") setSound(true);
showSound();

// -- screen -----------------------------------------------------------------------------------------------------------

let previous = 0;
function animate(time) {
  screen.draw(time / 1000, previous / 1000);
  previous = time;
  requestAnimationFrame(animate);
}
requestAnimationFrame(animate);

let idle;
function awake() {
  document.body.classList.remove("idle");
  clearTimeout(idle);
  idle = setTimeout(() => document.body.classList.add("idle"), 2500);
}
for (const kind of ["pointermove", "pointerdown", "keydown"]) addEventListener(kind, awake);
awake();

addEventListener("dblclick", (event) => {
  if (event.target.id !== "face") return;
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
});

async function stayAwake() {
  if (!document.hidden) await navigator.wakeLock?.request("screen").catch(() => {});
}
if (kiosk) {
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}

// -- for the curious and for tests -----------------------------------------------------------------------------------

const report = new Report({ clock, timeline, screen, sound, link }, byId("panel"), () => info);

window.thFace = {
  get state() { return link.state; },
  get listening() { return link.listening; },
  get info() { return info; },
  get estimate() { return estimate; },   // what the voice expresses (with `meter`, for whoever may operate the face)
  get note() { return note; },           // what became of an action, likewise
  get level() { return level.now(performance.now() / 1000); },
  get sounding() { return sound.running; },
  get actions() { return actions; },
  get takes() { return takes; },
  get since() {     // s since the last stop, and since the last sound came (with `meter`)
    const now = performance.now() / 1000;
    return { stop: now - stopped, sound: now - level.came };
  },
  act(action, ...numbers) { link.act(action, numbers); },
  aim(x, y) { return screen.aim(x, y); },
  setSound,
  get stats() { return report.stats; },
  clear() { report.clear(); },
};

addEventListener("keydown", (event) => {
  if (event.key !== "i" || kiosk) return;
  byId("panel").hidden = !byId("panel").hidden;
  report.show();
});

setInterval(() => {
  mark("mark-late", link.state === "open" && timeline.late ? "late" : "");
  // A kiosk has no button: where the browser wants a gesture, say so.
  mark("mark-sound", kiosk && sound.blocked ? "touch for sound" : "");
  report.show();
}, 250);
