// What pages do beyond forms and links: rows that are added, texts that are copied, parts that load later or renew
// themselves, forms that are tried while they are written, and times that go on.
"use strict";
// The words of the script, with what stands in the place of {}. The portal has them in other languages, too.
let say = (text, hole) => text.replace("{}", hole);
// The portal sends its requests and shows their answers in another way.
let ask = (url, options) => fetch(url, options);
let visit = (answer) => location.assign(answer.url);
let ended = null;
const units = [[60, "s", 1], [3600, "min", 60], [86400, "h", 3600], [2592000, "d", 86400]];

function relative(time) {
  const ahead = (Date.parse(time.dateTime) - Date.now()) / 1000;
  const span = Math.abs(ahead);
  const unit = units.find(([end]) => span < end);
  if (span < 5) return say("just now");
  if (!unit) return day ? day.format(new Date(time.dateTime)) : time.textContent;
  const amount = Math.floor(span / unit[2]);
  return say(ahead > 0 ? `in {} ${unit[1]}` : `{} ${unit[1]} ago`, amount);
}

// Exact times are shown in the visitor's zone; the title has them in both.
let clock, exact, day;
function speak(language) {
  clock = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" });
  day = language && new Intl.DateTimeFormat(language, { dateStyle: "medium" });
}
speak();

function tick() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (time.title.endsWith("UTC")) time.title = `${exact.format(at)} · ${time.title} `;
    const text = time.dataset.clock === undefined ? relative(time) : clock.format(at);
    if (time.textContent !== text) time.textContent = text;
  }
}

// A part of another page, or of the answer to a form: null when there is none to be had.
async function load(url, part, body) {
  const method = body ? "POST" : "GET";
  const answer = await ask(url, { method, body, redirect: "manual", headers: { accept: "text/html" } });
  if (ended && answer.status === 401) {
    ended();
    throw new Error("signed out");
  }
  if (answer.type === "opaqueredirect") {
    document.querySelector("#signed-out")?.remove();
    const notice = document.createElement("p");
    notice.id = "signed-out";
    notice.className = "alert waiting";
    notice.setAttribute("role", "status");
    notice.append(Object.assign(document.createElement("a"), { href: "/console/sign-in", textContent: say("You are signed out. Sign in to see what is new.") }));
    document.querySelector("main").prepend(notice);
    throw new Error("signed out");
  }
  if (!answer.ok) return null;
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  if (body) return template.content;
  return part ? template.content.querySelector(part) : template.content.firstElementChild;
}

const frozen = (element) => {
  const copy = element.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.textContent = "";
  for (const button of copy.querySelectorAll("[data-copy],[data-copy-near]")) button.replaceWith("");
  return copy.innerHTML;
};

// Puts a new part in the place of the old one, unless they are the same; the focus stays where it was.
function replace(old, fresh) {
  if (frozen(old) === frozen(fresh) && old.dataset.live === fresh.dataset.live) return old;
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  for (const { name, value } of old.querySelectorAll("[type=checkbox]:checked")) {
    const again = fresh.querySelector(`[name="${name}"][value="${value}"]`);
    if (again) again.checked = true;
  }
  old.replaceWith(fresh);
  enhance(fresh);
  tick();
  if (focused) [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  return fresh;
}

// What shows the same as a live part in another way is renewed with it, but not all the time.
let renewed = 0;
async function renewFollowers() {
  if (Date.now() - renewed < 10_000) return;
  renewed = Date.now();
  for (const old of document.querySelectorAll("[data-follows]")) {
    const fresh = await load(old.dataset.follows).catch(() => null);
    if (fresh && old.isConnected && !old.matches(":hover, :focus-within")) replace(old, fresh);
  }
}

async function keepLive(element) {
  let current = element;
  while (current.isConnected && current.dataset.live) {
    await new Promise((resolve) => setTimeout(resolve, (Number(current.dataset.every) || 2) * 1000));
    const isRead = !getSelection().isCollapsed && current.contains(getSelection().anchorNode);
    if (document.hidden || isRead || !current.isConnected) continue;
    try {
      const fresh = await load(current.dataset.live, current.dataset.part);
      const next = fresh ? replace(current, fresh) : current;
      if (next !== current) renewFollowers();
      current = next;
    } catch (error) {
      if (error.message === "signed out") return;
    }
  }
}

// A form that is sent without leaving its page: what was typed is never lost, whatever the answer is. Secrets, which no
// answer repeats, stay in their fields, and sections that were open stay open.
const secretsOf = (root) => new Map([...root.querySelectorAll("[data-secret]")].map((field) =>
  [`${field.name} ${field.closest(".row")?.querySelector("[name=parameter_name]")?.value ?? ""}`, field]));

function putBack(old, fresh) {
  const kept = secretsOf(old);
  for (const [name, field] of secretsOf(fresh)) {
    const value = kept.get(name)?.value;
    if (!value) continue;
    field.value = value;
    field.parentElement.querySelector(".again")?.remove();
  }
  const sections = fresh.querySelectorAll("details.card");
  old.querySelectorAll("details.card").forEach((section, index) => {
    if (section.open && sections[index]) sections[index].open = true;
  });
}

function notice(form, text, link) {
  document.querySelector("#notice")?.remove();
  const alert = Object.assign(document.createElement("div"), { id: "notice", className: "alert waiting", tabIndex: -1 });
  alert.setAttribute("role", "alert");
  alert.append(text);
  if (link) alert.append(" ", Object.assign(document.createElement("a"), { ...link, target: "_blank", rel: "noopener" }));
  form.prepend(alert);
  alert.focus();
}

async function send(form, button) {
  const sent = new URLSearchParams(new FormData(form, button));
  const action = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const answer = await ask(action, { method: "POST", body: sent, headers: { accept: "text/html" } }).catch(() => null);
  if (!answer) return notice(form, say("Not saved: the service cannot be reached. Nothing is lost; try again."));
  if (answer.redirected) return visit(answer);
  if (ended && answer.status === 401) {
    ended();
    return notice(form, say("Not saved: your session has ended. Nothing is lost while this page is open."));
  }
  if (answer.status === 401) {
    return notice(form, say("Not saved: your session has ended. Nothing is lost: sign in in another tab, then save again here."),
      { href: "/console/sign-in", textContent: say("Sign in") });
  }
  const text = await answer.text();
  const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  const fresh = main?.querySelector("form[data-keep]");
  if (!fresh && answer.ok) return visit(answer, text);
  if (!fresh) return notice(form, `${say("Not saved.")} ${main?.querySelector("h1 + p")?.textContent ?? ""}`);
  putBack(form, fresh);
  document.querySelector("main").replaceWith(main);
  enhance(main);
  tick();
  main.querySelector("[data-focus]")?.focus();
}

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.dataset.keep === undefined) return;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  send(form, submitter).finally(() => { form.ariaBusy = null; });
});

// What a form would do, put where its button says; of two that overlap, the later one counts.
let tries = 0;
async function tryOut(button) {
  const number = ++tries;
  const sent = new URLSearchParams(new FormData(button.form));
  sent.set("fragment", "1");
  const fresh = await load(button.formAction, null, sent).catch(() => null);
  if (number === tries) document.querySelector(button.dataset.try).replaceChildren(fresh ?? say("It could not be tried."));
}

let pause;
function tryLater(form) {
  const button = form?.querySelector("[data-try]");
  if (!button?.closest("details").open) return;
  clearTimeout(pause);
  pause = setTimeout(() => tryOut(button), 500);
}

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    load(target.dataset.load).then((fresh) => fresh && replace(target, fresh), () => {});
  }
});

function enhance(root) {
  for (const button of root.querySelectorAll("[data-copy],[data-copy-near],[data-add],[data-remove],[data-all]")) button.hidden = false;
  for (const mark of root.querySelectorAll("[data-utc]")) mark.remove();
  for (const field of root.querySelectorAll("[data-offset]")) field.value = new Date().getTimezoneOffset();
  for (const element of root.querySelectorAll("[data-load]")) seen.observe(element);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button, a[data-fetch], [data-all]");
  if (!button) return;
  if (button.dataset.copy !== undefined) {
    const name = button.textContent;
    if (name === say("Copied")) return;
    await navigator.clipboard?.writeText(button.dataset.copy);
    button.textContent = say("Copied");
    setTimeout(() => { button.textContent = name; }, 1500);
  } else if (button.dataset.copyNear) {
    const near = button.closest("section, details").querySelector(button.dataset.copyNear);
    const names = [...near.querySelectorAll("dt")];
    const text = names.length ? names.map((name) => `${name.textContent}: ${name.nextElementSibling.textContent}`).join("\n") : near.textContent;
    await navigator.clipboard?.writeText(text);
    button.textContent = say("Copied");
    setTimeout(() => { button.textContent = say("Copy"); }, 1500);
  } else if (button.dataset.fetch) {
    event.preventDefault();
    const fresh = await load(button.dataset.fetch).catch(() => null);
    if (fresh) replace(document.querySelector(button.dataset.into), fresh).querySelector("[aria-current]")?.focus();
  } else if (button.dataset.all) {
    for (const box of document.getElementsByName(button.dataset.all)) box.checked = button.checked;
  } else if (button.dataset.try) {
    event.preventDefault();
    await tryOut(button);
  } else if (button.dataset.add !== undefined) {
    const group = button.closest(".field");
    if (group.querySelectorAll(".row").length >= Number(button.dataset.add || Infinity)) return;
    group.querySelector(".rows").append(group.querySelector("template").content.cloneNode(true));
    enhance(group);
    group.querySelector(".row:last-child input, .row:last-child select").focus();
  } else if (button.dataset.remove !== undefined) {
    const group = button.closest(".field");
    button.closest(".row").remove();
    group.querySelector("[data-add]").focus();
    tryLater(group.closest("form"));
  }
});

document.addEventListener("change", ({ target }) => {
  if (target.form?.dataset.submit !== undefined) target.form.requestSubmit();
});

document.addEventListener("input", ({ target }) => tryLater(target.form));

enhance(document);
tick();
setInterval(tick, 5000);
for (const element of document.querySelectorAll("[data-live]")) keepLive(element);
document.querySelector("[data-focus]")?.focus();
