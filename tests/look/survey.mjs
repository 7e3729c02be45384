// Looks at the survey page in a browser: four languages, a phone's and a desktop's width, every state of the page.
// `cargo xtask look` runs it against a running `up`; screenshots go to the folder it is given.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const [info, modules, shots, browser] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), "package.json"));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const up = JSON.parse(fs.readFileSync(info, "utf8"));
const token = up.desks.school.agent_token;
const widths = { phone: { width: 320, height: 568 }, desktop: { width: 1280, height: 800 } };
const failures = [];

const call = async (method, at, body) => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${up.base_url}/api/school/${at}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

/** The link that somebody gets who speaks a language. */
const link = async (locale) => {
  const address = `1555${Date.now()}${Math.floor(Math.random() * 1000)}`.slice(0, 15);
  const contact = { address, kind: "phone", name: "Look", locale };
  const ticket = await call("POST", "tickets", { channel: "whatsapp", contact, subject: "look" });
  await call("POST", `tickets/${ticket.id}/status`, { status: "solved" });
  for (let n = 0; n < 100; n++) {
    const requests = await (await fetch(`${up.stand_in}/requests`)).json();
    const sent = requests.find((request) => request.body.includes(address) && request.body.includes("/s/"));
    if (sent) return up.base_url + sent.body.match(/\/s\/[A-Za-z0-9._-]+/)[0];
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`no link for ${locale}`);
};

/** Holds what is shown against the rules of accessibility and the width of the screen. */
const look = async (page, name) => {
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
  // The page's own policy lets no script run; this one is put in past it.
  const found = await page.evaluate(async (source) => {
    (0, eval)(source);
    const { violations } = await window.axe.run();
    const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
    return { violations: violations.map((v) => `${v.id}: ${v.help}`), wide, lang: document.documentElement.lang };
  }, axe);
  if (found.wide) failures.push(`${name}: wider than the screen`);
  failures.push(...found.violations.map((violation) => `${name}: ${violation}`));
  console.log(`${name}: ${found.lang}, ${found.violations.length} violations`);
};

fs.mkdirSync(shots, { recursive: true });
const chrome = await chromium.launch({ executablePath: browser, args: ["--no-sandbox"] });
for (const locale of ["en", "es", "fr", "ru"]) {
  for (const [width, viewport] of Object.entries(widths)) {
    const url = await link(locale);
    const context = await chrome.newContext({ viewport, locale, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(url);
    await look(page, `${locale}-${width}-form`);
    if (locale === "en") {
      await page.evaluate(() => (document.documentElement.dir = "rtl"));
      await look(page, `rtl-${width}-form`);
      await page.goto(url);
    }
    await page.evaluate(() => document.querySelectorAll("[required]").forEach((each) => (each.required = false)));
    await page.click("form >> nth=0 >> button");
    await look(page, `${locale}-${width}-refused`);
    await page.check("input[value='2']");
    await page.click("form >> nth=0 >> button");
    await look(page, `${locale}-${width}-thanks`);
    await page.fill("textarea", "…");
    await page.click("button");
    await look(page, `${locale}-${width}-done`);
    await page.goto(`${url}x`);
    await look(page, `${locale}-${width}-unknown`);
    await page.goto(url);
    await page.click(".o button");
    await look(page, `${locale}-${width}-declined`);
    await context.close();
  }
  const url = await link(locale);
  // As a browser without scripts sees it, by keyboard alone.
  const context = await chrome.newContext({ viewport: widths.phone, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${url}?score=4`);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=status]").catch(() => failures.push(`${locale}: cannot be used by keyboard`));
  await context.close();
}
await chrome.close();
if (fs.readdirSync(shots).length < 4 * 2 * 6) failures.push("states are missing");
failures.forEach((failure) => console.error(`✗ ${failure}`));
process.exit(failures.length ? 1 : 0);
