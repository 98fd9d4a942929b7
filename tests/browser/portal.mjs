// Somebody uses the portal in a page of another product, which is another site: `localhost` is not `127.0.0.1`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { look, open } from "./console.mjs";

const LOGO = `data:image/svg+xml;base64,${btoa('<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><circle cx="12" cy="12" r="9"/></svg>')}`;

const { base, token, product, stranger, webhook } = JSON.parse(process.argv[2]);
const { browser, context, page, complaints } = await open(product);
const api = (path, options) => fetch(base + path, { ...options, headers: { authorization: `Bearer ${token}` } });

async function link(fields) {
  const answer = await api("/orgs/acme/portal-sessions", { method: "POST", body: JSON.stringify(fields) });
  assert.equal(answer.status, 201);
  return answer.json();
}

// A page of the product, with a frame; it notes what the frame tells.
async function embed(origin, url) {
  await page.goto(origin);
  await page.evaluate((src) => {
    globalThis.told = [];
    addEventListener("message", ({ data, origin: from }) => told.push([from, data.source, data.type]));
    document.body.append(Object.assign(document.createElement("iframe"), { src, title: "Webhooks" }));
  }, url);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  return { frame, told: (type) => page.waitForFunction((type) => told.some(([, , said]) => said === type), type) };
}

const heading = (frame, name) => frame.getByRole("heading", { name, exact: true, level: 1 });
const screen = (frame, name) => look(page, `portal: ${name}`, undefined, frame);

async function looksAround() {
  const { frame, told } = await embed(product, (await link({ role: "manage_secrets" })).url);
  await heading(frame, "Webhooks").waitFor();
  await told("opened");
  assert.ok(!frame.url().includes("link="), "the link is still in the address");
  await screen(frame, "webhooks");
  await frame.getByRole("link", { name: "Embedded", exact: true }).click();
  await frame.getByRole("heading", { level: 1, name: /^Embedded/ }).waitFor();
  await frame.locator(".chart").first().waitFor();
  await screen(frame, "webhook");
  await frame.locator("#events .row-link").first().click();
  await frame.getByRole("heading", { level: 1, name: /^Event/ }).waitFor();
  await screen(frame, "event");
  const place = frame.url();
  await Promise.all([page.waitForEvent("framenavigated"), frame.evaluate(() => { location.reload(); })]);
  await frame.waitForLoadState();
  // Where the browser lets a frame store nothing, it needs a new link then, and goes on where it was.
  const isKept = await frame.evaluate(() => { try { return sessionStorage.length > 0; } catch { return false; } });
  if (!isKept) {
    await heading(frame, "This session has ended").waitFor();
    const { url } = await link({ role: "manage_secrets" });
    await page.evaluate((src) => { document.querySelector("iframe").src = src; }, url);
  }
  await frame.getByRole("button", { name: "Replay", exact: true }).click();
  await frame.waitForFunction((place) => location.href !== place, place);
  await frame.getByText("Succeeded", { exact: true }).first().waitFor();
  await frame.evaluate(() => history.back());
  await frame.waitForFunction((place) => location.href === place, place);
  await frame.getByRole("link", { name: "Webhooks" }).first().click();
  await heading(frame, "Webhooks").waitFor();
  await createsOne(frame);
  return frame;
}

async function createsOne(frame) {
  await frame.getByRole("link", { name: "New webhook" }).click();
  await frame.getByLabel("Name", { exact: true }).fill("Made in a frame");
  await frame.getByLabel("URL", { exact: true }).fill("ftp://erp.example");
  await screen(frame, "form");
  const create = frame.getByRole("button", { name: "Create webhook" });
  await create.click();
  await frame.getByText("The URL's scheme must be https").last().waitFor();
  assert.match(complaints.pop(), /422/);
  await frame.getByLabel("URL", { exact: true }).fill("https://erp.example/");
  await create.click();
  await frame.getByText(/^whsec_/).waitFor();
  await screen(frame, "secret");
  await frame.getByRole("button", { name: "I have stored it" }).click();
  await frame.getByRole("heading", { level: 1, name: /^Made in a frame/ }).waitFor();
}

// A session ends while somebody is writing: nothing is lost, and a new link goes on from there.
async function goesOnWithANewLink() {
  const first = await link({ role: "manage" });
  const { frame, told } = await embed(product, first.url);
  await frame.getByRole("link", { name: "New webhook" }).click();
  await frame.getByLabel("Name", { exact: true }).fill("Not lost");
  await frame.getByLabel("URL", { exact: true }).fill("https://erp.example/");
  assert.equal((await api(`/sessions/${first.session_id}`, { method: "DELETE" })).status, 204);
  await frame.getByRole("button", { name: "Create webhook" }).click();
  await frame.getByText("Not saved: your session has ended").waitFor();
  assert.match(complaints.pop(), /401/);
  await told("ended");
  const { url } = await link({ role: "manage" });
  await page.evaluate((src) => { globalThis.told = []; document.querySelector("iframe").src = src; }, url);
  await told("opened");
  await frame.getByRole("button", { name: "Create webhook" }).click();
  await frame.getByText("The webhook is created.").waitFor();
  // A link that was used opens nothing.
  await page.evaluate((src) => { document.querySelector("iframe").src = src; }, first.url);
  await heading(frame, "This session has ended").waitFor();
  assert.match(complaints.pop(), /401/);
  await screen(frame, "ended");
}

// The example page with the web component, in German, in the colours of a product.
async function usesTheExample() {
  const theme = { product_name: "Acme", logo: LOGO, light: { accent: "#0a66c2" }, dark: { accent: "#7cc4ff", background: "#000000" } };
  const made = () => link({ role: "manage", locale: "de", theme, return_url: `${product}back` });
  const links = [];
  await page.route(`${product}portal-link`, async (route) => {
    links.push(await made());
    await route.fulfill({ json: { url: links.at(-1).url } });
  });
  const script = await (await fetch(`${base}/portal/hookstep-portal.js`)).text();
  await page.route(`${product}hookstep-portal.js`, (route) => route.fulfill({ contentType: "text/javascript", body: script }));
  const example = readFileSync(new URL("../../examples/portal/index.html", import.meta.url), "utf8");
  // A page that no server sent may not show one of this machine.
  await page.goto(product);
  await page.setContent(example);
  const frame = await (await page.waitForSelector("hookstep-portal iframe")).contentFrame();
  await frame.getByRole("link", { name: "Neuer Webhook" }).waitFor();
  assert.equal(await page.locator("hookstep-portal").getAttribute("src"), null, "the link is still in the page");
  assert.equal(await frame.locator(".brand img").evaluate((image) => image.complete && image.naturalWidth > 0), true);
  const accent = () => frame.locator(".button.primary").first().evaluate((link) => getComputedStyle(link).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await accent(), "rgb(10, 102, 194)");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await accent(), "rgb(124, 196, 255)");
  await screen(frame, "themed webhooks");
  await frame.getByRole("link", { name: "Embedded", exact: true }).click();
  await frame.getByRole("button", { name: "Deaktivieren" }).waitFor();
  await frame.locator(".chart").first().waitFor();
  await screen(frame, "themed webhook");
  // Times are those of the viewer's clock, in the viewer's language.
  const [shown, expected] = await frame.locator("time[data-clock]").first().evaluate((time) => {
    const options = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    return [time.textContent, new Intl.DateTimeFormat("de", options).format(new Date(time.dateTime))];
  });
  assert.equal(shown, expected);
  // The frame is as high as its content.
  await page.waitForFunction((least) => {
    const frame = document.querySelector("hookstep-portal").shadowRoot.querySelector("iframe");
    return frame.clientHeight > least;
  }, 700);
  // The page gets a new link by itself when a session has ended.
  assert.equal((await api(`/sessions/${links[0].session_id}`, { method: "DELETE" })).status, 204);
  await frame.getByRole("link", { name: "Webhooks", exact: true }).first().click();
  await frame.getByRole("link", { name: "Neuer Webhook" }).waitFor();
  assert.equal(links.length, 2);
  for (const complaint of complaints.splice(0)) assert.match(complaint, /401/);
  await frame.getByRole("link", { name: "Zurück zu Acme" }).click();
  await page.waitForURL(`${product}back`);
}

// Neither another site nor another page of the console gets into a frame.
async function staysOutOfOtherFrames() {
  for (const [origin, path] of [[stranger, "/portal"], [product, "/"], [product, "/console/sign-in"], [product, `/console/webhooks/${webhook}`]]) {
    const { frame } = await embed(origin, base + path);
    await page.waitForFunction(() => true);
    while (!complaints.length) await page.waitForEvent("console");
    assert.match(complaints.pop(), /frame/i, `${path} in ${origin}`);
    assert.ok(!(await frame.content()).includes("Webhook"), `${path} in ${origin}`);
    complaints.length = 0;
  }
}

try {
  await looksAround();
  await goesOnWithANewLink();
  await usesTheExample();
  assert.deepEqual(complaints, []);
  await staysOutOfOtherFrames();
  assert.deepEqual(await context.cookies(), [], "a frame has no cookies");
} finally {
  await browser.close();
}
