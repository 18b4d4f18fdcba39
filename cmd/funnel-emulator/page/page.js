"use strict";

// The server renders the page. This script fetches it every second and replaces
// the parts that have changed, so that input, selection and scroll position stay.

const interval = 1000; // ms
const timeout = 5000;

let sent = 0; // requests so far
let shown = 0; // the latest one whose response is shown

async function request(url, options) {
  const offline = document.getElementById("offline");
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(timeout) });
    const text = await response.text();
    offline.hidden = true;
    return { ok: response.ok, text };
  } catch {
    offline.hidden = false;
    return { ok: false, text: "" };
  }
}

async function refresh() {
  const number = ++sent;
  const response = await request(location.href);
  if (!response.ok || number < shown) return; // a later one was faster
  shown = number;
  const fresh = new DOMParser().parseFromString(response.text, "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
  }
}

async function watch() {
  if (!document.hidden) await refresh();
  setTimeout(watch, interval);
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const response = await request(form.action, { method: "POST", body });
  const problem = document.getElementById("problem");
  problem.textContent = response.ok ? "" : response.text;
  problem.hidden = problem.textContent === "";
  refresh();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});

setTimeout(watch, interval);
