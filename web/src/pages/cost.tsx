// Where calls, tokens, money and time went.
import { usePlace } from "../context";
import { BurnChart } from "../parts/burn";
import { Facts, Nothing, Section, ShareBar } from "../parts/figures";
import { Table } from "../parts/table";
import type { CostChangeFigures, LostCall, Spent } from "../view";
import { duration, money, number, plural, signedPercent } from "../words";

export function Cost() {
  const { document } = usePlace();
  const { cost } = document;
  if (!cost.total.calls) return <><h1>Cost and time</h1><Nothing>Nothing was spent so far.</Nothing></>;
  return (
    <>
      <h1>Cost and time</h1>
      <Facts
        facts={[
          ["Calls", `${number(cost.total.calls)}${cost.cap_calls ? ` of at most ${number(cost.cap_calls)}` : ""}`],
          ...(cost.planned_calls ? [["Expected", `about ${plural(cost.planned_calls, "call")}`] as const] : []),
          ["Money", `${cost.money}${cost.cap_usd ? ` of at most ${money(cost.cap_usd)}` : ""}`],
          ...(cost.thoughts ? [["Tokens of thoughts", cost.thoughts] as const] : []),
          ["Time", `${duration(cost.seconds)}${cost.cap_minutes ? ` of at most ${duration(60 * cost.cap_minutes)}` : ""}`],
          ["Not asked again", plural(cost.total.cached, "call")],
          ["Failed", plural(cost.total.failed, "attempt")],
          ...(document.state === "finished" ? [] : [["In flight", number(cost.in_flight)] as const]),
        ]}
      />
      <BurnChart cost={cost} working={document.state === "running"} />
      {cost.in_use && <InUse change={cost.in_use} simulated={document.simulated} />}
      <Spending title="By purpose" rows={cost.purposes} whole={cost.total} simulated={document.simulated} />
      <Spending title="By agent" rows={cost.agents} whole={cost.total} simulated={document.simulated} recorded />
      <Spending title="By model" rows={cost.models} whole={cost.total} simulated={document.simulated} recorded />
      {cost.latency.length > 0 && (
        <Section title="How long replies took">
          <Table
            caption="Latency"
            shown={false}
            rows={cost.latency}
            columns={[
              { name: "Purpose", cell: (one) => one.name, value: (one) => one.name },
              { name: "Replies", cell: (one) => number(one.n), value: (one) => one.n, right: true },
              { name: "Median", cell: (one) => duration(one.median), value: (one) => one.median, right: true },
              { name: "90%", cell: (one) => duration(one.p90), value: (one) => one.p90, right: true },
              { name: "99%", cell: (one) => duration(one.p99), value: (one) => one.p99, right: true },
              { name: "Longest", cell: (one) => duration(one.longest), value: (one) => one.longest, right: true },
            ]}
          />
        </Section>
      )}
      {cost.health.length > 0 && (
        <Section title="What came back otherwise than asked for">
          <ul class="plain">{cost.health.map((line) => <li>{line}</li>)}</ul>
        </Section>
      )}
      {cost.lost_count > 0 && (
        <Section title={`${plural(cost.lost_count, "call")} failed for good`}>
          <Table
            caption="Calls that failed for good, the latest first"
            rows={grouped(cost.lost)}
            columns={[
              { name: "Purpose", cell: (one) => one.purpose, value: (one) => one.purpose },
              { name: "Agent", cell: (one) => one.agent, value: (one) => one.agent },
              { name: "What came", cell: (one) => one.outcome, value: (one) => one.outcome },
              { name: "Attempts", cell: (one) => number(one.attempts), value: (one) => one.attempts, right: true },
              { name: "Calls", cell: (one) => number(one.calls), value: (one) => one.calls, right: true },
              { name: "Reason", cell: (one) => <span class="words">{one.reason}</span> },
            ]}
          />
          {cost.lost_count > cost.lost.length && <p class="quiet">{plural(cost.lost_count - cost.lost.length, "earlier call")} not told here.</p>}
        </Section>
      )}
      {cost.unsettled_count > 0 && (
        <Section title="Possibly billed twice">
          <p>These calls were in flight when the run was killed; their replies are not recorded, so they were asked again. Together {cost.unsettled_bound}.</p>
          <Table
            caption="Calls possibly billed twice"
            shown={false}
            rows={cost.unsettled}
            columns={[
              { name: "Purpose", cell: (one) => one.purpose },
              { name: "Agent", cell: (one) => one.agent },
              { name: "Model", cell: (one) => one.model },
              { name: "At most", cell: (one) => money(one.usd), right: true },
            ]}
          />
          {cost.unsettled_count > cost.unsettled.length && <p class="quiet">{plural(cost.unsettled_count - cost.unsettled.length, "earlier call")} not told here.</p>}
        </Section>
      )}
    </>
  );
}

/** Calls that failed in the same way stand in one row. */
function grouped(lost: readonly LostCall[]): readonly (LostCall & { calls: number })[] {
  const found = new Map<string, LostCall & { calls: number }>();
  for (const one of lost) {
    const key = JSON.stringify(one);
    const known = found.get(key);
    if (known) known.calls += 1;
    else found.set(key, { ...one, calls: 1 });
  }
  return [...found.values()];
}

/** What the team itself costs from now on, with the seed prompts and with the new ones. */
function InUse({ change, simulated }: { change: CostChangeFigures; simulated: boolean }) {
  const { before, after } = change;
  const count = (value: number) => number(Math.round(value));
  const rows: readonly (readonly [string, number | null, number | null, (value: number) => string])[] = [
    ["Calls", before.calls, after.calls, count],
    ["Tokens in", before.tokens_in, after.tokens_in, count],
    ["Tokens out", before.tokens_out, after.tokens_out, count],
    ["Money", before.usd, after.usd, (value) => money(value, simulated)],
  ];
  const told = (value: number | null, say: (value: number) => string) => (value === null ? "unknown" : say(value));
  return (
    <Section title="What 1,000 inputs cost in use">
      <Table
        caption={`The team's own calls, measured on ${plural(change.measured_on, "held-out input")}`}
        rows={rows.filter(([name, old]) => name !== "Money" || (old !== null && !simulated))}
        columns={[
          { name: "Of 1,000 inputs", cell: ([name]) => name },
          { name: "Seed prompts", cell: ([, old, , say]) => told(old, say), right: true },
          { name: "New prompts", cell: ([, , now, say]) => told(now, say), right: true },
          { name: "Change", cell: ([, old, now]) => (old && now !== null ? signedPercent(now / old - 1) : ""), right: true },
        ]}
      />
    </Section>
  );
}

function Spending({ title, rows, whole, simulated, recorded = false }: { title: string; rows: readonly Spent[]; whole: Spent; simulated: boolean; recorded?: boolean }) {
  if (rows.length === 0) return null;
  const tokens = (one: Spent) => one.tokens_in + one.tokens_out;
  const known = (one: Spent, count: number) => (one.unmetered ? (count ? `≥ ${number(count)}` : "unknown") : number(count));
  return (
    <Section title={title}>
      <Table
        caption={recorded ? `${title}: calls whose replies are recorded` : title}
        shown={recorded}
        rows={rows}
        columns={[
          { name: title.slice(3).replace(/^./, (letter) => letter.toUpperCase()), cell: (one) => one.name, value: (one) => one.name },
          { name: "Calls", cell: (one) => number(one.calls), value: (one) => one.calls, right: true },
          { name: "Of all", cell: (one) => <ShareBar share={whole.calls ? one.calls / whole.calls : 0} /> },
          ...(recorded ? [] : [
            { name: "Cached", cell: (one: Spent) => number(one.cached), value: (one: Spent) => one.cached, right: true },
            { name: "Failed", cell: (one: Spent) => number(one.failed), value: (one: Spent) => one.failed, right: true },
          ]),
          { name: "Tokens in", cell: (one) => known(one, one.tokens_in), value: (one) => one.tokens_in, right: true },
          { name: "Tokens out", cell: (one) => known(one, one.tokens_out), value: (one) => one.tokens_out, right: true },
          { name: "Of all tokens", cell: (one) => <ShareBar share={tokens(whole) ? tokens(one) / tokens(whole) : 0} /> },
          { name: "Money", cell: (one) => money(one.usd, simulated), value: (one) => one.usd ?? -1, right: true },
        ]}
      />
    </Section>
  );
}
