// Several runs, under `maspo ui`: what each came to, and which to compare.
import { useEffect, useMemo, useState } from "preact/hooks";
import { useNarrow } from "../parts/narrow";
import { IntervalBar, Nothing, Section } from "../parts/figures";
import { Filter, matches, Table, type Column } from "../parts/table";
import { Command } from "../parts/text";
import { href, replace, type Route } from "../route";
import type { Listing, Source } from "../source";
import type { RunRow, SheetRow } from "../view";
import { duration, moment, money, number } from "../words";

const MOST_COMPARED = 4;
const EVERY = 3000;

export function useRuns(source: Source): { listing: Listing | null; failed: string } {
  const [listing, setListing] = useState<Listing | null>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    let timer = 0;
    let gone = false;
    const load = () =>
      source.runs().then((found) => { if (!gone) { setListing(found); setFailed(""); } }, (error: unknown) => !gone && setFailed(error instanceof Error ? error.message : String(error)))
        .finally(() => { if (!gone) timer = window.setTimeout(load, EVERY); });
    void load();
    return () => {
      gone = true;
      window.clearTimeout(timer);
    };
  }, [source]);
  return { listing, failed };
}

export function Runs({ source, route }: { source: Source; route: Route }) {
  const { listing, failed } = useRuns(source);
  const narrow = useNarrow();
  const rows = listing?.runs ?? null;
  const wanted = route.query.find ?? "";
  const chosen = (route.query.runs ?? "").split(",").filter(Boolean);
  const inside = useMemo(() => new Map((listing?.sheets ?? []).map((sheet) => [sheet.id, (rows ?? []).filter((row) => row.inside === sheet.id)])), [listing]);
  const found = useMemo(() => (rows ?? []).filter((row) => !inside.has(row.inside)).filter((row) => matches(`${row.name} ${row.folder ?? ""} ${row.id} ${row.state} ${row.verdict ?? ""}`, wanted)).sort(latest), [rows, wanted]);
  const sheets = useMemo(() => (listing?.sheets ?? []).filter((row) => matches(`${row.name} ${row.folder} ${row.id} ${row.kind} ${row.headline}`, wanted)).sort(latest), [listing, wanted]);
  const go = (query: Readonly<Record<string, string>>) => replace(href("", "runs", { ...route.query, ...query }));
  const toggle = (id: string) => go({ runs: (chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-MOST_COMPARED)).join(",") });
  return (
    <>
      <h1>Runs</h1>
      {failed && <p class="failure" role="alert">{failed}</p>}
      <div class="bar">
        <Filter label="Filter" value={wanted} onChange={(value) => go({ find: value })} />
        {chosen.length > 1 ? <a class="button" href={href("", "compare", { runs: chosen.join(",") })}>Compare {chosen.length} runs</a> : found.length > 1 && <span class="quiet">Choose two to four to compare them.</span>}
      </div>
      {listing !== null && listing.runs.length + listing.sheets.length === 0 && <Begin />}
      {listing !== null && listing.runs.length + listing.sheets.length > 0 && found.length + sheets.length === 0 && <Nothing>Nothing matches.</Nothing>}
      {rows === null && !failed && <p class="nothing">Loading …</p>}
      {found.length > 0 && (
        <Table
          caption="Runs"
          shown={false}
          rows={found}
          columns={inOrder(narrow, [
            { name: "Run", cell: (row) => <a class="words" href={href(row.id, "overview")}>{row.folder || row.name || row.id}</a>, value: (row) => row.folder ?? row.name },
            { name: "Compare", cell: (row) => <input type="checkbox" aria-label={`Compare ${row.folder || row.name}`} checked={chosen.includes(row.id)} onChange={() => toggle(row.id)} /> },
            { name: "Verdict", cell: (row) => <Came row={row} />, value: (row) => `${row.state === "finished" ? row.verdict ?? "" : ""} ${row.status}` },
            { name: "Net win rate, 95% interval", cell: (row) => (row.interval ? <IntervalBar value={row.net ?? 0} interval={row.interval} bound={1} /> : "–"), value: (row) => row.net ?? -2 },
            { name: "Calls", cell: (row) => (row.calls === undefined ? "" : number(row.calls)), value: (row) => row.calls ?? 0, right: true },
            { name: "Money", cell: (row) => row.money ?? money(row.usd ?? null, row.simulated), value: (row) => row.usd ?? -1, right: true },
            { name: "Time", cell: (row) => duration(row.seconds ?? null), value: (row) => row.seconds ?? 0, right: true },
            { name: "Written", cell: (row) => <span class="nowrap">{minute(row.written ?? 0)}</span>, value: (row) => row.written ?? 0 },
          ])}
        />
      )}
      {sheets.length > 0 && (
        <Section title="Other work">
          <Table
            caption="Other work"
            shown={false}
            rows={sheets}
            columns={[
              { name: "Folder", cell: (row) => <><a href={href(row.id, "")}>{row.folder || row.name}</a>{narrow && <span class="below"><Kind row={row} /><span>{row.headline}</span><span>{minute(row.written)}</span></span>}<Inside rows={inside.get(row.id) ?? []} of={row.folder} /></>, value: (row) => row.folder },
              ...(narrow ? [] : [
                { name: "What", cell: (row: SheetRow) => <Kind row={row} />, value: (row: SheetRow) => row.kind },
                { name: "Outcome", cell: (row: SheetRow) => <span class="words">{row.headline}</span>, value: (row: SheetRow) => row.headline },
              ]),
              ...(narrow ? [] : [{ name: "Written", cell: (row: SheetRow) => <span class="nowrap">{minute(row.written)}</span>, value: (row: SheetRow) => row.written }]),
            ]}
          />
        </Section>
      )}
    </>
  );
}

/** What one may do where there is no run. */
function Begin() {
  return (
    <>
      <Nothing>No runs here yet. What is begun in the folder that maspo ui was given appears by itself.</Nothing>
      <p>A run without a key, on a simulated world, and one of your own team:</p>
      <Command text="maspo demo" />
      <Command text="maspo optimize team.yaml --inputs questions.jsonl" />
    </>
  );
}

/** On a phone what is said of a run comes before what one may do with it. */
function inOrder(narrow: boolean, columns: readonly Column<RunRow>[]): readonly Column<RunRow>[] {
  const [name, compare, ...figures] = columns;
  return narrow && name && compare ? [name, ...figures, compare] : columns;
}

/** What a run came to, or how far it is; of one that ended early, both. */
function Came({ row }: { row: RunRow }) {
  const verdict = row.state === "finished" ? row.label ?? row.verdict ?? "" : "";
  return (
    <>
      <span class={`state ${row.state}`}><span class="lamp" aria-hidden="true" />{verdict || row.status}</span>
      {verdict && row.status !== "finished" && <span class="below">{row.status}</span>}
    </>
  );
}

/** When something was written; seconds tell nothing in a list. */
function minute(at: number): string {
  return moment(at).slice(0, 16);
}

function Kind({ row }: { row: SheetRow }) {
  return <span class={`state ${row.state}`}><span class="lamp" aria-hidden="true" />{row.kind}{row.state !== "finished" && `, ${row.state}`}</span>;
}

/** What is at work first, then what was written last. */
function latest(one: { readonly state: string; readonly written: number }, other: typeof one): number {
  return Number(other.state === "running") - Number(one.state === "running") || other.written - one.written;
}

/** The runs that work is made of. */
function Inside({ rows, of }: { rows: readonly RunRow[]; of: string }) {
  if (rows.length === 0) return null;
  return (
    <span class="inside">
      {rows.map((row) => (
        <span class="nowrap"><a href={href(row.id, "overview")}>{row.folder.startsWith(`${of}/`) ? row.folder.slice(of.length + 1).replace(/^runs\//, "") : row.folder}</a>{row.state !== "finished" && <span class="quiet"> {row.state}</span>}</span>
      ))}
    </span>
  );
}
