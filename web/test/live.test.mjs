// The page of a server: runs, following one, comparing, deciding.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { FOLDER, axe, launch, opened, seen, settled, sideways } from "./browser.mjs";
import { typeset } from "./pictures.mjs";

const read = (name) => readFileSync(`${FOLDER}/${name}`, "utf8");
let browser;
let server;
let base;
const asked = [];
const streams = new Set();
let state = "running";

before(async () => {
  browser = await launch();
  server = createServer(answer);
  base = await listening(server, 0);
});

/** Let a server listen; return the address of its page. */
async function listening(one, port) {
  await new Promise((done) => one.listen(port, "127.0.0.1", done));
  return `http://127.0.0.1:${one.address().port}/`;
}

function answer(request, response) {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  const json = (text, tag = "") => response.writeHead(200, { "Content-Type": "application/json", ...(tag ? { ETag: tag } : {}) }).end(text);
  const [, , , run, what] = pathname.split("/").map(decodeURIComponent);
  if (pathname === "/") return response.writeHead(200, { "Content-Type": "text/html" }).end(read("index.html"));
  if (pathname === "/api/session") return json('{"actions": true, "version": "test"}');
  if (pathname === "/api/runs") return json(read("runs.json"));
  if (what === "events") {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": there\n\n");
    streams.add(response);
    return request.on("close", () => streams.delete(response));
  }
  if (what === "actions") {
    let body = "";
    request.on("data", (part) => { body += part; });
    return request.on("end", () => {
      asked.push({ ...JSON.parse(body), token: request.headers["x-maspo-token"] });
      json('{"message": "It is noted."}');
    });
  }
  if (what === "traces") return json(JSON.stringify(Object.values(JSON.parse(read("demo.json")).traces)[0]));
  if (pathname.startsWith("/api/runs/")) return json(read(`${run === "running" ? state : run}.json`), `"${run}-${state}"`);
  if (pathname === "/favicon.ico") return response.writeHead(204).end();
  return response.writeHead(404).end();
}

after(async () => {
  await browser.close();
  for (const stream of streams) stream.end();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test("runs are listed, chosen and compared", async () => {
  const { page, wrong, close } = await opened(browser);
  await page.goto(base);
  await typeset(page);
  await page.locator("tbody tr").first().waitFor();
  assert.equal(await page.getByRole("region", { name: "Table: Runs" }).locator("tbody tr").count(), 5);
  assert.equal(await page.getByRole("region", { name: "Table: Other work" }).locator("tbody tr").count(), 12);
  assert.deepEqual(await seen(page, "runs/list"), []);
  await page.getByLabel("Compare running-2").check();
  await page.getByLabel("Compare finished-2").check();
  await page.getByText("Compare 2 runs").click();
  await page.getByRole("heading", { name: "Compare" }).waitFor();
  await page.locator("tbody tr").first().waitFor();
  assert.match(page.url(), /runs=/);
  assert.deepEqual(await seen(page, "runs/compare"), []);
  await page.getByRole("link", { name: "Choose others" }).click();
  await page.locator("tbody input[type=checkbox]").first().waitFor();
  assert.equal(await page.locator("tbody input[type=checkbox]:checked").count(), 2, "the choice stays");
  assert.deepEqual(wrong, []);
  await close();
});

test("on no screen does what is told of a run lie on the next column", async () => {
  for (const width of [360, 768, 1024, 1440]) {
    const { page, close } = await opened(browser, { width });
    await page.goto(base);
    await page.locator("tbody tr").first().waitFor();
    await typeset(page);
    await settled(page);
    assert.deepEqual(await page.locator("tr > :not(:last-child)").evaluateAll((cells) => cells.filter((cell) => {
      const words = document.createRange();
      words.selectNodeContents(cell);
      return words.getBoundingClientRect().right > cell.nextElementSibling.getBoundingClientRect().left + 1;
    }).map((cell) => cell.textContent)), [], `at ${width}`);
    if (width !== 768) assert.deepEqual(await page.evaluate(sideways), [], `at ${width}`);
    await close();
  }
});

test("a comparison tells prompts by agent and run, and one against another", async () => {
  const { page, close } = await opened(browser);
  await page.goto(`${base}#/compare?runs=finished,demo`);
  const prompts = page.getByRole("region", { name: /^Table: Prompts/ });
  await prompts.waitFor();
  assert.equal(await page.locator("main h1").innerText(), "Compare");
  const one = read("finished.json");
  const names = JSON.parse(one).agents.map((agent) => agent.name);
  await prompts.getByRole("link", { name: names[1], exact: true }).click();
  await page.locator("h3", { hasText: names[1] }).waitFor();
  assert.match(page.url(), new RegExp(`agent=${names[1]}`), "the address holds what is chosen");
  await page.goto(`${base}#/compare?runs=finished,failed&agent=${names[0]}`);
  await page.locator(".diff, .bar + p").first().waitFor();
  await page.getByRole("combobox", { name: "To" }).selectOption("finished");
  await page.getByText("No difference.").waitFor();
  assert.match(page.url(), /b=finished/);
  await close();
});

test("three and four runs fit beside each other on any screen, and where they share no input that is told", async () => {
  for (const width of [360, 1280]) {
    const { page, close } = await opened(browser, { width });
    for (const runs of ["finished,failed,demo", "finished,failed,demo,awaiting"]) {
      await page.goto(`${base}#/compare?runs=${runs}`);
      await page.getByRole("region", { name: /^Table: Prompts/ }).waitFor();
      const rows = page.getByRole("region", { name: "Table: Runs side by side" }).locator("tbody tr, ul > li");
      const compared = runs.split(",").length;
      await rows.nth(compared - 1).waitFor(); // the page of the runs before may still stand
      assert.equal(await rows.count(), compared);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${runs} at ${width}`);
      assert.match(await page.locator(".lead").innerText(), /no hold-out input in common/);
    }
    await close();
  }
});

test("where there is no run yet it is told how to begin one", async () => {
  const { page, close } = await opened(browser);
  await page.route("**/api/runs", (route) => route.fulfill({ contentType: "application/json", body: '{"runs": [], "sheets": []}' }));
  await page.goto(base);
  await page.getByText("No runs here yet.").waitFor();
  assert.match(await page.locator("main").innerText(), /maspo demo/);
  assert.deepEqual(await axe(page), []);
  await close();
});

test("runs are gone through and compared by keyboard alone", async () => {
  const { page, close } = await opened(browser);
  await page.goto(base);
  await page.locator("tbody tr").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const name = await page.evaluate(() => document.activeElement?.textContent);
  assert.equal(name, await page.locator("tbody tr").nth(1).locator("a").first().innerText());
  await page.keyboard.press("k");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.keyboard.press("j"); // a box that is ticked is no field to write in
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByText("Compare 2 runs").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Compare" }).waitFor();
  await close();
});

test("a run is followed: what changes is shown within a second and a bit", async () => {
  const { page, close } = await opened(browser);
  state = "running";
  await page.goto(`${base}#run/running/overview`);
  await page.locator(".state", { hasText: "running" }).waitFor();
  while (streams.size === 0) await page.waitForTimeout(20);
  state = "finished";
  const begun = Date.now();
  for (const stream of streams) stream.write('event: changed\ndata: {"seq": 99}\n\n');
  await page.locator(".state", { hasText: "finished" }).waitFor();
  const late = Date.now() - begun;
  assert.ok(late <= 1000 * Number(process.env.CROWDED ?? 1), `shown after ${late} ms`);
  await close();
});

test("a page whose server has gone says so, and goes on by itself when it is there again", async () => {
  const { page, close } = await opened(browser);
  state = "running";
  let other = createServer(answer);
  const place = await listening(other, 0);
  const end = () => new Promise((done) => { other.close(done); other.closeAllConnections(); });
  const before = streams.size;
  await page.goto(`${place}#run/running/overview`);
  await page.locator(".state", { hasText: "running" }).waitFor();
  while (streams.size === before) await page.waitForTimeout(20);
  await end();
  await page.getByText("The server does not answer").waitFor();
  assert.notEqual((await page.locator("h1").innerText()).trim(), "", "what was known stays");
  other = createServer(answer);
  await listening(other, Number(new URL(place).port));
  await page.getByText("The server does not answer").waitFor({ state: "detached" });
  await close();
  await end();
});

test("what may be decided is sent with the token, and without one nothing is offered", async () => {
  const { page, close } = await opened(browser);
  state = "running";
  await page.goto(`${base}#token=secret`);
  await page.locator("tbody tr").first().waitFor();
  assert.ok(!page.url().includes("secret"), "the token leaves the address");
  await page.evaluate(() => { location.hash = "run/running/overview"; });
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("It is noted.").waitFor();
  await page.evaluate(() => { location.hash = "run/finished/prompts"; });
  await page.locator(".state", { hasText: "finished" }).waitFor();
  assert.equal(await page.getByRole("group", { name: /Decide|The run/ }).count(), 0, "nothing is left to decide");
  await page.evaluate(() => { location.hash = "run/awaiting/prompts?agent=algebra"; });
  await page.getByText("Decided; the run takes it up").waitFor();
  assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
  await page.evaluate(() => { location.hash = "run/awaiting/prompts?agent=geometry"; });
  assert.equal(await page.getByRole("button", { name: "Veto" }).count(), 0);
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("It is noted.").waitFor();
  await page.evaluate(() => { location.hash = "run/awaiting/overview"; });
  const together = page.getByRole("group", { name: "Decide on the new prompts" });
  const boxes = together.getByRole("checkbox");
  const names = (await together.locator("label.check").allInnerTexts()).map((name) => name.trim());
  assert.ok(names.length > 1 && !names.includes("algebra"), "what is decided already is not asked for again");
  await together.getByPlaceholder("reason").fill("Too long.");
  await together.getByRole("button", { name: `Reject all ${names.length}` }).click();
  while (asked.filter((one) => one.action === "reject").length < names.length) await page.waitForTimeout(20);
  await boxes.first().uncheck();
  assert.equal(await together.getByRole("button", { name: /^Approve/ }).innerText(), names.length === 2 ? `Approve ${names[1]}` : `Approve ${names.length - 1} prompts`);
  const waits = JSON.parse(read("awaiting.json")).approval;
  const rejected = asked.filter((one) => one.action === "reject");
  assert.deepEqual(rejected.map((one) => [one.agents, one.prompt, one.reason]), names.map((name) => [[name], waits.prompts[waits.agents.indexOf(name)], "Too long."]));
  await page.evaluate(() => { location.hash = "run/held/overview"; });
  await page.getByRole("button", { name: "Resume" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
  await settled(page);
  assert.deepEqual(asked[0], { action: "pause", token: "secret" });
  assert.equal(asked[1].action, "approve");
  await close();
  const linked = await opened(browser);
  await linked.page.goto(`${base}#run/held/overview&token=secret`);
  await linked.page.getByRole("button", { name: "Resume" }).waitFor();
  assert.match(linked.page.url(), /#run\/held\/overview$/, "the place that a link leads to stays");
  await linked.close();
  const again = await opened(browser);
  await again.page.goto(`${base}#run/held/overview&token=secret`);
  await again.page.getByRole("button", { name: "Resume" }).waitFor();
  await again.page.reload();
  await again.page.getByRole("button", { name: "Resume" }).waitFor();
  await again.close();
  const other = await opened(browser);
  await other.page.goto(`${base}#run/running/overview`);
  await other.page.locator(".state", { hasText: "running" }).waitFor();
  assert.equal(await other.page.getByRole("button", { name: "Pause" }).count(), 0);
  await other.close();
});

test("a trace that is not in the document is asked for", async () => {
  const { page, close } = await opened(browser);
  await page.goto(`${base}#run/calls5000/inputs?trace=r1%2Frace%2F1`);
  await page.locator(".trace li").first().waitFor();
  await close();
});

test("placeholders of a prompt stand as chips, and a call of a trace tells its tools", async () => {
  const { page, close } = await opened(browser);
  const one = JSON.parse(read("calls5000.json"));
  const [agent] = one.agents;
  const chip = one.prompts[agent.winner].split(" ", 1)[0];
  agent.placeholders = [chip];
  const { trace } = one.inputs[0];
  one.traces[trace].reference[0].tools = [{ name: "search", arguments: '{"q": "way"}', result: "217 km" }];
  await page.route("**/api/runs/calls5000*", (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify(one) }));
  for (const view of ["text", "both", "diff"]) {
    await page.goto(`${base}#run/calls5000/prompts?agent=${agent.name}&view=${view}`);
    const chips = page.locator(".chip");
    await chips.first().waitFor();
    assert.deepEqual([...new Set(await chips.allInnerTexts())], [chip], view);
  }
  await page.goto(`${base}#run/calls5000/inputs?at=${one.inputs[0].id}`);
  await page.locator(".tool summary", { hasText: "search" }).first().click();
  await page.locator(".tool", { hasText: "Got" }).first().waitFor(); // what is unfolded is made after the click
  assert.match(await page.locator(".tool").first().innerText(), /Asked[\s\S]*way[\s\S]*Got[\s\S]*217 km/);
  assert.deepEqual(await axe(page), []);
  await close();
});
