// The hold-out input by input: what became of each, with both answers, the judge's words and the traces.
import { useMemo } from "preact/hooks";
import { useLinks, usePlace } from "../context";
import { Nothing, Outcome } from "../parts/figures";
import { Choices, Filter, matches, Pick } from "../parts/table";
import { Diff, Text } from "../parts/text";
import { SaidList, TracePair, useTrace } from "../parts/trace";
import type { InputRow } from "../view";
import { inputName, number, plural, sign, triedFor } from "../words";

const OUTCOMES = ["lost", "undecided", "won", "tied"] as const;

export function Inputs() {
  const { document } = usePlace();
  const { query, choose, with: link } = useLinks();
  const wanted = query.find ?? "";
  const outcome = query.outcome ?? "";
  const found = useMemo(
    () => document.inputs.filter((row) => (!outcome || row.outcome === outcome) && matches(`${row.id} ${row.outcome} ${row.input} ${row.before ?? ""} ${row.after ?? ""}`, wanted)),
    [document, outcome, wanted],
  );
  if (query.trace) return <One trace={query.trace} />;
  if (document.inputs.length === 0) {
    return (
      <>
        <h1>Inputs</h1>
        <Nothing>{document.state === "finished" ? "Nothing was compared on the hold-out, or the record does not tell it input by input." : "The hold-out is tested when the search has ended. Until then, Search lists every comparison with its trace."}</Nothing>
      </>
    );
  }
  const chosen = found.find((row) => row.id === query.at) ?? found[0];
  const count = (one: string) => document.inputs.filter((row) => row.outcome === one).length;
  return (
    <>
      <h1>Inputs</h1>
      <p class="lead">
        {plural(document.inputs_count, "input")} that the search never saw, the lost ones first
        {document.inputs_count > document.inputs.length && `; ${number(document.inputs.length)} are in this report, holdout.jsonl has all`}.
      </p>
      <div class="bar">
        <Choices
          label="Outcome"
          chosen={outcome}
          link={(value) => link({ outcome: value, at: "" })}
          choices={[["", `All ${document.inputs.length}`], ...OUTCOMES.map((one) => [one, `${sign(one).mark} ${one} ${count(one)}`] as const)]}
        />
        <Filter label="Filter" value={wanted} onChange={(value) => choose({ find: value })} />
      </div>
      <Pick label="Inputs" chosen={chosen?.id ?? ""} link={(id) => link({ at: id })} items={found.map((row) => ({ id: row.id, title: inputName(row.id, row.input), note: <Outcome outcome={row.outcome} /> }))}>
        {chosen && <Detail row={chosen} />}
      </Pick>
    </>
  );
}

function Detail({ row }: { row: InputRow }) {
  const { query, with: link } = useLinks();
  const view = query.view ?? "both";
  return (
    <>
      <h2>
        {inputName(row.id, row.input)} <Outcome outcome={row.outcome} />
      </h2>
      <h3>Input</h3>
      <Text text={row.input} />
      <Choices label="How answers are shown" chosen={view} link={(value) => link({ view: value })} choices={[["both", "Side by side"], ["diff", "What changed"]]} />
      {view === "diff" && row.before !== null && row.after !== null ? (
        <Diff before={row.before} after={row.after} />
      ) : (
        <div class="two">
          <div><h3>Seed prompts</h3><Text text={row.before} /></div>
          <div><h3>New prompts</h3><Text text={row.after} /></div>
        </div>
      )}
      <h3>The judge</h3>
      {row.verdicts.length === 2 && (
        <p>
          New answer shown first: <Outcome outcome={row.verdicts[0] ?? ""} />, shown second: <Outcome outcome={row.verdicts[1] ?? ""} />
        </p>
      )}
      <Text text={row.reason} none="It was not asked." />
      <details open>
        <summary>The whole trace, call by call</summary>
        <TracePair trace={row.trace} />
      </details>
    </>
  );
}

/** One comparison of the search. */
function One({ trace }: { trace: string }) {
  const { document } = usePlace();
  const { with: link } = useLinks();
  const { found } = useTrace(trace);
  const row = document.comparisons.find((one) => one.key === trace);
  return (
    <>
      <h1>One comparison</h1>
      <p><a href={link({ trace: "" })}>All inputs of the hold-out</a></p>
      {row && (
        <p class="lead">
          {row.step}, {triedFor(row.purpose)}, input {row.label && row.label !== row.input_key ? row.label : <code>{row.input_key}</code>}: local <Outcome outcome={row.local} />, final answer <Outcome outcome={row.glob} />
        </p>
      )}
      {found && <SaidList said={found.said} />}
      <TracePair trace={trace} />
    </>
  );
}
