// Two to four runs side by side, on the inputs that they share.
import { useEffect, useMemo, useState } from "preact/hooks";
import { Counts, IntervalBar, Nothing, Outcome, Section } from "../parts/figures";
import { Table } from "../parts/table";
import { href, type Route } from "../route";
import type { Source } from "../source";
import type { Document } from "../view";
import { duration, inputName, number, percent, signedPercent } from "../words";

export function Compare({ source, route }: { source: Source; route: Route }) {
  const ids = useMemo(() => (route.query.runs ?? "").split(",").filter(Boolean).slice(0, 4), [route.query.runs]);
  const [loaded, setLoaded] = useState<readonly { readonly id: string; readonly one: Document }[] | null>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    Promise.all(ids.map(async (id) => ({ id, one: await source.document(id) }))).then((all) => setLoaded(all.flatMap(({ id, one }) => (one.kind === "run" ? [{ id, one }] : []))), (error: unknown) => setFailed(error instanceof Error ? error.message : String(error)));
  }, [ids, source]);
  const found = useMemo(() => (loaded ?? []).map(({ one }) => one), [loaded]);
  const shared = useMemo(() => {
    const [first, ...rest] = found.map((one) => new Map(one.inputs.map((row) => [row.id, row])));
    return first ? [...first.keys()].filter((id) => rest.every((rows) => rows.has(id))).map((id) => ({ id, rows: [first, ...rest].map((rows) => rows.get(id)) })) : [];
  }, [found]);
  if (ids.length < 2) return <><h1>Compare</h1><Nothing>Choose two to four runs on the page <a href={href("", "runs")}>Runs</a>.</Nothing></>;
  if (loaded === null) return <><h1>Compare</h1>{failed ? <p class="failure" role="alert">{failed}</p> : <p class="nothing">Loading …</p>}</>;
  const name = (one: Document, place: number) => `${one.folder || one.name} (${place + 1})`;
  const net = (one: Document) => {
    const rows = shared.map(({ id }) => one.inputs.find((row) => row.id === id));
    const count = (outcome: string) => rows.filter((row) => row?.outcome === outcome).length;
    return { wins: count("won"), losses: count("lost"), ties: count("tied"), undecided: count("undecided") };
  };
  const differing = shared.filter(({ rows }) => new Set(rows.map((row) => row?.outcome)).size > 1);
  return (
    <>
      <h1>Compare</h1>
      {failed && <p class="failure" role="alert">{failed}</p>}
      <p class="lead">{found.length} runs, {number(shared.length)} hold-out inputs in common. Each was tested against its own seed prompts.</p>
      <Table
        caption="Runs side by side"
        rows={loaded.map(({ id, one }, place) => ({ one, place, id }))}
        columns={[
          { name: "Run", cell: ({ one, place, id }) => <a href={href(id, "overview")}>{name(one, place)}</a> },
          { name: "Verdict", cell: ({ one }) => one.label },
          { name: "Net win rate, 95% interval", cell: ({ one }) => (one.holdout ? <><IntervalBar value={one.holdout.net} interval={one.holdout.figures.interval} bound={1} /> {signedPercent(one.holdout.net)}</> : "–"), value: ({ one }) => one.holdout?.net ?? -2 },
          { name: "On shared inputs", cell: ({ one }) => <Counts counts={net(one)} /> },
          { name: "Calls", cell: ({ one }) => number(one.cost.total.calls), value: ({ one }) => one.cost.total.calls, right: true },
          { name: "Money", cell: ({ one }) => one.cost.money, right: true },
          { name: "Time", cell: ({ one }) => duration(one.cost.seconds), value: ({ one }) => one.cost.seconds ?? 0, right: true },
          { name: "New prompts", cell: ({ one }) => one.agents.filter((agent) => agent.changed).map((agent) => agent.name).join(", ") || "none" },
          { name: "True accuracy", cell: ({ one }) => (one.truth ? `${percent(one.truth[0])} → ${percent(one.truth[1])}` : "–") },
        ]}
      />
      {shared.length > 0 && (
        <Section title={`Inputs that came out differently: ${number(differing.length)} of ${number(shared.length)}`}>
          <Table
            caption="Outcome of each run on shared inputs"
            rows={differing}
            columns={[
              { name: "Input", cell: ({ id, rows }) => inputName(id, rows[0]?.input ?? ""), value: ({ id }) => id },
              ...found.map((one, place) => ({ name: name(one, place), cell: ({ rows, id }: (typeof shared)[number]) => <a href={href(loaded[place]?.id ?? "", "inputs", { at: id })}><Outcome outcome={rows[place]?.outcome ?? ""} /></a> })),
            ]}
          />
        </Section>
      )}
    </>
  );
}
