// The wire to the server: who answers, and requests that are tried again until the server is there.

const NAME = "study-person";
let person = "";

export function whoAnswers() {
  try {
    person = localStorage.getItem(NAME) || person;
  } catch {
    // A browser that keeps nothing: the study works until the tab is closed.
  }
  return person;
}

export function remember(token) {
  person = token;
  try {
    if (token) localStorage.setItem(NAME, token);
    else localStorage.removeItem(NAME);
  } catch {
    // As above.
  }
}

// {status, body} of a request; `onTrouble(true)` while there is no answer and it is sent again.
export async function ask(method, path, data, onTrouble) {
  const headers = {};
  if (whoAnswers()) headers["X-Person"] = person;
  if (data !== undefined) headers["Content-Type"] = "application/json";
  for (let wait = 500; ; wait = Math.min(1.4 * wait, 4000)) {
    try {
      const response = await fetch(path, {
        method, headers, body: data === undefined ? undefined : JSON.stringify(data), credentials: "same-origin",
      });
      if (response.status < 500) {
        const body = await response.json().catch(() => ({}));
        onTrouble(false);
        return { status: response.status, body };
      }
    } catch {
      // No connection.
    }
    onTrouble(true);
    await new Promise((done) => setTimeout(done, wait));
  }
}
