// The prompts: what changed, against whatever one likes, and what to do with them.
import { useMemo, useState } from "preact/hooks";
import { useFolder, useLinks, usePlace } from "../context";
import { useAct } from "../parts/controls";
import { names } from "../parts/decided";
import { Without } from "../parts/without";
import { Facts, Nothing, Section } from "../parts/figures";
import { Choices, Filter, matches, Pick, Which } from "../parts/table";
import { Command, Copy, Diff, Prompt, Reason, Save } from "../parts/text";
import type { Agent } from "../view";
import { number, percent, signed, stepName } from "../words";

export function Prompts() {
  const { document } = usePlace();
  const { query, choose, with: link } = useLinks();
  const wanted = query.find ?? "";
  const ordered = useMemo(() => [...document.agents].sort((one, other) => Number(other.changed) - Number(one.changed)), [document]);
  const found = useMemo(() => ordered.filter((agent) => matches(`${agent.name} ${document.prompts[agent.winner] ?? ""}`, wanted)), [ordered, wanted]);
  if (document.agents.length === 0) return <><h1>Prompts</h1><Nothing>Prompts are known once the run has started.</Nothing></>;
  const agent = found.find((one) => one.name === query.agent) ?? found[0];
  const shipped = () => JSON.stringify(Object.fromEntries(document.agents.map((one) => [one.name, document.prompts[one.shipped || one.winner] ?? ""])), null, 2);
  return (
    <>
      <h1>Prompts</h1>
      <p class="lead">{document.approval ? "The search is over: new prompts wait for a person." : status(document.state, document.shipped, document.agents)}</p>
      <div class="bar">
        <Filter label="Filter" value={wanted} onChange={(value) => choose({ find: value })} />
        <Save name="prompts.json" label="Download prompts.json" text={shipped} />
      </div>
      <Pick
        label="Agents"
        chosen={agent?.name ?? ""}
        link={(name) => link({ agent: name, a: "", b: "" })}
        items={found.map((one) => ({ id: one.name, title: one.name, note: one.same_prompt_as ? `the prompt of ${one.same_prompt_as}` : one.changed ? `new prompt${one.suspicious.length ? " · look twice" : ""}` : "unchanged" }))}
      >
        {agent && <Detail agent={agent} />}
      </Pick>
    </>
  );
}

function status(state: string, shipped: string | null, agents: readonly Agent[]): string {
  if (!agents.some((agent) => agent.changed)) return "No prompt was changed.";
  if (state !== "finished") return "The search is not over: these prompts may still change.";
  return shipped === "seed" ? "The search ended with these prompts, but they are not shipped." : "The new prompts are shipped. Read each change as if a colleague had proposed it.";
}

function Detail({ agent }: { agent: Agent }) {
  const { document, actions } = usePlace();
  const folder = useFolder();
  const { query, to, with: link, choose } = useLinks();
  const steps = document.steps.filter((step) => step.agent === agent.name);
  const decided = steps.filter((step) => step.decision);
  const changes = decided.filter((step) => step.decision?.changed);
  const candidates = useMemo(() => {
    const names = new Map<string, string>([[agent.seed, "seed prompt"]]);
    for (const step of steps) for (const one of step.candidates) if (!names.has(one.id)) names.set(one.id, `candidate ${one.id.slice(0, 8)}, ${stepName(step.label).toLowerCase()}, ${signed(one.score)}`);
    for (const step of changes) if (step.decision) names.set(step.decision.after, `new in ${stepName(step.label).toLowerCase()}`);
    names.set(agent.winner, agent.changed ? "new prompt" : "seed prompt");
    return [...names].filter(([id]) => document.prompts[id] !== undefined);
  }, [document, agent]);
  const parent = changes.at(-1)?.decision?.before ?? agent.seed;
  const a = query.a || agent.seed;
  const b = query.b || agent.winner;
  const [before, after] = [document.prompts[a], document.prompts[b]];
  const cases = document.cases.filter((one) => one.agent === agent.name);
  const seed = document.prompts[agent.seed] ?? "";
  const winner = document.prompts[agent.winner] ?? "";
  const view = query.view ?? (agent.changed ? "diff" : "text");
  return (
    <>
      <div class="section-head">
        <h2>{agent.name}</h2>
        <span class="buttons">
          <Copy text={after ?? ""} label="Copy this prompt" />
          <Save name={`${agent.name.replace(/[^A-Za-z0-9._-]+/g, "-")}.txt`} label="Download" text={() => after ?? ""} />
        </span>
      </div>
      <Facts
        facts={[
          ["Characters", `${number(seed.length)} → ${number(winner.length)}`],
          ["Changed", `${agent.times_changed}×`],
          ["Expected worth", `${signed(agent.worth)}${agent.share !== null ? `, ${percent(agent.share, 0)} of all` : ""}`],
          ["Cases", <a href={to("cases", { agent: agent.name })}>{cases.length} shown</a>],
          ["Ships", agent.shipped === "" ? "not yet" : agent.shipped === agent.seed ? "the seed prompt" : "the new prompt"],
        ]}
      />
      {agent.same_prompt_as && <p>It has the prompt of <a href={link({ agent: agent.same_prompt_as, a: "", b: "" })}>{agent.same_prompt_as}</a>, and is rewritten with it.</p>}
      {agent.suspicious.map((what) => <p class="failure">! Look twice: the new prompt {what}.</p>)}
      <div class="bar">
        <Choices label="How it is shown" chosen={view} link={(value) => link({ view: value })} choices={[["diff", "What changed"], ["text", "Whole text"], ["both", "Side by side"]]} />
        <div class="bar between">
          {view !== "text" && <Which label="From" value={a} choices={candidates} pick={(id) => choose({ a: id })} />}
          <Which label={view === "text" ? "Prompt" : "To"} value={b} choices={candidates} pick={(id) => choose({ b: id })} />
        </div>
        {view !== "text" && parent !== agent.seed && <a href={link({ a: parent, b: agent.winner })}>Against its parent</a>}
      </div>
      {before === undefined || after === undefined ? (
        <p class="quiet">This text was left out to keep the report small; prompts.json and the run folder have it.</p>
      ) : view === "diff" ? (
        <Diff before={before} after={after} placeholders={agent.placeholders} />
      ) : view === "text" ? (
        <Prompt text={after} placeholders={agent.placeholders} />
      ) : (
        <div class="two">
          <div><h3>Before</h3><Prompt text={before} placeholders={agent.placeholders} /></div>
          <div><h3>After</h3><Prompt text={after} placeholders={agent.placeholders} /></div>
        </div>
      )}
      {actions && <Decide agent={agent} shown={b} />}
      {agent.why.length > 0 ? (
        <div>
          <h3>Why</h3>
          <ul class="plain words">
            {agent.why.map((line) => <li><Reason line={line} /></li>)}
            {agent.left_out && <li><Without found={agent.left_out} /></li>}
          </ul>
        </div>
      ) : (
        changes.at(-1)?.decision && <p><strong>Why:</strong> {changes.at(-1)?.decision?.reason}.</p>
      )}
      {agent.worth !== 0 && <p class="quiet">Expected worth: the search’s own scores of the candidates that were accepted, added up. It is an estimate on search inputs; the hold-out is the proof.</p>}
      {decided.length > 0 && <Section title="How it came about">
        <ol class="rounds">
          {decided.map((step) => (
            <li>
              <strong>{stepName(step.label)}</strong> {step.decision?.ruled ? "set back" : step.decision?.changed ? "new prompt" : "kept"}: {step.decision?.reason}.{" "}
              {step.decision?.changed && <a href={link({ a: step.decision.before, b: step.decision.after, view: "diff" })}>What changed</a>}
            </li>
          ))}
        </ol>
        {document.shipped === "optimized" && agent.changed && document.prompt_files === "known" && <Command text={`maspo apply ${folder}`} />}
      </Section>}
    </>
  );
}

/** Buttons for what the run would take now: a verdict on what waits for approval, else what steers the search. */
function Decide({ agent, shown }: { agent: Agent; shown: string }) {
  const { document, source, route, say } = usePlace();
  const act = useAct(source, route.run, say);
  const [reason, setReason] = useState("");
  const place = document.approval?.agents.indexOf(agent.name) ?? -1;
  const waits = document.approval?.prompts[place];
  if (document.state === "finished" || agent.same_prompt_as) return null;
  if (document.approval && waits === undefined) return null;
  if (waits !== undefined && document.decided.some((one) => !one.taken && names(one, agent.name))) {
    return <p class="quiet">Decided; the run takes it up when it is resumed.</p>;
  }
  if (waits !== undefined && waits !== shown) return <p class="quiet">Another prompt of it waits for approval; choose it to decide.</p>;
  const why = reason.trim() ? { reason: reason.trim() } : {};
  return (
    <div class="buttons" role="group" aria-label="Decide on this prompt">
      {waits !== undefined && <button type="button" onClick={() => void act({ action: "approve", agents: [agent.name], prompt: shown })}>Approve</button>}
      {waits !== undefined && <button type="button" onClick={() => void act({ action: "reject", agents: [agent.name], prompt: shown, ...why })}>Reject</button>}
      {waits === undefined && <button type="button" onClick={() => void act({ action: "pin", agent: agent.name, prompt: shown })}>Pin</button>}
      {waits === undefined && shown !== agent.seed && <button type="button" onClick={() => void act({ action: "veto", agent: agent.name, prompt: shown, ...why })}>Veto</button>}
      {(waits !== undefined || shown !== agent.seed) && (
        <label>
          <span class="unseen">Reason, which the proposer is told</span>
          <input type="text" maxLength={2000} placeholder="reason, for the proposer" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
      )}
    </div>
  );
}
