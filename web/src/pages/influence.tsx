// Who matters: whose rewrites reach the final answer, and along which edges.
import { useMemo } from "preact/hooks";
import { useLinks, usePlace } from "../context";
import { Counts, Nothing, Rate, Section, ShareBar } from "../parts/figures";
import { Table } from "../parts/table";
import { number, percent, signed } from "../words";

export function Influence() {
  const { document } = usePlace();
  const { to } = useLinks();
  const measured = useMemo(() => document.agents.filter((agent) => agent.influence).sort((one, other) => (other.influence?.share ?? 0) - (one.influence?.share ?? 0)), [document]);
  const not = document.agents.filter((agent) => !agent.influence);
  const edges = document.edges.filter((edge) => edge.withheld || edge.wins + edge.losses + edge.ties > 0);
  const gains = useMemo(() => [...document.agents].sort((one, other) => other.worth - one.worth), [document]);
  return (
    <>
      <h1>Who matters</h1>
      {document.hint && <p class="lead">Hint: {document.hint}</p>}
      {measured.length === 0 && edges.length === 0 ? (
        <Nothing>{document.state === "finished" ? "Not measured by this search." : "Known when the search has ended."}</Nothing>
      ) : (
        <>
          <Section title="Agents">
            <p class="quiet">How often the final answer differed when this agent alone was rewritten, with its 95% interval. Inputs were chosen by the search, and comparisons share them, so intervals are somewhat too narrow.</p>
            <Table
              caption="Influence of agents"
              rows={measured}
              columns={[
                { name: "Agent", cell: (agent) => <a href={to("prompts", { agent: agent.name })}>{agent.name}</a>, value: (agent) => agent.name },
                { name: "The final answer differed", cell: (agent) => <Rate share={agent.influence?.share ?? null} interval={agent.influence?.interval ?? [0, 1]} />, value: (agent) => agent.influence?.share ?? -1 },
                { name: "Judged", cell: (agent) => <Counts counts={{ wins: agent.influence?.wins ?? 0, losses: agent.influence?.losses ?? 0, ties: (agent.influence?.compared ?? 0) - (agent.influence?.wins ?? 0) - (agent.influence?.losses ?? 0), undecided: 0 }} /> },
                { name: "Of", cell: (agent) => `${agent.influence?.differed ?? 0} of ${agent.influence?.compared ?? 0}`, value: (agent) => agent.influence?.compared ?? 0, right: true },
              ]}
            />
            {not.length > 0 && <p class="quiet">Not measured, because no rewrite was tried alone: {not.slice(0, 12).map((agent) => agent.name).join(", ")}{not.length > 12 && ` and ${not.length - 12} more`}.</p>}
          </Section>
          <Section title="Edges">
            <Table
              caption="Influence of edges"
              rows={edges}
              columns={[
                { name: "Reader", cell: (edge) => edge.reader, value: (edge) => edge.reader },
                { name: "Reads", cell: (edge) => edge.source, value: (edge) => edge.source },
                { name: "Reader's output, when the source was rewritten", cell: (edge) => <Counts counts={{ wins: edge.wins, losses: edge.losses, ties: edge.ties, undecided: 0 }} />, value: (edge) => edge.wins - edge.losses },
                { name: "Without it, the final answer differed", cell: (edge) => (edge.withheld ? <Rate share={edge.withheld.share} interval={edge.withheld.interval} /> : <span class="quiet">not measured</span>), value: (edge) => edge.withheld?.share ?? -1 },
              ]}
            />
          </Section>
        </>
      )}
      {document.agents.some((agent) => agent.left_out) && (
        <Section title="Without its changes">
          <p class="quiet">The new prompts met themselves without the changes of one agent, on hold-out inputs.</p>
          <Table
            caption="Left out, by agent"
            rows={document.agents.filter((agent) => agent.left_out)}
            columns={[
              { name: "Agent", cell: (agent) => <a href={to("prompts", { agent: agent.name })}>{agent.name}</a>, value: (agent) => agent.name },
              { name: "Inputs that would be worse", cell: (agent) => number(agent.left_out?.worse_count ?? 0), value: (agent) => agent.left_out?.worse_count ?? 0, right: true },
              { name: "Better", cell: (agent) => number(agent.left_out?.better_count ?? 0), value: (agent) => agent.left_out?.better_count ?? 0, right: true },
              { name: "Tried on", cell: (agent) => number(agent.left_out?.inputs ?? 0), value: (agent) => agent.left_out?.inputs ?? 0, right: true },
            ]}
          />
        </Section>
      )}
      {gains.some((agent) => agent.worth !== 0) && (
        <Section title="Where the gain came from">
          <p class="quiet">The search's own estimate: the scores of accepted candidates, summed. The hold-out proves all changes together, never one of them.</p>
          <Table
            caption="Expected worth by agent"
            rows={gains}
            columns={[
              { name: "Agent", cell: (agent) => agent.name, value: (agent) => agent.name },
              { name: "Expected worth", cell: (agent) => signed(agent.worth), value: (agent) => agent.worth, right: true },
              { name: "Of all", cell: (agent) => (agent.share === null ? "–" : <span class="rate"><ShareBar share={agent.share} /> {percent(agent.share, 0)}</span>), value: (agent) => agent.share ?? 0 },
            ]}
          />
        </Section>
      )}
    </>
  );
}
