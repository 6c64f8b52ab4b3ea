// Two hundred texts that try to act, in every place where a text can stand: nothing acts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { FOLDER, PAGES, go, launch, opened, report } from "./browser.mjs";

const PLACES = [...PAGES, "search?show=candidates", "search?show=refused", "search?show=comparisons", "prompts?view=text", "prompts?view=both", "cases?view=diff", "cases?blind=yes", "inputs?view=diff", "inputs?outcome=lost"];
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Open, hover and press everything, and tell whether anything happened that no text may do. */
async function provoked(page) {
  return page.evaluate(async () => {
    const title = document.title;
    const does = ["pointerover", "mouseover", "mouseenter", "mousedown", "focus", "focusin", "keydown", "toggle"];
    // Twice, since what is folded is made when it is opened.
    for (const turn of [1, 2]) {
      for (const one of document.querySelectorAll("body *")) {
        if (one.tagName === "DETAILS") one.open = true;
        if (turn === 2) for (const name of does) one.dispatchEvent(new MouseEvent(name, { bubbles: true, cancelable: true }));
      }
      await new Promise((done) => setTimeout(done, 60));
    }
    return {
      acted: window.acted ?? null,
      marked: document.querySelectorAll("[data-acted]").length,
      foreign: document.querySelectorAll("body :is(script:not(#maspo-document):not(body > script), img, iframe, object, embed, link, base, meta, video, audio, style, template, math, textarea, animate, use)").length,
      handlers: [...document.querySelectorAll("body *")].filter((one) => [...one.attributes].some((attribute) => /^on/i.test(attribute.name))).length,
      script: [...document.querySelectorAll("a[href], use, form")].filter((one) => !(one.getAttribute("href") ?? "").startsWith("#") && one.tagName !== "FORM").length,
      title: document.title === title,
    };
  });
}

const HARMLESS = { acted: null, marked: 0, foreign: 0, handlers: 0, script: 0, title: true };

test("the same texts act where nothing stops them", async () => {
  const { page, close } = await opened(browser);
  const found = JSON.parse(readFileSync(`${FOLDER}/hostile0.json`, "utf8"));
  let acted = 0;
  for (const row of found.inputs.slice(0, 20)) {
    await page.setContent(`<!doctype html><body>${row.input}`, { waitUntil: "domcontentloaded", timeout: 5000 }).catch(() => undefined);
    await page.waitForTimeout(30);
    acted += Number(await page.evaluate(() => window.acted !== undefined || document.querySelector("img, iframe, object, embed, script") !== null).catch(() => true));
  }
  assert.ok(acted >= 8, `the test could not see an action (${acted})`);
  await close();
});

for (const number of [0, 1, 2, 3]) {
  test(`no text acts, with the policy and without it (${number})`, async () => {
    for (const bare of [false, true]) {
      const { page, wrong, close } = await opened(browser);
      if (bare) {
        const text = readFileSync(`${FOLDER}/hostile${number}.html`, "utf8").replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
        await page.route("**/bare.html*", (route) => route.fulfill({ contentType: "text/html", body: text }));
        await page.goto("http://127.0.0.1:9/bare.html");
      } else {
        await page.goto(report(`hostile${number}`));
      }
      assert.ok((await page.locator("main *").count()) > 30, "the page is there");
      for (const place of PLACES) {
        await go(page, place);
        assert.deepEqual(await provoked(page), HARMLESS, place);
      }
      await go(page, "overview");
      assert.equal(await page.evaluate(() => location.pathname.endsWith(".html")), true);
      assert.deepEqual(wrong.filter((one) => !one.includes("favicon")), []);
      await close();
    }
  });
}

test("no text of an evaluation, a judge check, a comparison or an arena acts", async () => {
  const { page, wrong, close } = await opened(browser);
  await page.goto(report("hostile_sheet"));
  assert.ok((await page.locator("main *").count()) > 100, "the page is there");
  assert.deepEqual(await provoked(page), HARMLESS);
  assert.deepEqual(wrong, []);
  await close();
});
