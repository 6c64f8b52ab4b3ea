// A picture of a page that a server keeps up to date: such a page is never idle, so it is taken once a text is there.
//
//   node docs/images/live.mjs ADDRESS WIDTH,HEIGHT TEXT FILE
import { launch } from "../../web/test/browser.mjs";

const [address, size, text, file] = process.argv.slice(2);
const [width, height] = size.split(",").map(Number);
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.getByText(text).first().waitFor();
  await page.screenshot({ path: file });
} finally {
  await browser.close();
}
