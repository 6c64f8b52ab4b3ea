// The search: a lane for each agent, what was tried in it, and why drafts were refused.
import { useMemo } from "preact/hooks";
import { useNarrow } from "../parts/narrow";
import { useLinks, usePlace } from "../context";
import { Counts, IntervalBar, Nothing, Numbers, Outcome, Section } from "../parts/figures";
import { Choices, Filter, matches, Table } from "../parts/table";
import { Diff, Text } from "../parts/text";
import { Unfold } from "../parts/unfold";
import type { Candidate, Step } from "../view";
import { number, plural, sign, signed, stepName, triedFor } from "../words";

const LANE = 128;
const LEFT = 44;
/** Lanes that are drawn at once; the filter picks others. */
const MOST_LANES = 14;

export function Search() {
  const { document } = usePlace();
  const { query, choose, with: link } = useLinks();
  const wanted = query.find ?? "";
  const steps = useMemo(() => document.steps.filter((step) => matches(`${step.agent} ${step.label}`, wanted)), [document, wanted]);
  const lanes = useMemo(() => grouped(steps), [steps]);
  if (document.steps.length === 0) return <><h1>Search</h1><Nothing>No step of the search is recorded yet.</Nothing></>;
  const bound = largest(document.steps);
  const show = query.show ?? "lanes";
  const held = document.steps.reduce((all, step) => all + step.candidates.length, 0);
  const told = document.steps.some((step) => step.candidates.some((one) => one.score_interval));
  return (
    <>
      <h1>Search</h1>
      <p class="lead">
        {plural(document.steps_count, "step")}, {plural(document.candidates_count, "candidate")}
        {held < document.candidates_count && `; the latest ${number(held)} are told here`}
        {document.more.length > 0 && `; ${document.more.join("; ")}`}.
      </p>
      <div class="bar">
        <Choices label="What is shown" chosen={show} link={(value) => link({ show: value })} choices={[["lanes", "Lanes"], ["candidates", "Candidates"], ["refused", "Refused drafts"], ["comparisons", "Comparisons"]]} />
        <Filter label="Filter" value={wanted} onChange={(value) => choose({ find: value })} />
      </div>
      {query.a && query.b ? <Pair one={query.a} other={query.b} /> : query.a ? <p class="hint">{shorten(query.a)} is chosen; choose another candidate to compare them. <a href={link({ a: "" })}>Clear</a></p> : null}
      {show === "lanes" && (
        <>
          <p class="quiet">● kept, ○ dropped, ▲ below: a new prompt was accepted. The height is the expected worth: what a candidate adds to a comparison, from −½ to ½{told && "; the line through it is the 95% interval"}. Choose two candidates to see how they differ.</p>
          {[...lanes].slice(0, MOST_LANES).map(([agent, some]) => (
            <Lane agent={agent} steps={some} bound={bound} />
          ))}
          {lanes.size > MOST_LANES && <p class="quiet">{plural(lanes.size - MOST_LANES, "more agent")}: filter by name to see their lanes.</p>}
          {(document.proxy.length > 0 || document.screened.length > 0) && <Proxy />}
        </>
      )}
      {show === "candidates" && <CandidateTable steps={steps} />}
      {show === "refused" && <Refused steps={steps} />}
      {show === "comparisons" && <Comparisons wanted={wanted} />}
    </>
  );
}

function grouped(steps: readonly Step[]): ReadonlyMap<string, readonly Step[]> {
  const found = new Map<string, Step[]>();
  for (const step of steps) {
    const some = found.get(step.agent);
    if (some) some.push(step);
    else found.set(step.agent, [step]);
  }
  return found;
}

function largest(steps: readonly Step[]): number {
  let most = 0.02;
  for (const step of steps) for (const one of step.candidates) most = Math.max(most, ...(one.score_interval ?? [one.score]).map(Math.abs));
  return most;
}

function shorten(id: string): string {
  return id.slice(0, 8);
}

/** What a candidate is expected to add, with its 95% interval where the search tells one. */
function worth({ score, score_interval: between }: Candidate): string {
  return between ? `${signed(score)} (${signed(between[0])} to ${signed(between[1])})` : signed(score);
}

function usePicking() {
  const { query, with: link } = useLinks();
  return (id: string) => (query.a && query.a !== id && !query.b ? link({ b: id }) : link({ a: id, b: "" }));
}

function Lane({ agent, steps, bound }: { agent: string; steps: readonly Step[]; bound: number }) {
  const { query, to } = useLinks();
  const pick = usePicking();
  const WIDTH = useNarrow() ? 400 : 900;
  const x = (place: number, nth: number, of: number) => {
    const width = (WIDTH - LEFT - 10) / steps.length;
    return LEFT + width * (place + 0.12 + (0.76 * (nth + 0.5)) / Math.max(1, of));
  };
  const y = (score: number) => LANE / 2 - (Math.max(-bound, Math.min(bound, score)) / bound) * (LANE / 2 - 14);
  const candidates = steps.reduce((all, step) => all + step.candidates.length, 0);
  const changes = steps.filter((step) => step.decision?.changed && !step.decision.ruled).length;
  const refused = steps.reduce((all, step) => all + step.rejected_count, 0);
  const told = `${agent}: ${plural(candidates, "candidate")} in ${plural(steps.length, "step")}, ${plural(changes, "new prompt")}`;
  const stride = Math.ceil(steps.length / (WIDTH / 37));
  return (
    <section class="lane" aria-label={agent}>
      <div class="lane-head">
        <h2><a href={to("prompts", { agent })}>{agent}</a></h2>
        <p class="quiet">
          {plural(candidates, "candidate")}, {plural(changes, "new prompt")}
          {refused > 0 && `, ${plural(refused, "draft")} refused`}
        </p>
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${LANE + 18}`} role="img" aria-label={told}>
        <title>{told}</title>
        <line class="zero" x1={LEFT} x2={WIDTH - 10} y1={LANE / 2} y2={LANE / 2} />
        {[bound, 0, -bound].map((tick) => (
          <text class="tick" x={LEFT - 6} y={y(tick) + 4} text-anchor="end">{signed(tick, 2)}</text>
        ))}
        {steps.map((step, place) => {
          const left = LEFT + ((WIDTH - LEFT - 10) / steps.length) * place;
          return (
            <g>
              {place > 0 && <line class="grid" x1={left} x2={left} y1="6" y2={LANE - 2} />}
              {place % stride === 0 && <text class="tick" x={left + (WIDTH - LEFT - 10) / steps.length / 2} y={LANE + 12} text-anchor="middle">{step.decision?.ruled ? "decided" : step.label}</text>}
              {step.decision?.changed && !step.decision.ruled && <polygon class="changed" points={`${x(place, 0.5, 2)},${LANE - 11} ${x(place, 0.5, 2) - 6},${LANE - 1} ${x(place, 0.5, 2) + 6},${LANE - 1}`} />}
              {step.candidates.map((one, nth) => {
                const [cx, cy] = [x(place, nth, step.candidates.length), y(one.score)];
                const chosen = one.id === query.a || one.id === query.b;
                return (
                  <g class={`dot ${one.kept ? "kept" : "dropped"} ${chosen ? "chosen" : ""}`} onClick={() => { location.hash = pick(one.id); }}>
                    {one.score_interval && <line class="spread" x1={cx} x2={cx} y1={y(one.score_interval[0])} y2={y(one.score_interval[1])} />}
                    <circle cx={cx} cy={cy} r={chosen ? 7 : 4.5}>
                      <title>{`${shorten(one.id)}: expected worth ${worth(one)}, ${one.kept ? "kept" : "dropped"}, ▲${one.glob.wins} ▼${one.glob.losses}`}</title>
                    </circle>
                  </g>
                );
              })}
            </g>
          );
        })}
      </svg>
      <Unfold summary="Step by step">
        {() => (
          <ol class="rounds">
            {steps.map((step) => (
              <li>
                <strong>{stepName(step.label)}</strong>{" "}
                {step.tried.map((tried) => (
                  <span class="tried">{triedFor(tried.purpose)} <Counts counts={tried.counts} /></span>
                ))}
                {step.decision ? <span>{step.decision.ruled ? "Set back" : step.decision.changed ? "New prompt" : "Kept"}: {step.decision.reason}. {step.decision.changed && <a href={to("search", { ...query, a: step.decision.before, b: step.decision.after })}>What changed</a>}</span> : <span class="quiet">not decided</span>}
              </li>
            ))}
          </ol>
        )}
      </Unfold>
    </section>
  );
}

function Proxy() {
  const { document } = usePlace();
  return (
    <Section title="The proxy">
      {document.proxy.map((line) => <p>{line}</p>)}
      {document.screened.length > 0 && (
        <Table
          caption="Drafts that it looked at"
          rows={document.screened}
          columns={[
            { name: "Agent", cell: (one) => one.agent, value: (one) => one.agent },
            { name: "Looked at", cell: (one) => number(one.asked), value: (one) => one.asked, right: true },
            { name: "Kept", cell: (one) => number(one.kept), value: (one) => one.kept, right: true },
            { name: "Dropped", cell: (one) => number(one.dropped), value: (one) => one.dropped, right: true },
            { name: "Tried as an audit", cell: (one) => number(one.audited), value: (one) => one.audited, right: true },
          ]}
        />
      )}
      {document.screened_count > document.screened.length && <p class="quiet">{plural(document.screened_count - document.screened.length, "more agent")} not shown.</p>}
    </Section>
  );
}

interface Row {
  readonly step: Step;
  readonly one: Candidate;
}

function CandidateTable({ steps }: { steps: readonly Step[] }) {
  const { query } = useLinks();
  const pick = usePicking();
  const rows = useMemo<readonly Row[]>(() => steps.flatMap((step) => step.candidates.map((one) => ({ step, one }))), [steps]);
  return (
    <Table
      caption="Candidates, with 95% intervals; choose two to see how they differ"
      rows={rows}
      columns={[
        { name: "Candidate", cell: ({ one }) => <a href={pick(one.id)} aria-current={one.id === query.a || one.id === query.b ? "true" : undefined}><code>{shorten(one.id)}</code></a>, value: ({ one }) => one.id },
        { name: "Agent", cell: ({ step }) => step.agent, value: ({ step }) => step.agent },
        { name: "Step", cell: ({ step }) => step.label, value: ({ step }) => Number(step.label) || 0, right: true },
        { name: "Expected worth", cell: ({ one }) => worth(one), value: ({ one }) => one.score, right: true },
        { name: "Net win rate", cell: ({ one }) => (one.interval ? <IntervalBar value={(one.glob.wins - one.glob.losses) / Math.max(1, one.glob.wins + one.glob.losses + one.glob.ties)} interval={one.interval} bound={0.5} /> : "–"), value: ({ one }) => one.interval?.[0] ?? -2 },
        { name: "Final answer", cell: ({ one }) => <Numbers counts={one.glob} />, value: ({ one }) => one.glob.wins - one.glob.losses },
        { name: "Local", cell: ({ one }) => <Numbers counts={one.local} />, value: ({ one }) => one.local.wins - one.local.losses },
        { name: "Misaligned", cell: ({ one }) => number(one.misaligned), value: ({ one }) => one.misaligned, right: true },
        { name: "Outcome", cell: ({ one }) => (one.kept ? "kept" : <span class="quiet">dropped</span>), value: ({ one }) => (one.kept ? 1 : 0) },
      ]}
    />
  );
}

function Pair({ one, other }: { one: string; other: string }) {
  const { document } = usePlace();
  const { with: link } = useLinks();
  const [before, after] = [document.prompts[one], document.prompts[other]];
  return (
    <Section title={`${shorten(one)} → ${shorten(other)}`} aside={<a href={link({ a: "", b: "" })}>Clear</a>}>
      {before === undefined || after === undefined ? <p class="quiet">The text of one of them was left out of this report to keep it small; the run folder has it.</p> : <Diff before={before} after={after} />}
    </Section>
  );
}

function Refused({ steps }: { steps: readonly Step[] }) {
  const refused = steps.flatMap((step) => step.rejected.map((draft) => ({ step, draft })));
  const count = steps.reduce((all, step) => all + step.rejected_count, 0);
  if (count === 0) return <Nothing>No draft was refused.</Nothing>;
  return (
    <Section title={`${plural(count, "draft")} refused`}>
      {refused.map(({ step, draft }) => (
        <article class="card">
          <h3>{step.agent}, {stepName(step.label).toLowerCase()}: {draft.reason}</h3>
          <Text text={draft.text} />
        </article>
      ))}
      {count > refused.length && <p class="quiet">{plural(count - refused.length, "more draft")} not told here.</p>}
    </Section>
  );
}

function Comparisons({ wanted }: { wanted: string }) {
  const { document } = usePlace();
  const { to } = useLinks();
  const rows = useMemo(() => document.comparisons.filter((one) => matches(`${one.step} ${one.purpose} ${one.input_key} ${one.label} ${one.glob} ${one.misaligned ? "misaligned" : ""}`, wanted)), [document, wanted]);
  return (
    <>
      <p class="quiet">{number(rows.length)} of {plural(document.comparisons_count, "comparison")} of the search{document.comparisons_count > document.comparisons.length && "; a report holds those that say most"}.</p>
      <Table
        caption="Comparisons"
        rows={rows}
        columns={[
          { name: "Step", cell: (one) => one.step, value: (one) => one.step },
          { name: "For", cell: (one) => triedFor(one.purpose), value: (one) => triedFor(one.purpose) },
          { name: "Input", cell: (one) => (one.label && one.label !== one.input_key ? one.label : <code>{one.input_key.slice(0, 10)}</code>), value: (one) => one.label || one.input_key },
          { name: "Local", cell: (one) => <Outcome outcome={one.local} />, value: (one) => sign(one.local).word },
          { name: "Lookahead", cell: (one) => one.lookahead.map(([name, verdict]) => <span>{name} <Outcome outcome={verdict} /> </span>) },
          { name: "Final answer", cell: (one) => <Outcome outcome={one.glob} />, value: (one) => sign(one.glob).word },
          { name: "Misaligned", cell: (one) => (one.misaligned ? "⚠ yes" : ""), value: (one) => (one.misaligned ? 1 : 0) },
          { name: "Trace", cell: (one) => (one.kept ? <a href={to("inputs", { trace: one.key })}>open</a> : "") },
        ]}
      />
    </>
  );
}
