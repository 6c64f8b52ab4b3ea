// The page of the real server, and a run that really works: what is pressed is what happens.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { axe, launch, opened } from "./browser.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PYTHON = process.env.MASPO_PYTHON ?? join(ROOT, ".venv-dev/bin/python");
const folder = mkdtempSync(join(tmpdir(), "maspo-page-"));
const started = [];
let browser;
let address;

/** Start Python, and return its process with what it has printed so far. */
function python(...args) {
  const found = spawn(PYTHON, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  found.told = "";
  found.stdout.on("data", (part) => { found.told += part; });
  found.stderr.on("data", (part) => { found.told += part; });
  found.over = new Promise((done) => found.on("exit", done));
  started.push(found);
  return found;
}

async function until(holds, what) {
  for (let n = 0; n < 1200; n++) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`never: ${what}\n${started.map((one) => one.told.slice(-400)).join("\n")}`);
}

before(async () => {
  for (const name of ["works", "waits", "rejects", "killed"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "slow"), "");
  const waiting = python("-m", "tests.ui.runs_for_browser", "waits", join(folder, "waits"));
  const server = python("-m", "maspo", "ui", folder, "--allow-actions", "--port", "0");
  const other = python("-m", "tests.ui.runs_for_browser", "waits", join(folder, "rejects"));
  assert.equal(await waiting.over, 0, waiting.told);
  assert.equal(await other.over, 0, other.told);
  await until(() => /http:\/\/\S+/.test(server.told), "the server says where it is");
  address = /http:\/\/\S+/.exec(server.told)[0];
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const one of started) if (one.exitCode === null) one.kill();
  await Promise.all(started.map((one) => one.over));
  rmSync(folder, { recursive: true, force: true });
});

test("a run is paused, goes on with a higher cap, obeys a veto and a pin, and stops after its round", async () => {
  const run = python("-m", "tests.ui.runs_for_browser", "works", join(folder, "works"));
  await until(() => existsSync(join(folder, "works", "run.db")), "the run has begun");
  const { page, wrong, close } = await opened(browser);
  await page.goto(address);
  await page.getByRole("link", { name: "works" }).click();
  await page.locator(".state", { hasText: "running" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator(".state", { hasText: "paused" }).waitFor();
  await page.locator(".decided li", { hasText: "pause" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
  assert.deepEqual(await axe(page), []);
  const called = async () => (await (await fetch(new URL("/api/runs/works", address))).json()).cost.total.calls;
  await page.waitForTimeout(1500); // what was in flight comes in
  const before = await called();
  await page.waitForTimeout(1500);
  assert.equal(await called(), before, "nobody is called");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator(".state", { hasText: "running" }).waitFor();
  await page.getByPlaceholder("at most").fill("9000");
  await page.getByRole("button", { name: "Raise cap" }).click();
  await page.locator(".facts", { hasText: "at most 9,000" }).waitFor();
  // As soon as there is a candidate it can be chosen, and vetoed.
  await page.getByRole("link", { name: /^Prompts/ }).click();
  const choose = page.getByRole("combobox").last();
  await page.locator("select option", { hasText: "candidate" }).first().waitFor({ state: "attached" });
  const vetoed = await choose.locator("option", { hasText: "candidate" }).first().getAttribute("value");
  await choose.selectOption(vetoed);
  await page.getByPlaceholder("reason, for the proposer").fill("It must not ask for JSON.");
  await page.getByRole("button", { name: "Veto" }).click();
  await page.getByText("Noted: veto.").waitFor();
  await page.getByRole("link", { name: /^Overview/ }).click();
  await page.locator(".decided li", { hasText: /^[^!]*veto \w+ \(It must not ask for JSON\.\) the prompt$/ }).waitFor();
  await page.getByRole("link", { name: /^Prompts/ }).click();
  await page.locator("[data-item]").last().click();
  await page.getByRole("button", { name: "Pin" }).click();
  await page.getByText("Noted: pin.").waitFor();
  await page.getByRole("link", { name: /^Overview/ }).click();
  await page.locator(".decided li", { hasText: /pin (solver|critic)/ }).waitFor();
  await page.getByRole("button", { name: "Stop after the round" }).click();
  await page.locator(".decided li", { hasText: /stop/ }).waitFor();
  rmSync(join(folder, "slow"));
  assert.equal(await run.over, 0, run.told);
  await page.locator(".state", { hasText: "finished" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Stop after the round" }).count(), 0);
  const { agents } = await (await fetch(new URL("/api/runs/works", address))).json();
  assert.ok(agents.length > 0 && !agents.some((agent) => agent.winner === vetoed), "what was vetoed is in no prompt");
  assert.match(await page.locator(".questions").innerText(), /A person stopped the search/);
  assert.deepEqual(wrong, []);
  // What was sent in patches is what the server has.
  await page.reload();
  await page.locator(".state", { hasText: "finished" }).waitFor();
  await close();
});

test("a run whose address is opened before it begins is shown as soon as it has", async () => {
  const { page, close } = await opened(browser);
  await page.goto(address.replace(/#.*/, "#run/later/overview"));
  await page.getByText("No run of this name has begun here.").waitFor();
  const run = python("-m", "tests.ui.runs_for_browser", "waits", join(folder, "later"));
  await page.locator(".state").first().waitFor();
  assert.equal(await page.getByRole("alert").count(), 0, "what was refused before is not said any more");
  assert.equal(await run.over, 0, run.told);
  await close();
});

test("a run that is killed says so to whoever looks on, and the same page goes on with it when it is resumed", async () => {
  writeFileSync(join(folder, "slow"), "");
  const run = python("-m", "tests.ui.runs_for_browser", "works", join(folder, "killed"));
  await until(() => existsSync(join(folder, "killed", "run.db")), "the run has begun");
  const { page, wrong, close } = await opened(browser);
  await page.goto(address);
  await page.getByRole("link", { name: "killed" }).click();
  await page.locator(".state", { hasText: "running" }).waitFor();
  await page.locator(".facts dd", { hasText: /^[1-9][\d,]* of (about|at most)/ }).waitFor();
  run.kill("SIGKILL");
  await run.over;
  await page.locator(".state", { hasText: "stopped" }).waitFor();
  await page.getByText("maspo resume").first().waitFor();
  const resumed = python("-m", "tests.ui.runs_for_browser", "resumes", join(folder, "killed"));
  assert.equal(await resumed.over, 0, resumed.told);
  await page.locator(".state", { hasText: "finished" }).waitFor();
  assert.deepEqual(wrong, []);
  rmSync(join(folder, "slow"));
  await close();
});

test("what is rejected on the page is in no prompt when the run has gone on", async () => {
  const { page, close } = await opened(browser);
  await page.goto(address);
  await page.getByRole("link", { name: "rejects" }).click();
  await page.locator(".state", { hasText: "awaiting approval" }).first().waitFor();
  const before = await (await fetch(new URL("/api/runs/rejects", address))).json();
  const [name] = before.approval.agents;
  await page.locator(".verdict a", { hasText: name }).first().click();
  await page.getByPlaceholder("reason, for the proposer").fill("Too long for our screens.");
  await page.getByRole("button", { name: "Reject" }).click();
  await page.getByText("Decided; the run takes it up").waitFor();
  const resumed = python("-m", "maspo", "resume", join(folder, "rejects"));
  assert.ok([0, 3, 4].includes(await resumed.over), resumed.told);
  await page.getByRole("link", { name: /^Overview/ }).click();
  await page.locator(".decided li", { hasText: "Too long for our screens." }).first().waitFor();
  const after = await (await fetch(new URL("/api/runs/rejects", address))).json();
  assert.notEqual(after.agents.find((one) => one.name === name).winner, before.approval.prompts[0], "what was rejected is in no prompt");
  await close();
});

test("what waits is approved on the page, and ships when the run is resumed", async () => {
  const { page, close } = await opened(browser);
  await page.goto(address);
  await page.getByRole("link", { name: "waits" }).click();
  await page.locator(".state", { hasText: "awaiting approval" }).first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
  const waiting = page.locator(".verdict p:not(.tally) a");
  await waiting.first().waitFor();
  const names = await waiting.allInnerTexts();
  assert.notEqual(names.length, 0);
  for (const name of names) {
    await page.getByRole("link", { name: /^Prompts/ }).click();
    await page.locator("[data-item]", { hasText: name }).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Decided; the run takes it up").waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
  }
  const resumed = python("-m", "maspo", "resume", join(folder, "waits"));
  assert.equal(await resumed.over, 0, resumed.told);
  await page.locator(".state", { hasText: "finished" }).waitFor();
  await page.getByRole("link", { name: /^Overview/ }).click();
  await page.getByText("They are shipped").first().waitFor();
  await close();
});
