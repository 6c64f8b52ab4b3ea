// What changed between two texts: both can be put together again from it, and it tells phrases, not single words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";

const made = await build({ entryPoints: [new URL("../src/parts/text.tsx", import.meta.url).pathname], bundle: true, format: "esm", write: false, jsx: "automatic", jsxImportSource: "preact", logLevel: "error" });
const { differences } = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);
const side = (pieces, kind) => pieces.filter((one) => one.kind === "same" || one.kind === kind).map((one) => one.text).join("");
const marked = (before, after) => differences(before, after).filter((one) => one.kind !== "same").map((one) => [one.kind, one.text]);

test("both texts can be put together again", () => {
  const words = ["a", "b", "be very", "\n", " ", "-", "the unit", ". "];
  let seed = 7;
  const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648);
  const text = () => Array.from({ length: next() % 24 }, () => words[next() % words.length]).join("");
  for (let n = 0; n < 400; n++) {
    const [before, after] = [text(), text()];
    const pieces = differences(before, after);
    assert.equal(side(pieces, "removed"), before);
    assert.equal(side(pieces, "added"), after);
    assert.ok(pieces.every((one) => one.text !== "") || before + after === "");
  }
});

test("words that two phrases of a line share by chance are told with them", () => {
  assert.deepEqual(marked("- Check that both sides have a unit.\n- End.", "- Ask what both ends of a range do.\n- End."), [
    ["removed", "Check that both sides have a unit"],
    ["added", "Ask what both ends of a range do"],
  ]);
});

test("a changed word, and what was only added, is all that is marked", () => {
  assert.deepEqual(marked("Solve it quickly now.", "Solve it carefully now."), [["removed", "quickly"], ["added", "carefully"]]);
  assert.deepEqual(marked("You check the work and answer.", "You check all the work twice and answer."), [["added", "all "], ["added", "twice "]]);
});
