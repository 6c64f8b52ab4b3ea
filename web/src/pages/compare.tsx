// Two to four runs side by side, on the inputs that they share, and prompt against prompt.
import { useEffect, useMemo, useState } from "preact/hooks";
import { Counts, IntervalBar, Nothing, Outcome, Section } from "../parts/figures";
import { useNarrow } from "../parts/narrow";
import { Table, Which, type Column } from "../parts/table";
import { Diff, Told } from "../parts/text";
import { href, replace, type Route } from "../route";
import type { Source } from "../source";
import type { Agent, Approval, Document, InputRow } from "../view";
import { duration, inputName, number, percent, plural, signedPercent } from "../words";

interface Loaded {
  readonly id: string;
  readonly name: string;
  readonly one: Document;
}

interface Shared {
  readonly id: string;
  readonly rows: readonly (InputRow | undefined)[];
}

export function Compare({ source, route }: { source: Source; route: Route }) {
  const ids = useMemo(() => (route.query.runs ?? "").split(",").filter(Boolean).slice(0, 4), [route.query.runs]);
  const [loaded, setLoaded] = useState<readonly Loaded[] | null>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    Promise.all(ids.map(async (id) => ({ id, one: await source.document(id) }))).then((all) => setLoaded(named(all.flatMap(({ id, one }) => (one.kind === "run" ? [{ id, one }] : [])))), (error: unknown) => setFailed(error instanceof Error ? error.message : String(error)));
  }, [ids, source]);
  const others = <a href={href("", "runs", { runs: ids.join(",") })}>Choose others</a>;
  if (ids.length < 2) return <><h1>Compare</h1><Nothing>Choose two to four runs on the page <a href={href("", "runs")}>Runs</a>.</Nothing></>;
  if (loaded === null) return <><h1>Compare</h1>{failed ? <p class="failure" role="alert">{failed} {others}</p> : <p class="nothing">Loading …</p>}</>;
  return <Compared runs={loaded} route={route} others={others} />;
}

/** Runs by the name of their folder, with their place where two have the same. */
function named(runs: readonly { readonly id: string; readonly one: Document }[]): readonly Loaded[] {
  const names = runs.map(({ one }) => one.folder || one.name);
  return runs.map((run, place) => ({ ...run, name: names.filter((name) => name === names[place]).length > 1 ? `${names[place]} (${place + 1})` : (names[place] ?? "") }));
}

function Compared({ runs, route, others }: { runs: readonly Loaded[]; route: Route; others: preact.JSX.Element }) {
  const narrow = useNarrow();
  const shared = useMemo<readonly Shared[]>(() => {
    const [first, ...rest] = runs.map(({ one }) => new Map(one.inputs.map((row) => [row.id, row])));
    return first ? [...first.keys()].filter((id) => rest.every((rows) => rows.has(id))).map((id) => ({ id, rows: [first, ...rest].map((rows) => rows.get(id)) })) : [];
  }, [runs]);
  const differing = shared.filter(({ rows }) => new Set(rows.map((row) => row?.outcome)).size > 1);
  const counted = (place: number) => {
    const count = (outcome: string) => shared.filter(({ rows }) => rows[place]?.outcome === outcome).length;
    return { wins: count("won"), losses: count("lost"), ties: count("tied"), undecided: count("undecided") };
  };
  const some = runs.map((run, place) => ({ ...run, place }));
  const columns: readonly Column<(typeof some)[number]>[] = [
    { name: "Run", cell: ({ name, one, id }) => <><a href={href(id, "overview")}>{name}</a>{narrow && <span class="below">{one.label}</span>}</> },
    ...(narrow ? [] : [{ name: "Verdict", cell: ({ one }: Loaded) => one.label }]),
    { name: "Net win rate, 95% interval", cell: ({ one }) => <Net tested={one.holdout ?? one.approval} />, value: ({ one }) => (one.holdout ?? one.approval)?.net ?? -2 },
    { name: "On shared inputs", cell: ({ place }) => <Counts counts={counted(place)} /> },
    ...(runs.some(({ one }) => one.truth) ? [{ name: "True accuracy", cell: ({ one }: Loaded) => (one.truth ? `${percent(one.truth[0])} → ${percent(one.truth[1])}` : "–") }] : []),
    { name: "Calls", cell: ({ one }) => number(one.cost.total.calls), value: ({ one }) => one.cost.total.calls, right: true },
    { name: "Money", cell: ({ one }) => one.cost.money, right: true },
    { name: "Time", cell: ({ one }) => duration(one.cost.seconds), value: ({ one }) => one.cost.seconds ?? 0, right: true },
  ];
  return (
    <>
      <h1>Compare</h1>
      <p class="lead">
        {plural(runs.length, "run")}, {shared.length === 0 ? "no hold-out input in common" : `${plural(shared.length, "hold-out input")} in common`}. Each was tested against its own seed prompts, not against the others: <Told text="`maspo compare` measures methods against each other." />
      </p>
      <Section title="Side by side" aside={others}>
        <Table caption="Runs side by side" shown={false} rows={some} columns={columns} />
      </Section>
      {shared.length > 0 && (
        <Section title={differing.length === 0 ? `All ${plural(shared.length, "shared input")} came out the same` : `${number(differing.length)} of ${plural(shared.length, "shared input")} came out differently`}>
          {differing.length > 0 && (
            <Table
              caption="Outcome of each run on shared inputs"
              shown={false}
              rows={differing}
              columns={[
                { name: "Input", cell: ({ id, rows }) => <span class="words">{inputName(id, rows[0]?.input ?? "")}</span>, value: ({ id }) => id },
                ...some.map(({ name, id: run, place }) => ({ name, cell: ({ rows, id }: Shared) => <a href={href(run, "inputs", { at: id })}><Outcome outcome={rows[place]?.outcome ?? ""} /></a>, value: ({ rows }: Shared) => rows[place]?.outcome ?? "" })),
              ]}
            />
          )}
        </Section>
      )}
      <Prompts runs={runs} route={route} />
    </>
  );
}

/** What the final test came to, also while the new prompts wait for a person. */
function Net({ tested }: { tested: Pick<Approval, "net" | "figures"> | null }) {
  if (tested === null) return <>–</>;
  return <span class="rate"><IntervalBar value={tested.net} interval={tested.figures.interval} bound={1} /> {signedPercent(tested.net)}</span>;
}

/** What the runs made of each agent's prompt, and one of them against another. */
function Prompts({ runs, route }: { runs: readonly Loaded[]; route: Route }) {
  const { query } = route;
  const names = useMemo(() => [...new Set(runs.flatMap(({ one }) => one.agents.map((agent) => agent.name)))], [runs]);
  const of = ({ one }: Loaded, name: string): Agent | undefined => one.agents.find((agent) => agent.name === name);
  const text = (run: Loaded | undefined, name: string) => (run ? run.one.prompts[of(run, name)?.winner ?? ""] : undefined);
  const differs = (name: string) => new Set(runs.map((run) => text(run, name))).size > 1;
  if (names.length === 0) return null;
  const chosen = names.find((name) => name === query.agent) ?? names.find(differs) ?? names[0] ?? "";
  const run = (id: string | undefined, place: number) => runs.find((one) => one.id === id) ?? runs[place];
  const [from, to] = [run(query.a, 0), run(query.b, 1)];
  const [before, after] = [text(from, chosen), text(to, chosen)];
  const choose = (more: Readonly<Record<string, string>>) => replace(href("", "compare", { ...query, ...more }));
  const choices = runs.map(({ id, name }) => [id, name] as const);
  return (
    <Section title="Prompts">
      <Table
        caption="Prompts that each run came to; choose an agent to see how they differ"
        rows={names}
        columns={[
          { name: "Agent", cell: (name) => <a href={href("", "compare", { ...query, agent: name })} aria-current={name === chosen ? "true" : undefined}>{name}</a>, value: (name) => name },
          ...runs.map((one) => ({ name: one.name, cell: (name: string) => <Found agent={of(one, name)} length={text(one, name)?.length} link={href(one.id, "prompts", { agent: name })} /> })),
        ]}
      />
      <div class="bar">
        <h3>{chosen}</h3>
        <Which label="From" value={from?.id ?? ""} choices={choices} pick={(id) => choose({ a: id })} />
        <Which label="To" value={to?.id ?? ""} choices={choices} pick={(id) => choose({ b: id })} />
      </div>
      {before === undefined || after === undefined ? <p class="quiet">One of them has no such agent, or its text was left out to keep the page small.</p> : <Diff before={before} after={after} />}
    </Section>
  );
}

function Found({ agent, length, link }: { agent: Agent | undefined; length: number | undefined; link: string }) {
  if (!agent) return <span class="quiet">no such agent</span>;
  return <a href={link}>{agent.changed ? "new" : "unchanged"}{length !== undefined && `, ${plural(length, "character")}`}</a>;
}
