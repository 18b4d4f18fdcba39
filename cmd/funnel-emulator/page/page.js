"use strict";

// The server alone draws the page. This fetches it again every second and
// moves what has changed into the page that is open, so that a choice, a
// selection and the scroll position stay.

const every = 1000; // ms
const patience = 5000;

let asked = 0; // requests sent so far
let shown = 0; // the latest one whose answer is shown

async function show(url, options) {
  const mine = ++asked;
  const offline = document.getElementById("offline");
  try {
    const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(patience) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine < shown) return; // overtaken by a later one
    shown = mine;
    for (const part of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
    }
    offline.hidden = true;
  } catch {
    offline.hidden = false;
  }
}

async function watch() {
  if (!document.hidden) await show("/");
  setTimeout(watch, every);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  show(form.action, { method: "POST", body });
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) show("/");
});

setTimeout(watch, every);
