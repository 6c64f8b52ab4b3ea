// The team, and how each agent did up to a step of the search.
import { useMemo } from "preact/hooks";
import { useLinks, usePlace } from "../context";
import { Counts, Facts, Nothing, Section } from "../parts/figures";
import { MOST_DRAWN, TeamGraph, winRate, type Figures } from "../parts/graph";
import { Table } from "../parts/table";
import type { Agent, Edge, LevelCounts, Step } from "../view";
import { number, percent, plural, signed, stepName } from "../words";

const NONE: LevelCounts = { wins: 0, losses: 0, ties: 0, undecided: 0 };

function sum(one: LevelCounts, other: LevelCounts): LevelCounts {
  return { wins: one.wins + other.wins, losses: one.losses + other.losses, ties: one.ties + other.ties, undecided: one.undecided + other.undecided };
}

/** What all steps so far tell of each agent: verdicts on its candidates, and whether its prompt stands changed. */
export function figuresUpTo(agents: readonly Agent[], steps: readonly Step[]): ReadonlyMap<string, Figures> {
  const found = new Map<string, Figures>(agents.map((agent) => [agent.name, { local: NONE, glob: NONE, misaligned: 0, inputs: 0, changed: false }]));
  const seeds = new Map(agents.map((agent) => [agent.name, agent.seed]));
  for (const step of steps) {
    const before = found.get(step.agent);
    if (!before) continue;
    let { local, glob, inputs } = before;
    for (const one of step.candidates) {
      local = sum(local, one.local);
      glob = sum(glob, one.glob);
      inputs += one.inputs;
    }
    // A person's pin or veto may have set it back to what it was.
    const changed = step.decision?.changed ? step.decision.after !== seeds.get(step.agent) : before.changed;
    // A case counts once, however many candidates of the step it stands against.
    found.set(step.agent, { local, glob, misaligned: before.misaligned + step.cases, inputs, changed });
  }
  return found;
}

/** What readers made of changes in all steps so far. */
function edgesUpTo(edges: readonly Edge[], steps: readonly Step[]): readonly Edge[] {
  const found = new Map<string, LevelCounts>();
  for (const step of steps) {
    for (const [reader, counts] of step.lookahead) {
      const edge = JSON.stringify([step.agent, reader]);
      found.set(edge, sum(found.get(edge) ?? NONE, counts));
    }
  }
  return edges.map((edge) => {
    const { wins, losses, ties } = found.get(JSON.stringify([edge.source, edge.reader])) ?? NONE;
    return { ...edge, wins, losses, ties, agreed: 0, disagreed: 0, withheld: null };
  });
}

export function Team() {
  const { document } = usePlace();
  const { query, choose, to, with: link } = useLinks();
  const steps = document.steps;
  const last = steps.length;
  const at = Math.max(0, Math.min(last, query.step === undefined ? last : Number(query.step) || 0));
  const figures = useMemo(() => figuresUpTo(document.agents, steps.slice(0, at)), [document, at]);
  // At the end the search has told them itself, also of steps that a report leaves out.
  const edges = useMemo(() => (at === last ? document.edges : edgesUpTo(document.edges, steps.slice(0, at))), [document, at]);
  const flows = document.agents.some((agent) => agent.called);
  const chosen = document.agents.find((agent) => agent.name === query.agent);
  if (document.agents.length === 0) return <><h1>Team</h1><Nothing>The team is known once the run has started.</Nothing></>;
  const here = at === 0 ? "before the search" : at === last ? "at the end of what is recorded" : `after step ${at}: ${steps[at - 1]?.agent ?? ""}, ${stepName(steps[at - 1]?.label ?? "").toLowerCase()}`;
  return (
    <>
      <h1>Team</h1>
      <p class="lead">
        {plural(document.agents.length, "agent")}, {plural(document.agents.filter((agent) => agent.changed).length, "new prompt")}. An arrow leads to the reader and carries its lookahead verdicts; bars show how often candidates won{document.agents.some((agent) => (figures.get(agent.name)?.misaligned ?? 0) > 0) && "; ⚠ counts cases in which one won and the team did not gain"}.
        {document.agents.length > MOST_DRAWN && ` ${plural(document.agents.length - MOST_DRAWN, "agent")} not drawn; the table has all.`}
      </p>
      {last > 0 && (
        <label class="slider">
          <span>
            Step {at} of {last}, {here}
          </span>
          <input type="range" min="0" max={last} value={at} onInput={(event) => choose({ step: event.currentTarget.value })} />
        </label>
      )}
      <TeamGraph agents={document.agents} edges={edges} figures={figures} chosen={chosen?.name ?? ""} link={(agent) => link({ agent })} />
      {chosen && <About agent={chosen} figures={figures.get(chosen.name)} />}
      <Section title="The same as a table">
        <Table
          caption="Agents"
          rows={document.agents}
          columns={[
            { name: "Agent", cell: (agent) => <a href={to("prompts", { agent: agent.name })}>{agent.name}</a>, value: (agent) => agent.name },
            { name: "Reads", cell: (agent) => agent.reads.join(", ") || "the input" },
            ...(flows ? [{ name: "Called", cell: (agent: Agent) => <span class="words called">{agent.called || "always, once"}</span>, value: (agent: Agent) => agent.called }] : []),
            { name: "Prompt", cell: (agent) => <span class="nowrap">{agent.changed ? `changed ${agent.times_changed}×` : "unchanged"}</span>, value: (agent) => agent.times_changed },
            { name: "Local", cell: (agent) => <Counts counts={figures.get(agent.name)?.local ?? NONE} />, value: (agent) => winRate(figures.get(agent.name)?.local ?? NONE) ?? -1 },
            { name: "Final answer", cell: (agent) => <Counts counts={figures.get(agent.name)?.glob ?? NONE} />, value: (agent) => winRate(figures.get(agent.name)?.glob ?? NONE) ?? -1 },
            { name: "Misaligned", cell: (agent) => number(figures.get(agent.name)?.misaligned ?? 0), value: (agent) => figures.get(agent.name)?.misaligned ?? 0, right: true },
            { name: "Calls an input", cell: (agent) => (agent.calls_mean === null ? "–" : `${agent.calls_mean.toFixed(1)}, at most ${agent.calls_most}`), value: (agent) => agent.calls_mean ?? 0, right: true },
            { name: "Repeated", cell: (agent) => number(agent.repeated), value: (agent) => agent.repeated, right: true },
          ]}
        />
        <Table
          caption="Edges"
          rows={edges}
          columns={[
            { name: "Source", cell: (edge) => edge.source, value: (edge) => edge.source },
            { name: "Reader", cell: (edge) => `${edge.reader}${edge.late ? ", in the next round" : ""}`, value: (edge) => edge.reader },
            { name: "Lookahead", cell: (edge) => <Counts counts={{ wins: edge.wins, losses: edge.losses, ties: edge.ties, undecided: 0 }} />, value: (edge) => edge.wins - edge.losses },
            { name: "Agrees with the final answer", cell: (edge) => (edge.agreed + edge.disagreed ? `${edge.agreed} of ${edge.agreed + edge.disagreed}` : "–"), value: (edge) => edge.agreed },
            { name: "Without it the answer differed", cell: (edge) => (edge.withheld?.share == null ? "not measured" : percent(edge.withheld.share)), value: (edge) => edge.withheld?.share ?? -1, right: true },
          ]}
        />
      </Section>
    </>
  );
}

function About({ agent, figures }: { agent: Agent; figures: Figures | undefined }) {
  const { to } = useLinks();
  return (
    <Section title={agent.name} aside={<a href={to("prompts", { agent: agent.name })}>Its prompt</a>}>
      <Facts
        facts={[
          ["Reads", agent.reads.join(", ") || "the input"],
          ["Called", agent.called || "always, once"],
          ["Local", <Counts counts={figures?.local ?? NONE} />],
          ["Final answer", <Counts counts={figures?.glob ?? NONE} />],
          ["Misalignment cases", <a href={to("cases", { agent: agent.name })}>{figures?.misaligned ?? 0}</a>],
          ["Expected worth", signed(agent.worth)],
          ["Calls an input", agent.calls_mean === null ? "not known" : `${agent.calls_mean.toFixed(2)} on average, at most ${agent.calls_most}; ${plural(agent.repeated, "repeated call")}`],
        ]}
      />
    </Section>
  );
}
