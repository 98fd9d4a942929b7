// An integrator's day, including a mistake: from signing in to rotating a secret.
import assert from "node:assert/strict";
import { look, open } from "./console.mjs";

const { base, token, good, bad, screens } = JSON.parse(process.argv[2]);
const { browser, page, complaints } = await open(base);
const scriptless = await browser.newContext({ baseURL: base, javaScriptEnabled: false });
const button = (name) => page.getByRole("button", { name, exact: true });
const link = (name) => page.getByRole("link", { name, exact: true });
const field = (name) => page.getByLabel(name, { exact: true });
const screen = (name) => look(page, name, screens);

async function trigger(path, body) {
  const answer = await fetch(`${base}/webhook/${path.split("/").pop()}/trigger`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "x-correlation-id": "order-4711" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 202);
  return (await answer.json()).event_id;
}

// A reload of the page removes this marker.
const mark = () => page.evaluate(() => { globalThis.isSame = true; });
const assertSame = async () => assert.ok(await page.evaluate(() => globalThis.isSame), "the page was loaded again");

async function signIn() {
  await page.goto("/");
  await screen("sign-in");
  await page.keyboard.type("hookstep_wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  assert.match(complaints.pop(), /422/);
  await field("API token").fill(token);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Webhooks" }).waitFor();
  await page.locator("tr .spark").last().waitFor();
  await screen("webhooks");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await link("Warehouse").click();
  await page.locator(".chart").first().waitFor();
  await screen("webhook");
  await link("Webhooks").first().click();
}

async function create() {
  await link("New webhook").click();
  await screen("new-webhook");
  await field("Name").fill("Orders to ERP");
  await field("URL").fill("ftp://erp.example");
  await field("Basic").check();
  await field("User name").fill("hookstep");
  await field("Password").fill("open sesame");
  await field("Header name").last().fill("X-Team");
  await field("Header value").last().fill("orders");
  await button("Create webhook").click();
  await page.getByText("The URL's scheme must be https").last().waitFor();
  assert.match(complaints.pop(), /422/);
  await screen("field-error");
  // Typed secrets stay in their fields.
  assert.equal(await field("Password").inputValue(), "open sesame");
  await field("URL").fill(good);
  await filterAndTransform();
  await button("Create webhook").click();
  await page.getByText(/^whsec_/).waitFor();
  await screen("created");
  const secret = await page.getByText(/^whsec_/).textContent();
  await page.reload();
  assert.equal(await page.getByText(/^whsec_/).textContent(), secret);
  await page.getByText("JavaScript and TypeScript").click();
  await screen("verify");
  return secret;
}

// Expressions are evaluated while they are typed: no button, no other page.
async function filterAndTransform() {
  const tried = page.locator("#tried");
  const top = (locator) => locator.evaluate((element) => element.scrollIntoView({ behavior: "instant" }));
  await mark();
  const summary = page.getByText("Filter and transform: which events are sent");
  await summary.click();
  await field("Conditions").check();
  await field("Field").first().fill("order");
  await field("Comparison").first().selectOption("greater_than");
  await field("Read as").first().selectOption("number");
  await field("Values, one a line").first().fill("4000");
  await button("Add a condition").click();
  await field("Comparison").last().selectOption("any_of");
  await field("Field").last().fill("currency");
  await field("Values, one a line").last().fill("EUR\nCHF");
  await button("Remove this condition").nth(1).click();
  await field("Sample body").fill('{"order": 1042, "currency": "EUR"}');
  await tried.getByText("Would be skipped").waitFor();
  await field("Sample body").fill('{"order": 4711, "total": 12.50, "currency": "EUR"}');
  await tried.getByText("Would be sent").waitFor();
  const transform = '{\n  "id": "A-" & order,\n  "total": total,\n  "status": "new"\n}';
  await field("What is sent").fill(transform.replace('"A-" & order', "order & ("));
  await tried.getByText("The transform's expression fails").waitFor();
  await top(page.getByRole("heading", { name: "Try it on a sample" }));
  await screen("trial-fault");
  await field("What is sent").fill(transform);
  await tried.getByText('"A-4711"').waitFor();
  await top(page.getByRole("heading", { name: "Try it on a sample" }));
  await screen("trial");
  await top(summary);
  await screen("filter-and-transform");
  await button("Try").click();
  await tried.getByText("Would be sent").waitFor();
  await assertSame();
}

async function test() {
  await button("Send a test").click();
  await field("Body").fill('{"order": 4711, "total": 12.50, "currency": "EUR"}');
  await button("Send").click();
  await page.getByText("Succeeded").waitFor();
  await screen("test");
}

async function watch() {
  await page.locator(".crumbs").getByRole("link", { name: "Orders to ERP" }).click();
  await page.locator(".chart").first().waitFor();
  await mark();
  const path = new URL(page.url()).pathname;
  const event = await trigger(path, { order: 4712, total: 12.5, currency: "CHF" });
  const row = page.getByRole("row").filter({ has: link(event) });
  await row.getByText("In progress").waitFor();
  await row.getByText("Succeeded").waitFor();
  await assertSame();
  const current = (name) => page.locator(".charts a[aria-current]", { hasText: name });
  for (const range of ["7 days", "1 hour", "24 hours"]) {
    await link(range).click();
    await current(range).waitFor();
  }
  await assertSame();
  await screen("webhook-live");
  await link(event).click();
  const [sent, came] = [page.locator("section[aria-labelledby=sent-title]"), page.locator("section[aria-labelledby=body-title]")];
  await sent.getByText('"A-4712"').waitFor();
  await came.getByText("4712").waitFor();
  await button("Replay through today’s filter and transform").waitFor();
  await sent.evaluate((element) => element.scrollIntoView({ behavior: "instant" }));
  await screen("event-bodies");
  const skipped = await trigger(path, { order: 17, total: 1, currency: "EUR" });
  await page.goto(`${path}/events/${skipped}?new=1`);
  await page.getByText("Not sent: the filter").waitFor();
  await screen("event-skipped");
  await link("Edit the webhook, and try it on this body").click();
  await button("Try").click();
  await page.locator("#tried").getByText("Would be skipped").waitFor();
  await link("Orders to ERP").click();
  return path;
}

async function breakAndMend(path) {
  await link("Edit").click();
  await field("URL").fill(bad);
  await screen("edit-webhook");
  await button("Save changes").click();
  await page.getByText("The changes are saved.").waitFor();
  const event = await trigger(path, { order: 4713, total: 12.5, currency: "CHF" });
  await page.getByRole("row").filter({ has: link(event) }).getByText("Failed").waitFor();
  await link(event).click();
  await page.getByText("There is nothing at this URL").waitFor();
  await screen("event-failed");

  await link("Orders to ERP").click();
  await link("Edit").click();
  assert.equal(await field("Password").getAttribute("placeholder"), "kept — type to replace");
  await field("URL").fill(good);
  // Enter saves, although another button comes first in the form.
  await page.keyboard.press("Enter");
  await page.getByText("The changes are saved.").waitFor();
  await page.getByRole("searchbox").fill("order-4711");
  await button("Find").click();
  await link(event).click();
  await button("Replay").click();
  await mark();
  await page.locator("h1").getByText("Succeeded").waitFor();
  await assertSame();
  await screen("event");
}

async function rotate(path, before) {
  await page.goto(path);
  await link("Rotate").click();
  await screen("rotate-secret");
  await button("Rotate the secret").click();
  const after = await page.getByText(/^whsec_/).textContent();
  assert.notEqual(after, before);
  await stored();
  await page.getByText("also signs until").waitFor();
}

// A page that is left open shows that the receiver takes events again.
async function recover() {
  await page.goto("/?q=returns");
  await page.getByText("Failing", { exact: true }).last().waitFor();
  await link("Returns").click();
  await page.getByText("The receiver takes no events.").waitFor();
  await page.getByText("2 events wait for the receiver").waitFor();
  await screen("receiver-failing");
  await mark();
  const id = new URL(page.url()).pathname.split("/").pop();
  const answer = await fetch(`${base}/webhook/${id}/test`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  await page.getByText("The receiver takes events again").waitFor();
  await page.locator("h1").getByText("Healthy").waitFor();
  await page.locator("#lane").getByText("wait").waitFor({ state: "detached" });
  await assertSame();
  await screen("receiver-recovered");
  await button("Disable").click();
  await page.getByText("The webhook is disabled").waitFor();
  await button("Enable").click();
  await link("what was skipped").click();
  await page.getByText("There is nothing to send.").waitFor();
  await screen("recover-since");
}

// The search over all webhooks, whose address can be passed on.
async function search() {
  await link("Events").click();
  await page.locator(".chart").first().waitFor();
  await screen("events");
  await field("Correlation id").fill("order-4711");
  await field("Status", { exact: true }).selectOption("recovered");
  await page.keyboard.press("Enter");
  await page.waitForURL(/correlation_id=order-4711/);
  const found = page.locator(".events tbody tr");
  await found.first().waitFor();
  await found.first().getByRole("link", { name: "Orders to ERP" }).waitFor();
  await screen("events-found");
  const address = page.url();
  await field("Status code or reason").fill("abc");
  await button("Find").click();
  await page.getByText("Must be a status code like 503").waitFor();
  assert.match(complaints.pop(), /422/);
  await screen("events-wrong");
  await page.goto(address);
  await found.first().locator(".row-link").click();
  await page.locator("h1").getByText("Recovered").waitFor();
}

async function others(path) {
  // What failed has recovered.
  await link("Replay what was missed").click();
  await page.getByText("There is nothing to send.").waitFor();
  assert.ok(await button("Replay them").isDisabled());
  await page.goto("/?q=warehouse");
  await link("Warehouse").click();
  await link("Replay what was missed").click();
  await page.getByText(/\d events will be sent/).waitFor();
  await screen("recover");
  await button("Replay them").click();
  await page.locator("h1").getByText("Done").waitFor();
  await screen("replayed");
  await page.goto(path);
  await link("Delete this webhook").click();
  await screen("delete-webhook");
}

// Clears a secret that is shown once, and waits for the page that follows.
async function stored() {
  await button("I have stored it").click();
  await button("I have stored it").waitFor({ state: "detached" });
  await page.waitForLoadState();
}

async function tokens() {
  await link("API tokens").click();
  await field("Name").fill("CI of the shop");
  await field("trigger").check();
  await button("Create token").click();
  await button("I have stored it").waitFor();
  await page.waitForLoadState();
  await screen("token-created");
  await stored();
  await screen("tokens");
  await page.getByRole("row").filter({ hasText: "CI of the shop" }).getByRole("link", { name: /^Revoke/ }).click();
  await button("Revoke the token").click();
  await page.getByText("The token is revoked.").waitFor();
}

async function audit() {
  await link("Audit log").click();
  await page.getByText("Revoked the token").first().waitFor();
  await screen("audit");
  await field("Id of a webhook, event, token or session").fill("0190a000-0000-7000-8000-00000000000f");
  await button("Search").click();
  await page.getByText("No entries").waitFor();
  await link("Show all").click();
  await page.getByText("Signed in").first().waitFor();
}

// Forms and links are enough, except for what updates itself.
async function withoutScript(path) {
  const page = await scriptless.newPage();
  await page.goto(path);
  await page.getByLabel("API token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal(new URL(page.url()).pathname, path);
  await page.getByRole("link", { name: "Succeeded" }).first().click();
  await page.getByLabel("Period", { exact: true }).selectOption("1h");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.locator(".chart").first().waitFor();
  await page.locator(".events .row-link").first().click();
  await page.getByRole("heading", { name: "Attempt 1" }).waitFor();
  await page.getByRole("link", { name: "← Previous event" }).click();
  await page.goBack();
  await page.goto("/console/events");
  await page.getByLabel("Status", { exact: true }).selectOption("succeeded");
  await page.getByLabel("Text in the body").fill("4712");
  await page.getByRole("button", { name: "Find" }).click();
  await page.locator(".events .row-link").first().click();
  await page.getByRole("heading", { name: "Attempt 1" }).waitFor();
  await page.goto(`${path}/edit`);
  await page.getByLabel("Sample body").fill('{"order": 4999, "currency": "CHF"}');
  await page.getByRole("button", { name: "Try" }).click();
  await page.locator("#tried").getByText('"A-4999"').waitFor();
  // Scrolling may be animated.
  await page.waitForFunction(() => scrollY > 0);
}

// An open page reports that the user signed out elsewhere, and stops polling.
async function signOut(path) {
  await page.goto(path);
  const other = await page.context().newPage();
  await other.goto("/");
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByText("You are signed out.").waitFor();
}

try {
  await signIn();
  const secret = await create();
  await test();
  const path = await watch();
  await breakAndMend(path);
  await search();
  await rotate(path, secret);
  await others(path);
  await recover();
  await tokens();
  await audit();
  await withoutScript(path);
  await signOut(path);
  assert.deepEqual(complaints, []);
} catch (error) {
  console.error(`at ${page.url()}\n${complaints.join("\n")}`);
  throw error;
} finally {
  await browser.close();
}
