// The portal: the console in a frame of another page, or in a tab. This page stays; each page of the console is fetched, with the
// session in a header, and put into it. So there is no cookie, and the session is in no address.
"use strict";
const NAME = "hookstep-portal";
// Frames of the same deployment in one tab share a storage; each has a name of its own, if the page around it gave it one.
const KEPT = NAME + window.name;
let session = null;
// The logo of the product, as a data URL.
let logo = null;
// The org of this session, or of the one before.
let org = null;
// The language of the pages; until one is shown, that of the browser.
let language = navigator.language.slice(0, 2);
// The page that is shown, as a path.
let place = "/";

// The words of console.js in other languages than English.
const WORDS = {
  de: {
    "just now": "gerade eben",
    "in {} s": "in {} s",
    "in {} min": "in {} min",
    "in {} h": "in {} h",
    "in {} d": "in {} Tagen",
    "{} s ago": "vor {} s",
    "{} min ago": "vor {} min",
    "{} h ago": "vor {} h",
    "{} d ago": "vor {} Tagen",
    "You are signed out. Sign in to see what is new.": "Diese Sitzung ist beendet.",
    "Not saved: the service cannot be reached. Nothing is lost; try again.":
      "Nicht gespeichert: Der Dienst ist nicht erreichbar. Nichts geht verloren; versuchen Sie es noch einmal.",
    "Not saved: your session has ended. Nothing is lost while this page is open.":
      "Nicht gespeichert: Ihre Sitzung ist beendet. Solange diese Seite offen ist, geht nichts verloren.",
    "Not saved: your session has ended. Nothing is lost: sign in in another tab, then save again here.":
      "Nicht gespeichert: Ihre Sitzung ist beendet.",
    "Sign in": "Anmelden",
    "Not saved.": "Nicht gespeichert.",
    "It could not be tried.": "Es konnte nicht probiert werden.",
    "Copied": "Kopiert",
    "Copy": "Kopieren",
    "This session has ended": "Diese Sitzung ist beendet",
    "Go back to where you opened this page, and open it again.":
      "Gehen Sie dorthin zurück, wo Sie diese Seite geöffnet haben, und öffnen Sie sie neu.",
    "The service cannot be reached. Try again in a moment.": "Der Dienst ist nicht erreichbar. Versuchen Sie es gleich noch einmal.",
  },
};

say = (text, hole) => (WORDS[language]?.[text] ?? text).replace("{}", hole);

// What a frame stores is kept apart for the page around it, and ends with the tab. A browser may refuse it; then the session ends when
// the frame is loaded again.
function keep(opened) {
  [session, logo] = [opened?.session ?? null, opened?.logo ?? null];
  org = opened?.org ?? org;
  try {
    if (opened) sessionStorage.setItem(KEPT, JSON.stringify(opened)); else sessionStorage.removeItem(KEPT);
  } catch { /* see above */ }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

function tell(message) {
  if (parent !== window) parent.postMessage({ source: NAME, ...message }, "*");
}

ask = (url, options = {}) => {
  const headers = { ...options.headers, [NAME]: session ?? "" };
  return fetch(url, { ...options, headers, credentials: "omit" });
};

visit = (answer, text) => arrive(answer, text, true);

// Whoever opened the portal can give it a new link. A form that is being filled in stays.
let isTold = false;
ended = () => {
  keep(null);
  if (!isTold) tell({ type: "ended" });
  isTold = true;
  const main = document.querySelector("main");
  if (main.querySelector("[data-ended]")) return;
  if (main.querySelector("form[data-keep]")) main.prepend(spoken("#ended")); else main.replaceChildren(spoken("#ended"));
  main.querySelector("[data-ended]").scrollIntoView({ block: "nearest" });
};

// A text of the empty page, in the language of the others.
function spoken(template) {
  const content = document.querySelector(template).content.cloneNode(true);
  const texts = document.createNodeIterator(content, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) text.data = say(text.data);
  return content;
}

function failed() {
  document.querySelector("#failed-notice")?.remove();
  const alert = Object.assign(document.createElement("p"), { id: "failed-notice", className: "alert failed" });
  alert.setAttribute("role", "alert");
  alert.append(spoken("#failed"));
  document.querySelector("main").prepend(alert);
}

// Links and forms of a page that name no path mean the page itself.
function anchor(root) {
  const base = new URL(place, location.origin);
  for (const link of root.querySelectorAll("a[href^='?']")) link.href = new URL(link.getAttribute("href"), base);
  for (const form of root.querySelectorAll("form:not([action])")) form.action = base.pathname;
}

// The style sheets and the logo of a page.
function dress(fresh) {
  const sheets = (root) => [...root.querySelectorAll("head link[rel=stylesheet]")];
  const [old, wanted] = [sheets(document), sheets(fresh)];
  for (const link of wanted) if (!old.some(({ href }) => href === link.href)) document.head.append(document.adoptNode(link));
  for (const link of old) if (!wanted.some(({ href }) => href === link.href)) link.remove();
  const brand = fresh.querySelector(".brand");
  if (logo && brand) brand.prepend(Object.assign(fresh.createElement("img"), { src: logo, alt: "", className: "logo" }));
}

function show(text, isFollowed) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  document.title = fresh.title;
  if (language !== fresh.documentElement.lang || !day) {
    language = document.documentElement.lang = fresh.documentElement.lang;
    // British or American, Swiss or German: as the browser has it.
    speak(navigator.languages.find((name) => name.split("-")[0] === language) ?? language);
  }
  const templates = [...document.querySelectorAll("body > template")];
  dress(fresh);
  anchor(fresh);
  document.body.replaceChildren(...fresh.body.childNodes, ...templates);
  enhance(document);
  tick();
  for (const element of document.querySelectorAll("[data-live]")) keepLive(element);
  // The frame takes the focus only from itself.
  if (!isFollowed) return;
  const part = place.split("#")[1];
  const target = document.querySelector("[data-focus], [autofocus]") ?? (part && document.getElementById(part));
  if (target) { target.scrollIntoView({ block: "nearest" }); target.focus(); } else {
    scrollTo(0, 0);
    const heading = document.querySelector("h1");
    if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
  }
}

async function save(answer, disposition) {
  const name = /filename="([^"]+)"/.exec(disposition)?.[1] ?? "download";
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function arrive(answer, text, isNew, part = "") {
  if (answer.status === 401) return ended();
  const type = answer.headers.get("content-type") ?? "";
  if (type.startsWith("application/json")) return open((await answer.json()).url, "_blank", "noopener");
  const disposition = answer.headers.get("content-disposition");
  if (disposition?.startsWith("attachment")) return save(answer, disposition);
  const url = new URL(answer.headers.get("content-location") ?? answer.url, location.href);
  place = url.pathname + url.search + part;
  const address = `#${place}`;
  if (isNew) history.pushState(null, "", address); else history.replaceState(null, "", address);
  show(text ?? await answer.text(), document.hasFocus());
  tell({ type: "shown", title: document.title });
}

let trips = 0;
// Whether a form is on its way. Nothing overtakes it: its answer may hold a secret that is shown once.
let isSending = false;
async function go(target, { isNew = true, ...options } = {}) {
  if (isSending) return;
  const number = ++trips;
  const url = new URL(target, location.origin);
  isSending = options.method === "POST";
  const answer = await ask(url.pathname + url.search, { headers: { accept: "text/html" }, ...options }).catch(() => null);
  if (options.method === "POST") isSending = false;
  // Somebody has gone somewhere else meanwhile.
  if (number !== trips) return;
  if (!answer) return failed();
  // A new link leads where somebody wanted to go.
  if (answer.status === 401 && !options.method) place = url.pathname + url.search + url.hash;
  await arrive(answer, null, isNew, url.hash);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.target || link.origin !== location.origin || link.download) return;
  event.preventDefault();
  if (link.getAttribute("href").startsWith("#")) {
    const target = document.querySelector(link.hash);
    if (target) { target.tabIndex = -1; target.focus(); }
  } else go(link.href);
});

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  event.preventDefault();
  const { target: form, submitter } = event;
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const data = new URLSearchParams(new FormData(form, submitter));
  const action = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
  const trip = form.method === "post" ? go(action, { method: "POST", body: data }) : go(`${action.split("?")[0]}?${data}`);
  trip.finally(() => { form.ariaBusy = null; });
});

async function redeem(link) {
  // The link goes before anything else can see it. It works once.
  history.replaceState(null, "", location.pathname);
  const body = new URLSearchParams({ link });
  isTold = false;
  const answer = await fetch("/portal/session", { method: "POST", body, credentials: "omit" }).catch(() => null);
  if (answer?.status === 401) return ended();
  if (!answer?.ok) return failed();
  const opened = await answer.json();
  // A session that ended while somebody was typing goes on where it was, if it is about the same org.
  const isResumed = session === null && org === opened.org && document.querySelector("form[data-keep]");
  if (org !== null && org !== opened.org) place = "/";
  keep(opened);
  document.querySelector("[data-ended]")?.remove();
  tell({ type: "opened" });
  if (!isResumed) await go(place, { isNew: false });
}

function start() {
  const link = new URLSearchParams(location.hash.slice(1)).get("link");
  if (link) return redeem(link);
  if (!session) keep(kept());
  // Without a session, a new link leads there.
  if (/^#\/($|[?#]|console\/)/.test(location.hash)) place = location.hash.slice(1);
  return session ? go(place, { isNew: false }) : ended();
}

if (parent !== window) new ResizeObserver(() => tell({ type: "size", height: document.body.scrollHeight })).observe(document.body);
addEventListener("popstate", start);
// A new link, set by the page around the frame.
addEventListener("hashchange", () => { if (location.hash.startsWith("#link=")) start(); });
start();
