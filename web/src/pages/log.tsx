// What happened, in order, with time; and what determined the run.
import { useMemo } from "preact/hooks";
import { useLinks, usePlace } from "../context";
import { Facts, Nothing, Section } from "../parts/figures";
import { Told } from "../parts/text";
import { Choices, Filter, matches, Table } from "../parts/table";
import { moment, number } from "../words";

/** The day goes without saying on a phone. */
function When({ at }: { at: number }) {
  const [day, time] = moment(at).split(" ");
  return <time class="nowrap"><span class="day">{day} </span>{time}</time>;
}

export function Log() {
  const { document } = usePlace();
  const { query, choose, with: link } = useLinks();
  const wanted = query.find ?? "";
  const kind = query.kind ?? "";
  const found = useMemo(
    () => document.log.filter((line) => (!kind || line.tone !== "plain") && matches(`${line.about} ${line.kind} ${line.text}`, wanted)).reverse(),
    [document, wanted, kind],
  );
  return (
    <>
      <h1>Log</h1>
      {document.log_count > 0 && <p class="lead">{number(document.log_count)} events, the latest first{document.log_count > document.log.length && `; ${number(document.log.length)} are told here`}.</p>}
      {document.log.length === 0 ? (
        <Nothing>Nothing has been recorded yet.</Nothing>
      ) : (
        <>
          <div class="bar">
            <Choices label="Which" chosen={kind} link={(value) => link({ kind: value })} choices={[["", "All"], ["important", "What matters"]]} />
            <Filter label="Filter" value={wanted} onChange={(value) => choose({ find: value })} />
          </div>
          <Table
            caption="Events"
            shown={false}
            rows={found}
            columns={[
              { name: "No.", cell: (line) => number(line.seq), value: (line) => line.seq, right: true },
              { name: "When", cell: (line) => <When at={line.at} />, value: (line) => line.at },
              { name: "What", cell: (line) => <span class={`words long log-${line.tone}`}>{line.tone === "bad" && <span aria-hidden="true">! </span>}<Told text={line.text} /></span>, value: (line) => line.text },
              { name: "About", cell: (line) => <span class="quiet">{line.about}</span>, value: (line) => line.about },
            ]}
          />
        </>
      )}
      {document.settings.values.length > 0 && (
        <Section title="Settings, and how to repeat the run">
          <Facts facts={document.settings.values.map(([name, value]) => [name.replace(/^./, (letter) => letter.toUpperCase()), value] as const)} />
          {document.settings.notes.length > 0 && <ul class="plain">{document.settings.notes.map((note) => <li>{note}</li>)}</ul>}
          <p class="quiet">The same version, system file, inputs and config.json of the run folder lead, with the same replies of the models, to the same prompts.</p>
        </Section>
      )}
    </>
  );
}
