// What the browser tests share: the pages, a browser, and what a page may not do.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { compared } from "./pictures.mjs";

export const FOLDER = process.env.PAGES_FOLDER ?? new URL("../built/pages", import.meta.url).pathname;
export const PAGES = ["overview", "team", "search", "prompts", "cases", "inputs", "judge", "cost", "influence", "log"];
const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export function launch() {
  // Without a sandbox only because the pages are our own and load nothing.
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS, env: { FONTCONFIG_FILE: fileURLToPath(new URL("fonts.conf", import.meta.url)), ...process.env } });
}

/** Open a page that collects what goes wrong on it. */
export async function opened(browser, { theme = "light", width = 1280, height = 900 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce", timezoneId: "UTC" });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000); // a machine with much else to do
  const goto = page.goto.bind(page);
  page.goto = async (address, options) => {
    const reply = await goto(address, options);
    // A report shows its outcome first, and becomes the page once that is painted.
    await page.waitForFunction(() => document.querySelector(".tools:not(.later)") !== null || document.getElementById("app") === null);
    return reply;
  };
  const wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => /^https?:/.test(request.url()) && !request.url().startsWith("http://127.0.0.1") && wrong.push(`asked for ${request.url()}`));
  return { page, wrong, close: () => context.close() };
}

export function report(name, hash = "") {
  return `file://${FOLDER}/${name}.html${hash ? `#${hash}` : ""}`;
}

/** Go to another place of the page that is open, as a link does. */
export async function go(page, hash) {
  await page.evaluate((target) => { location.hash = target; }, hash);
  await settled(page);
}

export async function settled(page) {
  // Long tables and large graphs grow after the first frame.
  await page.waitForFunction(() => (document.querySelector(".tools:not(.later)") !== null || document.getElementById("app") === null) && document.querySelector("[aria-busy=true]") === null);
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

const WCAG = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
/** What the theme decides; all else is the same in either. */
const COLOURS = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/** What axe finds against WCAG 2.2 A and AA, in words. */
export async function axe(page, rules = WCAG) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  return page.evaluate(async (runOnly) => {
    const found = await window.axe.run(document, { runOnly, resultTypes: ["violations"] });
    return found.violations.map((one) => `${one.id}: ${one.nodes.length} × ${one.nodes[0].html.slice(0, 160)} ${one.nodes[0].failureSummary?.slice(0, 300)}`);
  }, rules);
}

/** What is wrong with the page that is open, light and dark: what axe finds, and where it is unlike the stored pictures of that name, if it has any. */
export async function seen(page, name = "") {
  const found = [];
  for (const [colorScheme, rules] of [["dark", COLOURS], ["light", WCAG]]) {
    await page.emulateMedia({ colorScheme });
    await settled(page);
    found.push(...(await axe(page, rules)).map((one) => `${colorScheme}: ${one}`));
    if (name) found.push(...(await compared(page, `${name}-${colorScheme}`)));
  }
  return found;
}

/** What differs from one making of the pages to the next: ids of runs, times of work that was really done, what a folder had. */
const PASSING = [[/\brun [0-9a-f]{12}\b/g, "run ID"], [/\b\d+(\.\d+)? (ms|s|min)\b/g, "TIME"], [/\b\d+ h \d+ min\b/g, "TIME"], [/[\d,]+ answered from the record/g, "COUNT answered from the record"]];

export function lasting(text) {
  return PASSING.reduce((found, [what, word]) => found.replace(what, word), text);
}

/** In the page itself: tables that scroll sideways, by their names. */
export function sideways() {
  return [...document.querySelectorAll("main .scroll:not(.graph)")].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => `${one.getAttribute("aria-label")}: ${one.scrollWidth} in ${one.clientWidth}`);
}

/** Put words for what differs from one making to the next into the page itself, before its picture is taken; what a table draws anew gets them, too. */
export async function steady(page) {
  await page.evaluate((rules) => {
    const told = rules.map(([what, word]) => [new RegExp(what, "g"), word]);
    const main = document.querySelector("main");
    const put = () => {
      const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const lasting = told.reduce((found, [what, word]) => found.replace(what, word), texts.currentNode.data);
        if (lasting !== texts.currentNode.data) texts.currentNode.data = lasting;
      }
    };
    put();
    new MutationObserver(put).observe(main, { subtree: true, childList: true, characterData: true });
  }, PASSING.map(([what, word]) => [what.source, word]));
}
