// A picture of a page that a server keeps up to date: such a page is never idle, so it is taken once a text is there.
//
//   node docs/images/live.mjs ADDRESS WIDTH,HEIGHT TEXT FILE
import { launch } from "../../web/test/browser.mjs";

const [address, size, text, file] = process.argv.slice(2);
const [width, height] = size.split(",").map(Number);
// In the letters of this machine, as the other pictures; the tests have letters of their own.
process.env.FONTCONFIG_FILE ??= "/etc/fonts/fonts.conf";
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.getByText(text).first().waitFor();
  await page.screenshot({ path: file });
} finally {
  await browser.close();
}
