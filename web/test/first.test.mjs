// What lies in a page as text is painted before its script runs: it says what the page says then, and nothing moves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, opened, report } from "./browser.mjs";

const RUNS = ["empty", "running", "interrupted", "finished", "failed", "held", "awaiting", "agents300", "calls50000", "demo", "hostile0"];
const SHEETS = ["evaluation", "judgecheck", "comparison", "arena", "stress", "structure", "watch", "joint", "joint_cut", "hostile_sheet"];
/** Pixels: one text laid out twice may differ by fractions of one, and nobody sees less than half. */
const UNSEEN = 0.5;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Every piece of text: what it says, where it stands, what it is set in and where its link leads. */
function texts() {
  const found = [];
  for (const one of document.querySelectorAll("#app :is(.brand > *, nav a, h1, h2, h3, p, figcaption, dt, dd)")) {
    if (!one.checkVisibility({ visibilityProperty: true }) || one.textContent === "") continue;
    const { left, top, width, height } = one.getBoundingClientRect();
    const style = getComputedStyle(one);
    const links = [...(one.closest("a") ? [one.closest("a")] : one.querySelectorAll("a"))].map((link) => link.getAttribute("href"));
    found.push({ place: [left, top, width, height], told: [one.tagName, one.innerText.replace(/\s+/g, " ").trim(), style.font, style.color, ...links].join("\n") });
  }
  return found;
}

/** The texts of a page whose script never runs, and of the page that it becomes. */
async function both(name, width) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, javaScriptEnabled: false });
  const still = await context.newPage();
  await still.goto(report(name));
  const painted = await still.evaluate(texts);
  await context.close();
  const { page, close } = await opened(browser, { width });
  await page.goto(report(name));
  const shown = await page.evaluate(texts);
  await close();
  return { painted, shown };
}

for (const width of [1280, 360]) {
  for (const name of [...RUNS, ...SHEETS]) {
    test(`${name} at ${width}: what is painted first is what the page says, and stays where it is`, async () => {
      const { painted, shown } = await both(name, width);
      assert.ok(painted.length >= 4, "there is something to read before the script");
      for (const { place, told } of painted) {
        const places = shown.filter((one) => one.told === told).map((one) => one.place);
        const stays = places.some((one) => one.every((value, side) => Math.abs(value - place[side]) < UNSEEN));
        assert.ok(stays, `${told}\nis painted at ${place.join(" ")} first, and then at ${places.map((one) => one.join(" ")).join(" or ") || "no place"}`);
      }
    });
  }
}

test("who opens no script reads the verdict and ten answers", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(report("demo"));
  assert.match(await page.locator("h1").innerText(), /preferred by the judge/);
  const answers = await page.locator(".questions li p").allInnerTexts();
  assert.equal(answers.length, 10);
  assert.ok(answers.every((one) => one.trim() !== ""));
  await context.close();
});

test("a link to another page than the overview shows that page and nothing before it", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.seen = [];
    const look = () => {
      const title = document.querySelector("#app h1");
      if (title) window.seen.push([title.textContent, getComputedStyle(title).visibility]);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.goto(report("demo", "/inputs"));
  await page.locator(".tools:not(.later)").first().waitFor();
  await page.waitForTimeout(100);
  const seen = await page.evaluate(() => window.seen.filter(([, how]) => how === "visible").map(([what]) => what));
  assert.notEqual(seen.length, 0);
  assert.deepEqual([...new Set(seen)], ["Inputs"]);
  await context.close();
});
