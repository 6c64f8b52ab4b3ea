// What a person decided about a run, and what waits for one.
import { useState } from "preact/hooks";
import { quoted, useFolder, useLinks, usePlace } from "../context";
import type { Approval, Ruling } from "../view";
import { moment, plural, signedPercent } from "../words";
import { useAct } from "./controls";
import { LargeIntervalBar, Outcome, Section } from "./figures";
import { Command } from "./text";

export function Decided() {
  const { document } = usePlace();
  const { to } = useLinks();
  if (document.decided.length === 0) return null;
  const more = document.decided_count - document.decided.length;
  return (
    <Section title="What a person decided">
      <ol class="decided">
        {[...document.decided].reverse().map((one) => (
          <li>
            {one.at !== null && <time class="quiet nowrap">{moment(one.at)}</time>}
            <span class="words">
              {one.text}
              {one.prompt && one.agent && <> <a href={to("prompts", { agent: one.agent, b: one.prompt })}>the prompt</a></>}
              {!one.taken && <strong> {noted(one, document.state)}</strong>}
            </span>
          </li>
        ))}
      </ol>
      {more > 0 && <p class="quiet">{plural(more, "earlier decision")} more in the record.</p>}
    </Section>
  );
}

function noted(one: Ruling, state: string): string {
  if (state === "finished") return "The run ended without it.";
  return state === "running" ? "Noted." : `Noted; ${one.action === "approve" || one.action === "reject" ? "counts" : "is looked at"} when the run is resumed.`;
}

/** The test that is over, and whose prompts wait. */
export function Waiting({ approval }: { approval: Approval }) {
  const { document, actions } = usePlace();
  const { to } = useLinks();
  const run = useFolder();
  const { figures } = approval;
  const open = approval.agents.filter((name) => !document.decided.some((one) => !one.taken && names(one, name)));
  return (
    <>
      <figure class="proof">
        <LargeIntervalBar value={approval.net} interval={approval.figures.interval} />
        <figcaption>
          <strong class="big">{signedPercent(approval.net)}</strong> net win rate on {plural(approval.figures.n, "input")} that the search never saw, 95% interval{" "}
          {signedPercent(approval.figures.interval[0])} to {signedPercent(approval.figures.interval[1])}
        </figcaption>
      </figure>
      {document.inputs.length > 0 && (
        <p class="tally">
          <a href={to("inputs", { outcome: "won" })}><Outcome outcome="win" count={figures.wins} /> won</a>
          <a href={to("inputs", { outcome: "lost" })}><Outcome outcome="loss" count={figures.losses} /> lost</a>
          <a href={to("inputs", { outcome: "tied" })}><Outcome outcome="tie" count={figures.ties} /> tied</a>
        </p>
      )}
      {open.length > 0 ? (
        <>
          <p>
            Nothing ships before somebody has read and approved{" "}
            {open.map((name, place) => <>{place > 0 && ", "}<a href={to("prompts", { agent: name })}>{name}</a></>)}.
          </p>
          {actions && <Together open={open} approval={approval} />}
          <p class="quiet">{actions ? "The same in a terminal" : "In a terminal"}; in place of <code>approve</code>, <code>reject</code> with a <code>--reason</code>:</p>
          <Command text={`maspo steer ${run} approve ${open.map(quoted).join(" ")}`} />
        </>
      ) : (
        <p>All of it is decided; the run takes it up when it goes on.</p>
      )}
      <p class="quiet">Then the run goes on: what is approved ships; in place of what is rejected the search tries another round.</p>
      <Command text={`maspo resume ${run}`} />
    </>
  );
}

/** Several prompts decided at once, each as the one that is shown here. */
function Together({ open, approval }: { open: readonly string[]; approval: Approval }) {
  const { source, route, say } = usePlace();
  const act = useAct(source, route.run, say);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState("");
  const chosen = open.filter((name) => !left.has(name));
  const toggle = (name: string) => setLeft(new Set(left.has(name) ? [...left].filter((one) => one !== name) : [...left, name]));
  const [busy, setBusy] = useState(false);
  const decide = async (action: "approve" | "reject") => {
    const why = action === "reject" && reason.trim() ? { reason: reason.trim() } : {};
    setBusy(true); // Otherwise a second click would decide on the later ones twice.
    for (const name of chosen) await act({ action, agents: [name], prompt: approval.prompts[approval.agents.indexOf(name)] ?? "", ...why });
    setBusy(false);
  };
  const which = chosen.length === open.length && open.length > 1 ? `all ${open.length}` : chosen.length === 1 ? chosen[0] : `${chosen.length} prompts`;
  return (
    <div class="buttons" role="group" aria-label="Decide on the new prompts">
      {open.length > 1 && open.map((name) => (
        <label class="check"><input type="checkbox" checked={!left.has(name)} onChange={() => toggle(name)} /> {name}</label>
      ))}
      <button type="button" disabled={busy || chosen.length === 0} onClick={() => void decide("approve")}>Approve {which}</button>
      <button type="button" disabled={busy || chosen.length === 0} onClick={() => void decide("reject")}>Reject {which}</button>
      <label>
        <span class="unseen">Reason, which the proposer is told</span>
        <input type="text" maxLength={2000} placeholder="reason, for the proposer" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
    </div>
  );
}

/** Whether a decision that is only noted is about the prompt of an agent that waits; without names it is about all. */
export function names(one: Ruling, agent: string): boolean {
  return ["approve", "reject", "veto"].includes(one.action) && (one.agent === "" || one.agent === agent);
}
