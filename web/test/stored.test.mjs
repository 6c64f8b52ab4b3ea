// What every page shows is compared with what is stored, and its geometry with what must hold on any machine.
//
// Stored is the page as assistive technology is told it: every heading, text, link, button, cell and its order. Where
// things stand is tested by rules that hold with any font: nothing is cut off, no label lies on another, every control is
// large enough. What pages look like is compared in pictures.mjs.
//
//   RENEW=1 node --test test/stored.test.mjs     writes web/test/stored again; look at the difference before you commit it
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { PAGES, go, lasting, launch, opened, report, settled } from "./browser.mjs";

const STATES = ["empty", "running", "held", "awaiting", "interrupted", "finished", "failed"];
const SHEETS = ["evaluation", "judgecheck", "comparison", "arena", "stress", "structure", "watch", "joint", "joint_cut"];
const STORED = new URL("stored/", import.meta.url);
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

function compare(name, text) {
  const file = new URL(`${name}.yml`, STORED);
  if (process.env.RENEW) {
    mkdirSync(STORED, { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.equal(text, readFileSync(file, "utf8"), `${name}: the page shows something else than web/test/stored/${name}.yml`);
}

for (const state of STATES) {
  test(`${state}: every page shows what is stored`, async () => {
    const { page, close } = await opened(browser);
    await page.goto(report(state));
    const parts = [];
    for (const name of PAGES) {
      await go(page, name);
      parts.push(`# ${name}\n${await page.locator("main").ariaSnapshot()}\n`);
    }
    compare(state, parts.join("\n"));
    await close();
  });
}

for (const name of SHEETS) {
  test(`${name}: the page shows what is stored`, async () => {
    const { page, close } = await opened(browser);
    await page.goto(report(name));
    await settled(page);
    compare(name, lasting(`${await page.locator("main").ariaSnapshot()}\n`));
    await close();
  });
}

/** What is wrong with where things stand, in words. */
function misplaced() {
  const found = [];
  const told = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ${JSON.stringify(element.textContent.trim().slice(0, 40))}`;
  const seen = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && element.closest(".unseen, .skip, title, dialog:not([open])") === null;
  const scrolls = ".scroll, .graph, .pages, .list";
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  for (const element of document.querySelectorAll("body *")) {
    if (!own(element) || !seen(element)) continue;
    // Its own words: what only a screen reader is told takes no room.
    const words = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const range = document.createRange();
    range.setStartBefore(words[0]);
    range.setEndAfter(words.at(-1));
    const text = range.getBoundingClientRect();
    if (text.width === 0) continue;
    const drawing = element.ownerSVGElement;
    if (drawing) {
      const frame = drawing.getBoundingClientRect();
      if (text.left < frame.left - 1 || text.right > frame.right + 1 || text.top < frame.top - 1 || text.bottom > frame.bottom + 1) found.push(`leaves its drawing: ${told(element)}`);
      continue;
    }
    if (element.closest(scrolls)) continue;
    if (text.left < -1 || text.right > innerWidth + 1) found.push(`leaves the screen: ${told(element)}`);
    for (let box = element; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.overflowX === "visible" && style.textOverflow === "clip") continue;
      if (style.overflowX !== "visible" && text.right > box.getBoundingClientRect().right + 1) found.push(`is cut off: ${told(element)}`);
    }
  }
  for (const drawing of document.querySelectorAll("svg")) {
    const labels = [...drawing.querySelectorAll("text")].filter(seen).map((element) => [element, element.getBoundingClientRect()]);
    for (const [place, [one, a]] of labels.entries()) {
      for (const [other, b] of labels.slice(place + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 2 && down > 3) found.push(`lie on one another: ${told(one)} and ${told(other)}`);
      }
    }
  }
  // WCAG 2.2, 2.5.8: 24 by 24 pixels, or that much room around it; links within sentences and drawings with a table are free.
  const controls = [...document.querySelectorAll("button, select, input, summary, nav a, .choices a, .button, [data-item]")].filter(seen);
  const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
  for (const one of controls) {
    const box = one.getBoundingClientRect();
    if (box.width >= 24 && box.height >= 24) continue;
    const [x, y] = middle(box);
    const near = controls.find((other) => {
      if (other === one) return false;
      const [left, top] = middle(other.getBoundingClientRect());
      return Math.hypot(left - x, top - y) < 24;
    });
    if (near) found.push(`is too small and too near: ${told(one)} (${Math.round(box.width)} by ${Math.round(box.height)}), beside ${told(near)}`);
  }
  return [...new Set(found)].slice(0, 12);
}

for (const width of [360, 768, 1280, 3840]) {
  test(`at ${width} pixels nothing is cut off, laid on another, or too small to hit`, async () => {
    const { page, close } = await opened(browser, { width });
    for (const state of ["finished", "failed", "awaiting", "demo"]) {
      await page.goto(report(state));
      for (const name of [...PAGES, "search?show=candidates", "search?show=comparisons", "prompts?view=both", "cases?blind=yes"]) {
        await go(page, name);
        assert.deepEqual(await page.evaluate(misplaced), [], `${state} ${name} at ${width}`);
      }
    }
    for (const name of SHEETS) {
      await page.goto(report(name));
      await settled(page);
      assert.deepEqual(await page.evaluate(misplaced), [], `${name} at ${width}`);
    }
    await close();
  });
}

test("whatever takes the keyboard shows it", async () => {
  for (const theme of ["light", "dark"]) {
    const { page, close } = await opened(browser, { theme });
    for (const name of ["overview", "search", "prompts", "cases?blind=yes", "inputs", "cost"]) {
      await page.goto(report("demo", name));
      await settled(page);
      for (let n = 0; n < 30; n++) {
        await page.keyboard.press("Tab");
        const found = await page.evaluate(() => {
          const one = document.activeElement;
          if (one === null || one === document.body) return null;
          const style = getComputedStyle(one);
          const box = one.getBoundingClientRect();
          return { what: one.outerHTML.slice(0, 120), ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, there: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth };
        });
        if (found === null) break;
        assert.ok(found.ring, `${name}: no ring around ${found.what}`);
        assert.ok(found.there, `${name}: the focus is out of sight on ${found.what}`);
      }
    }
    await close();
  }
});

test("in the reader's own colours all is seen, and what is open is told apart", async () => {
  const { page, close } = await opened(browser);
  await page.emulateMedia({ forcedColors: "active" });
  for (const [state, places] of [["demo", PAGES], ["stress", [""]], ["watch", [""]], ["joint", [""]]]) {
    await page.goto(report(state));
    await settled(page);
    for (const place of places) {
      if (place) await go(page, place);
      const found = await page.evaluate(() => {
        const probe = document.body.appendChild(document.createElement("i"));
        const of = (name) => { probe.style.color = name; return getComputedStyle(probe).color; };
        const theirs = ["CanvasText", "Canvas", "GrayText", "Highlight", "HighlightText", "LinkText", "ButtonText"].map(of);
        probe.remove();
        const foreign = [...document.querySelectorAll("main svg :is(path, rect, circle, line, text, polygon)")].flatMap((one) => {
          const { fill, stroke } = getComputedStyle(one);
          return [fill, stroke].filter((colour) => colour.startsWith("rgb") && !theirs.includes(colour) && !/, 0\)$/.test(colour)).map((colour) => `${colour}: ${one.outerHTML.slice(0, 80)}`);
        });
        const current = document.querySelector(".pages a[aria-current]");
        const other = document.querySelector(".pages a:not([aria-current])");
        const apart = !current || !other || getComputedStyle(current).backgroundColor !== getComputedStyle(other).backgroundColor;
        return { foreign: foreign.slice(0, 4), apart };
      });
      assert.deepEqual(found, { foreign: [], apart: true }, `${state} ${place}`);
    }
  }
  await close();
});

test("printed, the page is dark on white in either theme and without what is for hands", async () => {
  for (const theme of ["light", "dark"]) {
    const { page, close } = await opened(browser, { theme });
    await page.emulateMedia({ media: "print", colorScheme: theme });
    for (const name of [...PAGES, "search?show=candidates"]) {
      await page.goto(report("finished", name));
      await settled(page);
      const found = await page.evaluate(() => {
        const light = (colour) => {
          const [r, g, b] = colour.match(/[\d.]+/g).map((part) => (Number(part) / 255 <= 0.04045 ? Number(part) / 255 / 12.92 : ((Number(part) / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const shown = (element) => element.checkVisibility();
        const pale = [...document.querySelectorAll("main *")].filter((one) => shown(one) && [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))
          .filter((one) => { const style = getComputedStyle(one); return 1.05 / (light(one.ownerSVGElement ? style.fill : style.color) + 0.05) < 4.5 && !one.closest(".choices"); });
        const hands = [...document.querySelectorAll(".pages, .tools, button:not(thead button), .filter, .choices, summary")].filter((one) => shown(one) && !one.closest("details[open]"));
        return [...pale.map((one) => `pale: ${one.outerHTML.slice(0, 80)}`), ...hands.map((one) => `for hands: ${one.outerHTML.slice(0, 80)}`)].slice(0, 5);
      });
      assert.deepEqual(found, [], `${name} ${theme}`);
    }
    await close();
  }
});

// 718 pixels are the width of A4 between the margins of a browser.
test("a report that is printed holds every section, and every table with the names of its columns", async () => {
  const { page, close } = await opened(browser, { theme: "dark", width: 718 });
  for (const [name, places] of [["demo", PAGES], ["stress", [""]], ["watch", [""]], ["comparison", [""]], ["arena", [""]]]) {
    await page.goto(report(name));
    await settled(page);
    for (const place of places) {
      if (place) await go(page, place);
      await page.emulateMedia({ media: "screen" });
      const before = await page.evaluate(() => [...document.querySelectorAll("main :is(h1, h2, th)")].map((one) => one.textContent.trim()));
      await page.emulateMedia({ media: "print" });
      const found = await page.evaluate(() => ({
        told: [...document.querySelectorAll("main :is(h1, h2, th)")].filter((one) => one.innerText.trim() || !one.textContent.trim()).map((one) => one.textContent.trim()),
        cut: [...document.querySelectorAll("main .scroll")].filter((one) => one.checkVisibility() && getComputedStyle(one).overflowX !== "visible").length,
        wide: [...document.querySelectorAll("main table")].filter((one) => one.getBoundingClientRect().right > document.querySelector("main").getBoundingClientRect().right + 2).map((one) => one.caption?.textContent),
      }));
      const list = await page.evaluate(() => [...document.querySelectorAll("main .list :is(h2, th), main details:not([open]) :is(h2, th)")].map((one) => one.textContent.trim()));
      assert.deepEqual(found.told, before.filter((one) => !list.includes(one)), `${name} ${place}`);
      assert.equal(found.cut, 0, `${name} ${place}: a table is cut off`);
      assert.deepEqual(found.wide, [], `${name} ${place}: wider than the paper`);
      const paper = await page.pdf({ format: "A4", printBackground: true });
      assert.equal(paper.subarray(0, 5).toString(), "%PDF-", `${name} ${place}`);
      assert.ok(paper.length > 10_000, `${name} ${place}: ${paper.length} bytes`);
    }
  }
  await close();
});
