// First render of pages side by side in one Chromium: ours, MLflow's, GEPA's.
//
//   node benchmarks/pages/first_render.mjs FOLDER REPORT.html,REPORT.html,… [REPEATS] [VIZ]
//
// FOLDER is what log_rivals.py wrote, with MLflow's server running on 127.0.0.1:5077:
//   rivals/bin/mlflow server --host 127.0.0.1 --port 5077 --backend-store-uri sqlite:///FOLDER/mlflow.db
// VIZ is a copy of the module that GEPA's page takes from a network (npm @viz-js/viz, dist/viz.js). Without
// FOLDER/mlflow.json MLflow is left out.
//
// "painted" is First Contentful Paint: of ours with the verdict, of theirs with an empty frame. "shown" is the frame after
// what the page is for is there (a selector for each), "settled" the last change before 400 ms without any; ours is then
// the page whose keys and filters answer. "processor" is the time that the threads of the page's own process have used until
// it is shown: nearly the same on a busy machine (the least of all repeats, of a second load that is traced). Each repeat is a fresh context without a cache; pages take turns,
// so that a busy machine is busy for all of them.
import { existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { createRequire } from "node:module";
import { basename } from "node:path";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");
const [folder, report, repeats = "5", viz] = process.argv.slice(2);
const known = existsSync(`${folder}/mlflow.json`) ? JSON.parse(readFileSync(`${folder}/mlflow.json`, "utf8")) : null;
const at = "http://127.0.0.1:5077/#/experiments";
const PAGES = [
  ...report.split(",").map((one) => [`ours, ${basename(one)}`, `file://${one}`, ".questions li"]),
  ...(known ? [["MLflow, page of the run", `${at}/${known.experiment}/runs/${known.run}`, "text=setting_29"], ["MLflow, its traces", `${at}/${known.experiment}/traces`, "text=input"]] : []),
  ...[60, 140].map((size) => [`GEPA, tree of ${size} candidates`, `file://${folder}/gepa${size}.html`, "svg .node"]),
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
const found = new Map(PAGES.map(([name]) => [name, { painted: [], shown: [], settled: [], processor: [] }]));
const load = loadavg()[0];

/** A fresh page that notes the frame in which what it is for is there, and every later change. */
async function fresh(sign) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.route(/^https?:\/\/(?!127\.0\.0\.1)/, (route) => (viz && /viz/.test(route.request().url()) ? route.fulfill({ path: viz, contentType: "text/javascript", headers: { "Access-Control-Allow-Origin": "*" } }) : route.abort()));
  await page.addInitScript((wanted) => {
    window.lastChange = 0;
    window.shown = 0;
    const there = () => (wanted.startsWith("text=") ? document.body?.innerText.includes(wanted.slice(5)) : document.querySelector(wanted) !== null);
    new MutationObserver(() => {
      window.lastChange = performance.now();
      if (window.shown || !there()) return;
      window.shown = window.lastChange;
      requestAnimationFrame(() => setTimeout(() => { performance.mark("shown"); window.shown = performance.now(); }));
    }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  }, sign);
  return page;
}

async function settled(page, address, sign) {
  await page.goto(address, { waitUntil: "commit" });
  const there = await page.locator(sign).first().waitFor({ timeout: 60_000 }).then(() => true, () => false);
  await page.waitForFunction(() => performance.now() - window.lastChange > 400, null, { timeout: 60_000, polling: 50 }).catch(() => undefined);
  return there;
}

/** Milliseconds of processor that the tasks of the page's process took until it was shown; null where that is not told. */
function worked(events) {
  const shown = events.find((one) => one.name === "shown" && one.cat.includes("user_timing"));
  const begun = shown && events.findLast((one) => one.name === "navigationStart" && one.pid === shown.pid && one.ts < shown.ts);
  if (!begun) return null;
  const tasks = events.filter((one) => one.pid === shown.pid && one.ph === "X" && /RunTask$/.test(one.name) && one.ts >= begun.ts && one.ts < shown.ts);
  return tasks.reduce((sum, one) => sum + (one.tdur ?? 0), 0) / 1000;
}

for (let turn = 0; turn < Number(repeats); turn++) {
  for (const [name, address, sign] of PAGES) {
    const page = await fresh(sign);
    const there = await settled(page, address, sign);
    const [painted, shown, last] = await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null, window.shown || null, window.lastChange]);
    if (!there) console.error(`${name}: ${sign} did not come; ${(await page.innerText("body")).slice(0, 300)}`);
    if (process.env.SHOTS && turn === 0) await page.screenshot({ path: `${process.env.SHOTS}/${name.replace(/\W+/g, "-")}.png` });
    const of = found.get(name);
    of.painted.push(painted);
    of.shown.push(there ? shown : null);
    of.settled.push(there ? last : null);
    await page.context().close();
    const traced = await fresh(sign);
    await browser.startTracing(traced, { categories: ["toplevel", "blink.user_timing"] });
    await settled(traced, address, sign);
    of.processor.push(worked(JSON.parse((await browser.stopTracing()).toString()).traceEvents));
    await traced.context().close();
  }
}
await browser.close();

const median = (values) => [...values].filter((one) => one !== null).sort((a, b) => a - b)[Math.floor(values.filter((one) => one !== null).length / 2)];
console.log(`load before ${load.toFixed(1)}, after ${loadavg()[0].toFixed(1)}; ${repeats} repeats; MLflow ${known?.mlflow ?? "left out"}; medians in ms (all)`);
for (const [name, times] of found) {
  const all = (values) => values.map((one) => (one === null ? "never" : Math.round(one))).join(" ");
  const told = ["painted", "shown", "settled"].map((kind) => `${kind} ${Math.round(median(times[kind]) ?? NaN)} (${all(times[kind])})`);
  console.log(`${name}: ${told.join(", ")}, processor until shown ${Math.min(...times.processor.filter((one) => one !== null)).toFixed(1)}`);
}
