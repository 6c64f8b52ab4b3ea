// Pages of evaluations, judge checks, comparisons and the arena: the same page with another document.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe, launch, opened, report, settled, steady } from "./browser.mjs";
import { compared, typeset } from "./pictures.mjs";

const SHEETS = ["evaluation", "judgecheck", "comparison", "arena", "stress", "structure", "watch", "joint", "joint_cut", "evaluation_empty", "evaluation_large"];
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

for (const name of SHEETS) {
  test(`${name}: nothing fails, nothing is too wide, everything can be reached`, async () => {
    for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 360], ["dark", 3840]]) {
      const { page, wrong, close } = await opened(browser, { theme, width });
      await page.goto(report(name));
      await typeset(page);
      await settled(page);
      await steady(page);
      const different = width === 1280 ? await compared(page, `sheets/${name}-${theme}`) : [];
      assert.notEqual((await page.textContent("main h1")).trim(), "");
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${name} at ${width}`);
      await page.evaluate(() => { for (const one of document.querySelectorAll("details")) one.open = true; });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${name} at ${width}, all of it open`);
      assert.deepEqual(await axe(page), [], `${name} ${theme} ${width}`);
      assert.deepEqual(wrong, []);
      assert.deepEqual(different, []);
      await close();
    }
  });
}

test("figures of a table sort as figures", async () => {
  const { page, close } = await opened(browser);
  await page.goto(report("evaluation_large"));
  const table = page.getByRole("region", { name: "Table: Many rows" });
  const first = () => table.locator("tbody tr").first().locator("td").first().innerText();
  await table.getByRole("button", { name: "Number" }).click();
  await settled(page);
  assert.equal(await first(), "499");
  await table.getByRole("button", { name: "Number" }).click();
  await settled(page);
  assert.equal(await first(), "0");
  await close();
});
