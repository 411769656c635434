// One page of the questionnaire: videos, then what is asked of them.

import { make } from "./make.js";
import { Players } from "./player.js";

// Show a trial in `main`; `send(answer, plays, seconds)` is called once with what was chosen. Returns how to end it.
export function showTrial(main, trial, send) {
  const began = performance.now();
  const heard = trial.kind === "sound";
  const players = new Players(trial.videos, { heard, onSeen: () => refresh() });
  const groups = trial.questions.map((question) => group(question, () => refresh()));
  const hint = make("p", { className: "hint" });
  const next = make("button", { type: "submit", className: "next" }, "Next");
  const form = make("form", { className: `trial ${trial.kind}` }, players.element, ...groups.map((one) => one.element), next, hint);
  let sent = false;

  function refresh() {
    const answered = groups.every((one) => one.value);
    for (const one of groups) one.element.disabled = sent || !players.seen;
    next.disabled = sent || !players.seen || !answered;
    next.textContent = players.seen ? "Next" : heard ? "Listen first" : trial.videos.length > 1 ? "Watch both first" : "Watch first";
    const keys = trial.questions[0].options.length;
    const fine = matchMedia("(pointer: fine)").matches;
    hint.textContent = fine ? `Keys: space plays, 1 to ${keys} choose, Enter goes on` : "";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sent || next.disabled) return;
    sent = true;
    refresh();
    const answer = Object.fromEntries(groups.map((one) => [one.name, one.value]));
    send(answer, Math.min(players.plays, 1000), Math.min((performance.now() - began) / 1000, 86400));
  });

  function onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    if (event.key === " " && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      players.playNext();
    } else if (event.key === "Enter" && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (/^[1-9]$/.test(event.key) && players.seen && !sent) {
      (groups.find((one) => !one.value) || groups[groups.length - 1]).choose(Number(event.key) - 1);
    }
  }
  document.addEventListener("keydown", onKey);
  refresh();
  main.replaceChildren(form);
  return {
    close() {
      document.removeEventListener("keydown", onKey);
      players.stop();
    },
    // The answer was not right: once more from the beginning.
    again() {
      sent = false;
      players.again();
      for (const one of groups) one.clear();
      refresh();
    },
  };
}

function group(question, onAnswer) {
  const inputs = question.options.map((option) => make("input", { type: "radio", name: question.name, value: option.value }));
  const options = question.options.map((option, index) => make("label", { className: "option" }, inputs[index], option.label));
  const element = make(
    "fieldset", { className: question.ends ? "scale" : "" },
    make("legend", {}, question.text),
    make("div", { className: "options" }, ...options),
  );
  if (question.ends) {
    element.append(make("div", { className: "ends" }, ...question.ends.map((words) => make("span", {}, words))));
    inputs[0].setAttribute("aria-label", `1, ${question.ends[0]}`);
    inputs[inputs.length - 1].setAttribute("aria-label", `${inputs.length}, ${question.ends[1]}`);
  }
  function onChoice() {
    options.forEach((option, index) => option.classList.toggle("chosen", inputs[index].checked));
    onAnswer();
  }
  element.addEventListener("change", onChoice);
  return {
    name: question.name,
    element,
    get value() {
      return inputs.find((input) => input.checked)?.value;
    },
    choose(index) {
      if (!inputs[index]) return;
      inputs[index].checked = true;
      onChoice();
    },
    clear() {
      for (const input of inputs) input.checked = false;
      onChoice();
    },
  };
}
