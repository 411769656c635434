// The operator's page: the face as the visitor sees it, how loud, how late, how well in step, and what can be done.
//
// The face is the page itself, in a frame; all that is shown here is what that page knows (window.thFace).

const byId = (id) => document.getElementById(id);
const mirror = byId("mirror"), level = byId("level"), bar = level.firstElementChild, listen = byId("sound");
const FLOOR = -60, HIGH = -6;      // dB of full scale
const SILENT = 3;                  // s without any sound before that is said
const STOPPED = 3;                 // s that a stop is said
const LABELS = { rest: "automatic" };   // what a receptionist calls what the node calls rest
const HINTS = {                          // of groups of buttons, as long as there is no note
  voice: "Does the face follow a voice badly? Let its speaker read aloud for half a minute, then measure it.",
};

const face = () => mirror.contentWindow?.thFace;

const number = (text) => (Number.isFinite(Number.parseFloat(text)) ? Number.parseFloat(text) : null);
const inMs = (value) => (value === null ? "–" : `${Math.round(value)} ms`);

// What stands in the list, by name.
function figures({ stats, info }) {
  const delay = number(info["presentation delay ms"]);
  return {
    "Voice to face": inMs(delay === null ? null : delay + stats.buffer_ms + stats.extra_ms),
    "of that, buffer of this page": inMs(stats.buffer_ms + stats.extra_ms),
    "Skew of the face, 99 %": inMs(stats.skew_ms.n ? stats.skew_ms.p99 : null),
    "Skew of the sound, 99 %": stats.sound.state === "running" && stats.sound.error_ms.n ? inMs(stats.sound.error_ms.p99) : "not played",
    "Round trip": inMs(stats.clock.rtt_ms),
    "Pages and screens": info.viewers ?? "–",
  };
}

// In words, and how bad it is.
function state({ state: link, stats, info, since }) {
  if (link !== "open") return [link, "bad"];
  if (since.stop < STOPPED) return ["stopped", "stop"];
  if (info.badge) return [info.badge, "bad"];
  if (stats.late) return ["late", "bad"];
  if (since.sound > SILENT && info.state !== "speaking") return ["no sound comes in", "wait"];
  return [info.state || "connected", "good"];
}

function list(values) {
  byId("figures").replaceChildren(...Object.entries(values).flatMap(([name, value]) => {
    const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    detail.textContent = String(value);
    return [term, detail];
  }));
}

// What the voice expresses, as far as it can be read off the face: the likeliest word, how likely, whether somebody speaks.
const HEARD = 0.5;                 // s of speech before anything is said
function sounds(estimate) {
  byId("sounds").hidden = !estimate;
  if (!estimate) return;
  const { mood, odds, speaking, evidence, right, commonest } = estimate, heard = evidence >= HEARD;
  const percent = heard ? Math.round(100 * odds) : 0;
  const words = [heard ? mood || "unsure" : "–", ...(speaking ? ["speaking"] : [])].join(" · ");
  if (byId("mood").textContent !== words) byId("mood").textContent = words;
  byId("mood").classList.toggle("unsure", !heard || !mood);
  byId("odds").firstElementChild.style.transform = `scaleX(${percent / 100})`;
  byId("odds").setAttribute("aria-valuenow", percent);
  byId("sounds").title = "An estimate, read off the face." + (right === null ? "" :
    ` Of voices it did not know it named ${Math.round(100 * right)} in 100 sentences rightly; always the commonest: ${Math.round(100 * commonest)}.`);
}

// Buttons for what the server offers; a name like "expression:happy" belongs to the group "expression", what has no group is
// always at hand. What takes one number has a slider in its group, how much of it; what takes two is no button.
let offered = "", chosen = "";
function offer(actions, takes) {
  if (actions.join() === offered) return;
  offered = actions.join();
  const groups = new Map();
  for (const action of actions.filter((name) => (takes[name] ?? 0) < 2)) {
    const [group, name] = action.includes(":") ? action.split(":", 2) : ["", action];
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push([action, name]);
  }
  byId("always").replaceChildren(...(groups.get("") ?? []).map(([action, name]) => button(action, name)));
  groups.delete("");
  byId("actions").replaceChildren(...[...groups].map(([group, members]) => {
    const amount = members.some(([action]) => takes[action] === 1) ? slider(group) : null;
    const buttons = members.map(([action, name]) => button(action, name, takes[action] === 1 ? amount : null));
    const notes = group in HINTS ? [hint(HINTS[group])] : [];
    for (const one of notes) Object.assign(one, { id: `${group}-note`, role: "status" });
    return fieldset(group, [...buttons, ...(amount ? [amount.parentElement] : []), ...notes]);
  }));
  if (actions.includes("look")) byId("actions").append(hint("Click on the face, and it looks there."));
  choose(chosen);
}

// What became of what was asked for: under the buttons of its group.
function tell(note) {
  for (const [group, words] of Object.entries(HINTS)) {
    const place = byId(`${group}-note`), said = note.group === group ? note.text : words;
    if (place && place.textContent !== said) place.textContent = said;
  }
}

function fieldset(name, members) {
  const set = document.createElement("fieldset"), legend = document.createElement("legend");
  legend.textContent = name;
  set.append(legend, ...members);
  return set;
}

function hint(words) {
  const made = document.createElement("p");
  made.className = "hint";
  made.textContent = words;
  return made;
}

function button(action, name, amount) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = LABELS[name] ?? name;
  made.dataset.action = action;
  if (action === "stop") made.setAttribute("aria-keyshortcuts", "Escape");
  made.addEventListener("click", () => act(action, name, amount));
  if (amount) {
    made.dataset.name = name;
    amount.addEventListener("change", () => { if (chosen === name) act(action, name, amount); });
  }
  return made;
}

function act(action, name, amount) {
  face()?.act(action, ...(amount ? [Number(amount.value) / 100] : []));
  if (amount || action === "stop") choose(amount ? name : "");   // a stop ends every wish
}

function slider(group) {
  const label = document.createElement("label"), word = document.createElement("span"), made = document.createElement("input");
  const shown = document.createElement("output");
  Object.assign(made, { type: "range", min: 5, max: 100, step: 5, value: 100, id: `${group}-amount` });
  const tell = () => { shown.textContent = `${made.value} %`; };
  for (const kind of ["input", "change"]) made.addEventListener(kind, tell);
  tell();
  word.textContent = "Intensity";
  label.append(word, made, shown);
  return made;
}

// The expression that is asked for now, here or elsewhere; none: what the voice says.
let told = "";
function choose(name) {
  chosen = name === "rest" ? "" : name;
  for (const one of document.querySelectorAll("#actions button[data-name]")) {
    one.setAttribute("aria-pressed", String(one.dataset.name === (chosen || "rest")));
  }
}

// Escape stops, wherever the keyboard is.
function stopByKey(event) {
  if (event.key === "Escape" && !event.repeat) document.querySelector("#always [data-action=stop]")?.click();
}
addEventListener("keydown", stopByKey);

// A click on the face: it looks there.
let watched = null;
function watch(page) {
  const document_ = mirror.contentDocument;
  if (document_ === watched || page.state !== "open" || !document_?.getElementById("face")) return;
  watched = document_;
  if ("look" in page.takes) watched.body.style.cursor = "crosshair";   // a kiosk hides it
  watched.addEventListener("keydown", stopByKey);
  watched.addEventListener("click", (event) => {
    if ("look" in page.takes && event.target.id === "face") page.act("look", ...page.aim(event.clientX, event.clientY));
  });
}

byId("timing").open = matchMedia("(min-aspect-ratio: 1/1)").matches;   // a phone has no room for it at first

listen.addEventListener("click", () => face()?.setSound(!face().sounding));

function meter() {
  const now = face()?.level ?? FLOOR;
  bar.style.transform = `scaleX(${1 - now / FLOOR})`;
  level.classList.toggle("high", now > HIGH);
  requestAnimationFrame(meter);
}
requestAnimationFrame(meter);

setInterval(() => {
  const page = face();
  if (!page) return;
  const [word, mood] = state(page);
  if (byId("state").textContent !== word) byId("state").textContent = word;
  byId("state").dataset.mood = mood;
  level.setAttribute("aria-valuenow", Math.round(page.level));
  level.setAttribute("aria-valuetext", `${Math.round(page.level)} dB`);
  listen.setAttribute("aria-pressed", String(page.sounding));
  sounds(page.estimate);
  tell(page.note);
  const known = Object.entries(figures(page)).map(([name, value]) => [name, page.state === "open" ? value : "–"]);
  list(Object.fromEntries(known));
  if (page.state === "open") offer(page.actions, page.takes);
  for (const one of document.querySelectorAll("[data-action]")) one.disabled = page.state !== "open";
  watch(page);
  const { expression } = page.info;
  if (expression !== undefined && expression !== told) choose((told = expression));
}, 250);
