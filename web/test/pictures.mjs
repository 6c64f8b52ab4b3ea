// What every page looks like is compared with what is stored: web/test/stored/pictures, a pixel for each 16 by 16 of the page.
//
// Fonts come with the test and hinting is off, so that lines break at the same words on any machine; how glyphs are smoothed
// is lost in so many pixels. What may differ, and what may not, was measured: docs/design/0071-pictures-compared.md.
//
//   RENEW=1 npm test         stores what differs; look at it before you commit it
//   SHOTS=FOLDER npm test    keeps every page in full
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

const STORED = new URL("stored/pictures/", import.meta.url);
/** Where the page, what was expected of it and the difference are kept when they differ. */
const DIFFERENT = new URL("../built/pictures/", import.meta.url);
/** Pictures are taken at half their size: whoever looks at one can read it, and it takes a third of the time. */
const SCALE = 0.5;
/** Pixels of such a picture, across and down, that one stored pixel is the mean of: 16 of the page. */
const CELL = 8;
/** Stored means are multiples of it, which halves the files. */
const STEP = 4;
/** So much of a long page, in pixels: what follows are more rows of the same. */
const MOST = 2400;
/** How far a cell may be from what is stored (1 is from black to white), and how many may be farther among WINDOW by WINDOW cells. */
const FAR = 0.03;
const FEW = 2;
const WINDOW = 6;

const FONTS = { sans: [400, 700], serif: [400, 700, "400 italic"], mono: [400] };
const FACES = Object.entries(FONTS).flatMap(([family, weights]) => weights.map((kind) => {
  const [weight, style = "normal"] = String(kind).split(" ");
  const file = new URL(`../node_modules/@fontsource/dejavu-${family}/files/dejavu-${family}-latin-${weight}-${style}.woff2`, import.meta.url);
  return { family, weight, style, data: readFileSync(file, "base64") };
}));

/** Set the page that is open in the fonts of the test. */
export async function typeset(page) {
  await page.evaluate(async (faces) => {
    for (const { family, weight, style, data } of faces) {
      const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
      document.fonts.add(await new FontFace(`test ${family}`, bytes, { weight, style }).load());
    }
    const names = new CSSStyleSheet();
    names.replaceSync(`:root { ${["sans", "serif", "mono"].map((one) => `--${one}: "test ${one}";`).join(" ")} }`);
    document.adoptedStyleSheets.push(names);
  }, FACES);
}

/** Compare what the page looks like now with the stored picture of that name; return what is wrong, in words. */
export async function compared(page, name) {
  const shot = await taken(page);
  if (process.env.SHOTS) write(pathToFileURL(`${process.env.SHOTS}/`), name, shot);
  const now = shrunk(shot);
  const stored = read(new URL(`${name}.png`, STORED));
  const { same, difference } = unlike(stored, now);
  if (same) return [];
  if (process.env.RENEW) {
    for (const [place, level] of now.data.entries()) now.data[place] = Math.min(255, STEP * Math.round(level / STEP));
    write(STORED, name, PNG.sync.write(now, { colorType: 2, deflateLevel: 9 }));
    return [];
  }
  write(DIFFERENT, `${name}.now`, shot);
  write(DIFFERENT, `${name}.stored`, PNG.sync.write(enlarged(stored)));
  write(DIFFERENT, `${name}.difference`, PNG.sync.write(enlarged(difference)));
  return [`${name} does not look as it did: see ${fileURLToPath(DIFFERENT)}${name}.*.png. If it should, RENEW=1 stores it`];
}

/** What the page looks like now: the mean of each cell. */
export async function look(page) {
  return shrunk(await taken(page));
}

/** Whether one picture is taken for the other, and where they differ. */
export function unlike(one, other) {
  const width = Math.max(one.width, other.width);
  const height = Math.max(one.height, other.height);
  const difference = new PNG({ width, height });
  const [a, b] = [one, other].map((picture) => padded(picture, width, height).data);
  const many = pixelmatch(a, b, difference.data, width, height, { threshold: FAR, includeAA: true, windowSize: WINDOW });
  return { same: many <= FEW, difference };
}

async function taken(page) {
  const { width } = page.viewportSize();
  const height = Math.min(MOST, await page.evaluate(() => document.documentElement.scrollHeight));
  const browser = await page.context().newCDPSession(page);
  const { data } = await browser.send("Page.captureScreenshot", { captureBeyondViewport: true, optimizeForSpeed: true, clip: { x: 0, y: 0, width, height, scale: SCALE } });
  await browser.detach();
  return Buffer.from(data, "base64");
}

function shrunk(shot) {
  const whole = PNG.sync.read(shot);
  const small = new PNG({ width: Math.ceil(whole.width / CELL), height: Math.ceil(whole.height / CELL) });
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      const [right, bottom] = [Math.min(whole.width, (x + 1) * CELL), Math.min(whole.height, (y + 1) * CELL)];
      const sum = [0, 0, 0, 0];
      let count = 0;
      for (let v = y * CELL; v < bottom; v++) {
        for (let u = x * CELL; u < right; u++, count++) {
          const at = 4 * (v * whole.width + u);
          for (let part = 0; part < 4; part++) sum[part] += whole.data[at + part];
        }
      }
      for (let part = 0; part < 4; part++) small.data[4 * (y * small.width + x) + part] = Math.round(sum[part] / count);
    }
  }
  return small;
}

function padded(picture, width, height) {
  const larger = new PNG({ width, height, fill: true });
  PNG.bitblt(picture, larger, 0, 0, picture.width, picture.height, 0, 0);
  return larger;
}

function enlarged(small) {
  const large = new PNG({ width: small.width * CELL, height: small.height * CELL });
  const [from, to] = [new Uint32Array(small.data.buffer, small.data.byteOffset), new Uint32Array(large.data.buffer, large.data.byteOffset)];
  for (let at = 0; at < large.width * large.height; at++) to[at] = from[Math.floor(Math.floor(at / large.width) / CELL) * small.width + Math.floor((at % large.width) / CELL)];
  return large;
}

function read(file) {
  try {
    return PNG.sync.read(readFileSync(file));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return new PNG({ width: 1, height: 1 });
  }
}

function write(folder, name, bytes) {
  const file = new URL(`${name}.png`, folder);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, bytes);
}
