// The way through a study: consent, introductions, trials, thanks.

import { ask, remember, whoAnswers } from "./link.js";
import { make } from "./make.js";
import { showTrial } from "./trial.js";

const at = (id) => document.getElementById(id);
const main = at("main");
let shown = null; // the trial on show

function trouble(words) {
  at("trouble").textContent = words;
  at("trouble").hidden = !words;
}

const request = (method, path, data) =>
  ask(method, path, data, (lost) => trouble(lost ? "No connection. Your answers are safe; trying again …" : ""));

function showWords(title, eyebrow, words, ...below) {
  shown?.close();
  shown = null;
  const head = eyebrow ? [make("p", { className: "eyebrow" }, eyebrow)] : [];
  const text = make("div", { className: "text" }, ...words.map(paragraph));
  main.replaceChildren(make("div", { className: "words" }, make("div", {}, ...head, make("h1", {}, title)), text, ...below));
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

// A paragraph; its first line is a heading where it has several.
function paragraph(words) {
  const [first, ...rest] = words.split("\n");
  return rest.length ? make("p", {}, make("strong", {}, first), rest.join(" ")) : make("p", {}, first);
}

function showPlace(state) {
  const going = state && !state.finished;
  at("progress").hidden = !going;
  at("forget").hidden = !whoAnswers();
  at("place").textContent = going ? `${state.trial + 1} of ${state.trials}` : "";
  if (!going) return;
  at("progress").firstElementChild.style.transform = `scaleX(${state.trial / state.trials})`;
  at("progress").setAttribute("aria-valuemax", state.trials);
  at("progress").setAttribute("aria-valuenow", state.trial);
}

async function welcome() {
  remember("");
  showPlace(null);
  const { body } = await request("GET", "/api/study");
  document.title = body.title;
  const box = make("input", { type: "checkbox", id: "agree" });
  const label = make("label", { className: "agree" }, box, make("span", {}, "I have read this, and I agree to take part."));
  const begin = make("button", { type: "button", disabled: true }, "Begin");
  box.addEventListener("change", () => { begin.disabled = !box.checked; });
  begin.addEventListener("click", async () => {
    begin.disabled = true;
    const { status, body: state } = await request("POST", "/api/people", { agreed: true });
    if (status !== 201) {
      trouble(state.error || "The study cannot begin.");
      return;
    }
    remember(state.person);
    go(state);
  });
  showWords(body.title, "", body.consent.split(/\n\s*\n/), label, begin);
}

// What comes next: `back` where somebody has come back to a study that they had begun.
function go(state, back = false) {
  trouble("");
  showPlace(state);
  if (state.finished) {
    const other = make("button", { type: "button", className: "quiet" }, "Somebody else takes part on this device");
    other.addEventListener("click", welcome);
    showWords("Thank you", "", ["That was all. Your answers are stored, and you can close this page."], other);
    return;
  }
  if (!state.first && !(back && state.trial)) {
    begin(state);
    return;
  }
  const title = back && state.trial ? "Welcome back" : state.title;
  const words = back && state.trial ? ["You go on where you left off.", state.introduction] : [state.introduction];
  const on = make("button", { type: "button" }, "Continue");
  on.addEventListener("click", () => begin(state));
  showWords(title, `Part ${state.part} of ${state.parts}`, words, on);
  on.focus({ preventScroll: true });
}

function begin(state) {
  shown?.close();
  shown = showTrial(main, state, async (answer, plays, seconds) => {
    const { status, body } = await request("POST", "/api/answers", { trial: state.trial, answer, plays, seconds });
    if (status === 401) {
      await welcome();
    } else if (status === 400) {
      trouble(body.error);
      shown.again();
    } else if (body.wrong) {
      trouble(body.wrong);
      shown.again();
    } else {
      go(body);
    }
  });
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

at("forget").addEventListener("click", async () => {
  if (!confirm("Delete everything that you have answered, and leave the study?")) return;
  await request("DELETE", "/api/people");
  remember("");
  showPlace(null);
  showWords("Deleted", "", ["Your answers are deleted. Thank you for your time."]);
});

async function start() {
  if (!whoAnswers()) return welcome();
  const { status, body } = await request("GET", "/api/trial");
  return status === 200 ? go(body, true) : welcome();
}

start();
