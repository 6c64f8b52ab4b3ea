// Pictures that are compared tell what is wrong: a fault that is planted is seen, light and dark.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { go, launch, opened, report, settled } from "./browser.mjs";
import { look, typeset, unlike } from "./pictures.mjs";

/** What goes wrong, on which page, and the style that makes it so. */
const FAULTS = [
  ["a section is gone", "overview", ".overview > section:nth-of-type(3) { display: none }"],
  ["the bar of the verdict is blank", "overview", ".proof svg * { visibility: hidden }"],
  ["a chart has no curve", "overview", ".chart svg path { display: none }"],
  ["good is as bad", "overview", ":root { --good: #9a3412 !important }"],
  ["lines lie on one another", "overview", "h1 { line-height: 0.4 !important }"],
  ["arrows are gone", "team", ".edge { display: none }"],
  ["bars are blank", "cost", ".share { visibility: hidden }"],
  ["intervals are gone", "search", ".lane .spread { display: none }"],
  ["the other theme stays", "search", ":root { --paper: light-dark(#161614, #fbfaf6) !important }"],
  ["raised is not told from sunk", "cases", ":root { --raised: var(--paper) !important; --sunk: var(--paper) !important }"],
  ["words that changed have no colour", "prompts", "ins, del { background: none !important; color: inherit !important }"],
  ["the pages lie on the page", "inputs", ".pages { position: absolute } .frame { display: block }"],
  ["a table is cut off", "log", "td, th { max-width: 4rem; overflow: hidden; white-space: nowrap }"],
  ["the open page is not marked", "log", ".pages a[aria-current] { background: none !important; border-left-color: transparent !important; font-weight: 400 !important }"],
];
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

for (const theme of ["light", "dark"]) {
  test(`${theme}: what goes wrong is seen, and what stays is taken for the same`, async () => {
    const { page, close } = await opened(browser, { theme });
    await page.goto(report("demo"));
    await typeset(page);
    const unseen = [];
    for (const [what, place, style] of FAULTS) {
      await go(page, place);
      const sound = await look(page);
      await page.evaluate((text) => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(text);
        document.adoptedStyleSheets.push(sheet);
      }, style);
      await settled(page);
      if (unlike(sound, await look(page)).same) unseen.push(what);
      await page.evaluate(() => document.adoptedStyleSheets.pop());
      await settled(page);
      if (!unlike(sound, await look(page)).same) unseen.push(`not the same without: ${what}`);
    }
    assert.deepEqual(unseen, []);
    await close();
  });
}
