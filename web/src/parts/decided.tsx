// What a person decided about a run, and what waits for one.
import { quoted, useFolder, useLinks, usePlace } from "../context";
import type { Approval, Ruling } from "../view";
import { moment, plural, signedPercent } from "../words";
import { IntervalBar, Section } from "./figures";
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
  const { document } = usePlace();
  const { to } = useLinks();
  const run = useFolder();
  const open = approval.agents.filter((name) => !document.decided.some((one) => !one.taken && names(one, name)));
  return (
    <>
      <figure class="proof">
        <IntervalBar value={approval.net} interval={approval.figures.interval} large />
        <figcaption>
          <strong class="big">{signedPercent(approval.net)}</strong> net win rate on {plural(approval.figures.n, "input")} that the search never saw, 95% interval{" "}
          {signedPercent(approval.figures.interval[0])} to {signedPercent(approval.figures.interval[1])}
        </figcaption>
      </figure>
      {open.length > 0 ? (
        <>
          <p>
            Nothing ships before somebody has read and approved{" "}
            {open.map((name, place) => <>{place > 0 && ", "}<a href={to("prompts", { agent: name })}>{name}</a></>)}.
          </p>
          <Command text={`maspo steer ${run} approve ${open.map(quoted).join(" ")}`} />
        </>
      ) : (
        <p>All of it is decided; the run takes it up when it goes on.</p>
      )}
      <Command text={`maspo resume ${run}`} />
    </>
  );
}

/** Whether a decision that is only noted is about the prompt of an agent that waits; without names it is about all. */
export function names(one: Ruling, agent: string): boolean {
  return ["approve", "reject", "veto"].includes(one.action) && (one.agent === "" || one.agent === agent);
}
