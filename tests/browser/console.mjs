// A browser that reports console messages, accessibility violations, and content that does not fit on a
// phone.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

// The packages are in the target directory, not beside this file.
const require = createRequire(join(process.env.BROWSER_PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const DESKTOP = { width: 1200, height: 760 };
const PHONE = { width: 360, height: 720 };

export async function open(base) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  const context = await browser.newContext({ baseURL: base, viewport: DESKTOP });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  return { browser, context, page, complaints };
}

// Checks a screen in light mode, in dark mode and on a phone. Given a directory, also saves screenshots. The screen may be in a frame
// of the page, which then is as wide as the page.
export async function look(page, name, directory, frame = page) {
  const { scrollX, scrollY } = await page.evaluate(() => ({ scrollX, scrollY }));
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await frame.evaluate(axe);
    const { violations } = await frame.evaluate(() => globalThis.axe.run());
    const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    assert.deepEqual(grave.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `${name} in ${colorScheme}`);
    if (directory) await page.screenshot({ path: join(directory, `${name}-${colorScheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(PHONE);
  const tooWide = await frame.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(tooWide, 0, `${name} is wider than a phone`);
  await page.setViewportSize(DESKTOP);
  await page.evaluate(({ scrollX, scrollY }) => scrollTo(scrollX, scrollY), { scrollX, scrollY });
}
