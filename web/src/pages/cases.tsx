// Misalignment cases and conflicts: what an agent wrote better and the team did worse with.
import { useEffect, useMemo, useState } from "preact/hooks";
import { useLinks, usePlace } from "../context";
import { useAct } from "../parts/controls";
import { Nothing, Outcome, Section } from "../parts/figures";
import { Choices, Filter, matches, Pick } from "../parts/table";
import { Diff, Save, Text } from "../parts/text";
import { SaidList } from "../parts/trace";
import { Unfold } from "../parts/unfold";
import type { Case } from "../view";
import { inputName, plural, signed } from "../words";

export function Cases() {
  const { document } = usePlace();
  const { query, choose, with: link } = useLinks();
  const wanted = query.find ?? "";
  const found = useMemo(
    () => document.cases.filter((one) => (!query.agent || one.agent === query.agent) && matches(`${one.agent} ${one.label} ${one.input} ${one.loss}`, wanted)),
    [document, query.agent, wanted],
  );
  const chosen = found.find((one) => one.id === query.at) ?? found[0];
  // The list says which pairs have been judged.
  const [, judged] = useState(verdicts.size);
  return (
    <>
      <h1>Cases</h1>
      <p class="lead">
        Inputs on which a candidate won locally, and a reader or the final answer did not gain. {plural(document.cases_count, "case")} found
        {document.cases.length > 0 && document.cases_count > document.cases.length && `, the latest ${document.cases.length} shown`}.
      </p>
      {document.conflicts.length > 0 && !query.blind && (
        <Section title="Agents in conflict">
          {document.conflicts.map((one) => (
            <article class="card">
              <h3>{one.agents[0]} and {one.agents[1]}</h3>
              <p>{one.text.replace(/^./, (letter) => letter.toUpperCase())}.</p>
              <p>
                On{" "}
                {one.inputs.map(([name, id], place) => (
                  <>
                    {place > 0 && ", "}
                    {id ? <a href={link({ at: id, find: "", agent: "" })}>{name}</a> : name}
                  </>
                ))}
                {one.inputs_count > one.inputs.length && ` and ${one.inputs_count - one.inputs.length} more`}
              </p>
              <p class="quiet">alone {signed(one.alone[0])} and {signed(one.alone[1])}, together {signed(one.together)}</p>
            </article>
          ))}
          {document.conflicts_count > document.conflicts.length && <p class="quiet">{plural(document.conflicts_count - document.conflicts.length, "earlier conflict")} not shown.</p>}
        </Section>
      )}
      {document.cases.length === 0 ? (
        <Nothing>{document.cases_count > 0 ? "Their texts are written down when the search has ended." : document.state === "finished" ? "No case was found." : "No case was found yet."}</Nothing>
      ) : (
        <>
          <div class="bar">
            <Filter label="Filter" value={wanted} onChange={(value) => choose({ find: value })} />
            {query.agent && <a href={link({ agent: "" })}>Cases of all agents</a>}
            <a href={link({ blind: query.blind ? "" : "yes" })} data-blind-switch>{query.blind ? "See who wrote what" : "Judge blind"}</a>
          </div>
          <Pick
            label="Cases"
            chosen={chosen?.id ?? ""}
            link={(id) => link({ at: id })}
            items={found.map((one) => (query.blind ? { id: one.id, title: inputName(one.label, one.input), note: verdicts.has(one.id) ? "judged" : "" } : { id: one.id, title: `${one.agent} on ${inputName(one.label, one.input)}`, note: one.loss }))}
          >
            {chosen && (query.blind ? <Blind key={chosen.id} one={chosen} judged={() => judged(verdicts.size)} /> : <Detail one={chosen} />)}
          </Pick>
        </>
      )}
    </>
  );
}

function Detail({ one }: { one: Case }) {
  const { document } = usePlace();
  const { to, query, with: link } = useLinks();
  const view = query.view ?? "both";
  const verdicts = (agent: string, level: string) => one.said.find((said) => said.level === level && (level === "global" || said.agent === agent));
  const [before, after] = [document.prompts[one.reference], document.prompts[one.candidate]];
  return (
    <>
      <h2>{one.agent} on {inputName(one.label, one.input)}</h2>
      <p>{one.agent} wrote something better, and {one.loss}. <a href={to("search", { find: one.agent })}>Its lane</a>{one.trace && <>, <a href={to("inputs", { trace: one.trace })}>the whole trace</a></>}.</p>
      <h3>Input</h3>
      <Text text={one.input} />
      <Choices label="How outputs are shown" chosen={view} link={(value) => link({ view: value })} choices={[["both", "Side by side"], ["diff", "What changed"]]} />
      {one.outputs.map(([agent, old, fresh], place) => {
        const level = place === 0 ? "local" : "lookahead";
        const said = verdicts(agent, level);
        const lost = one.lost.includes(agent);
        return (
          <section class="level" aria-label={`${agent}, before and after`}>
            <h3>
              {place === 0 ? "Local" : "Downstream"}: {agent} {said ? <Outcome outcome={said.verdict} /> : place === 0 ? <Outcome outcome="win" /> : lost ? <span class="outcome bad">▼ did not improve</span> : null}
            </h3>
            {view === "diff" ? (
              <Diff before={old} after={fresh} />
            ) : (
              <div class="two">
                <div><h4>With the prompt before</h4><Text text={old} /></div>
                <div><h4>With the candidate</h4><Text text={fresh} /></div>
              </div>
            )}
          </section>
        );
      })}
      {one.final && (
        <section class="level" aria-label="The final answer">
          <h3>Final answer <Outcome outcome={one.final} /></h3>
          {one.settled && <p class="quiet">The judge had said enough of these two answers on this input before, and was not asked again.</p>}
        </section>
      )}
      {one.said.length > 0 && <><h3>What the judge said</h3><SaidList said={one.said} /></>}
      {before !== undefined && after !== undefined && (
        <Unfold summary="What changed in the prompt">
          {() => (
            <Diff before={before} after={after} />
          )}
        </Unfold>
      )}
    </>
  );
}

/** What a person said of pairs, kept as long as the page is open. */
const verdicts = new Map<string, string>();

function Blind({ one, judged }: { one: Case; judged: () => void }) {
  const { source, route, actions, say, document } = usePlace();
  const act = useAct(source, route.run, say);
  const [said, setSaid] = useState(verdicts.get(one.id) ?? "");
  const last = one.outputs.at(-1);
  // The same pair is always shown in the same order, and the order follows from nothing that the reader can see.
  const turned = useMemo(() => [...`${one.id}${one.input_key}`].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) >>> 0, 7) % 2 === 1, [one]);
  const decide = (choice: "1" | "2" | "t") => {
    if (verdicts.has(one.id)) return; // By now the judge's verdict is shown, so a second one would not be blind.
    const verdict = choice === "t" ? "tie" : (choice === "1") === turned ? "win" : "loss";
    verdicts.set(one.id, verdict);
    setSaid(verdict);
    judged();
    if (actions) void act({ action: "judge", case: one.trace || one.id, verdict });
  };
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLElement && event.target.matches("input, select")) return;
      if (event.key === "1" || event.key === "2" || event.key === "t") decide(event.key);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [one, turned]);
  if (!last) return <p class="quiet">Nothing to compare.</p>;
  const [first, second] = turned ? [last[2], last[1]] : [last[1], last[2]];
  const of = one.said.filter((each) => each.agent === last[0]);
  const judge = (of.find((each) => each.level === "global") ?? of[0])?.verdict;
  const lines = () => [...verdicts].map(([id, verdict]) => JSON.stringify({ run: document.id, pair: document.cases.find((each) => each.id === id)?.trace || id, verdict })).join("\n");
  return (
    <div class="blind" data-blind>
      <h2>Which is better? {inputName(one.label, one.input)}</h2>
      <p class="quiet">You see neither which prompt wrote which nor what the judge said. Press 1, 2, or t for equally good; j goes on to the next.{actions && " Your verdicts are kept with the run; the page Judge tells how often the judge agrees."}</p>
      <Text text={one.input} />
      <div class="two">
        <div><h3>1</h3><Text text={first ?? ""} /></div>
        <div><h3>2</h3><Text text={second ?? ""} /></div>
      </div>
      <div class="buttons" role="group" aria-label="Your verdict">
        <button type="button" disabled={said !== ""} onClick={() => decide("1")}>1 is better</button>
        <button type="button" disabled={said !== ""} onClick={() => decide("2")}>2 is better</button>
        <button type="button" disabled={said !== ""} onClick={() => decide("t")}>Equally good</button>
        {verdicts.size > 0 && <Save name="human.jsonl" label={`Download your ${plural(verdicts.size, "verdict")}`} text={lines} />}
      </div>
      <p role="status">
        {said && (
          <>
            You: the candidate <Outcome outcome={said} />. The judge: {judge ? <Outcome outcome={judge} /> : "was not asked"}.
          </>
        )}
      </p>
    </div>
  );
}
