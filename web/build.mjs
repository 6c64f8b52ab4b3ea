// Builds the page into src/maspo/report/bundle; with --check, compares what is checked in byte for byte.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { typesOf } from "./types.mjs";

const here = new URL(".", import.meta.url);
const target = new URL("../src/maspo/report/bundle/", here);
const RAW = 300 * 1000;
const ZIPPED = 100 * 1000;
const check = process.argv.includes("--check");

const schema = JSON.parse(await readFile(new URL("../docs/view.schema.json", here), "utf8"));
const files = new Map([[new URL("src/view.ts", here), typesOf(schema)]]);
if (!check) await writeFile(new URL("src/view.ts", here), typesOf(schema));

const made = await build({
  absWorkingDir: here.pathname,
  entryPoints: { app: "src/main.tsx", boot: "src/boot.ts", style: "src/style.css" },
  outdir: "built",
  write: false,
  bundle: true,
  minify: true,
  charset: "ascii", // a page of ASCII alone is read as bytes
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
});
let raw = 0;
let zipped = 0;
for (const file of made.outputFiles) {
  const name = file.path.endsWith(".css") ? "app.css" : basename(file.path);
  // Inside a page nothing of it may end the element that holds it.
  const text = file.text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  files.set(new URL(name, target), text);
  raw += Buffer.byteLength(text);
  zipped += gzipSync(text, { level: 9 }).length;
}
console.log(`bundle: ${raw} bytes, ${zipped} zipped`);
for (const [file, text] of files) if (file.pathname.includes("/bundle/") && /[^\x00-\x7f]/.test(text)) throw new Error(`${file.pathname}: not ASCII; write what is not as \\u....`);
let wrong = raw > RAW || zipped > ZIPPED;
if (wrong) console.error(`too large: at most ${RAW} bytes, ${ZIPPED} zipped`);
for (const [file, text] of files) {
  if (!check) await writeFile(file, text);
  else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
    console.error(`${file.pathname}: not what the sources build; run make page and commit it`);
    wrong = true;
  }
}
process.exitCode = wrong ? 1 : 0;
