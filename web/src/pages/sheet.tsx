// Other work: an evaluation, a judge check, a comparison, an arena. One page, whose parts the document names.
import { useMemo } from "preact/hooks";
import { Section } from "../parts/figures";
import { BarChart, CurveChart, DotChart } from "../parts/charts";
import { Table } from "../parts/table";
import { Diff, Text } from "../parts/text";
import { Unfold } from "../parts/unfold";
import { href } from "../route";
import type { Cells, Fold, Link, Part, Sheet as SheetDocument } from "../view";
import { lengthOf, plural } from "../words";

export function Sheet({ sheet }: { sheet: SheetDocument }) {
  return (
    <article class="overview">
      <section class={`verdict ${sheet.tone}`} aria-label="Outcome">
        <p class="kicker">{sheet.label}</p>
        <h1 class={lengthOf(sheet.headline)}>{sheet.headline}</h1>
        <p class="quiet words">{sheet.line}</p>
        {sheet.simulated && <p class="simulated">Simulated world: no language model was asked.</p>}
        {sheet.facts.length > 0 && (
          <dl class="settings">
            {sheet.facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      {sheet.remarks.length > 0 && (
        <Section title="Before you rely on it">
          <ul class="remarks">
            {sheet.remarks.map((remark) => (
              <li class={remark.tone}><span aria-hidden="true">{remark.tone === "bad" ? "!" : "·"}</span> {remark.text}</li>
            ))}
          </ul>
        </Section>
      )}
      {sheet.parts.map((part, place) => <OnePart key={place} part={part} place={place} />)}
      {sheet.summary && (
        <Section title="In plain text">
          <Unfold summary="The summary of the terminal">
            {() => (
              <div class="scroll" tabIndex={0} role="region" aria-label="Summary"><pre class="wide">{sheet.summary}</pre></div>
            )}
          </Unfold>
        </Section>
      )}
    </article>
  );
}

function OnePart({ part, place }: { part: Part; place: number }) {
  return (
    <Section id={`part-${place}`} title={part.title}>
      {part.words.length === 1 ? <p class="quiet words">{part.words[0]}</p> : part.words.length > 1 && <ul class="plain words">{part.words.map((line) => <li>{line}</li>)}</ul>}
      {part.dots.map((one) => <DotChart chart={one} />)}
      {part.bars.map((one) => <BarChart chart={one} />)}
      {part.curves.length > 0 && <div class="charts">{part.curves.map((one) => <CurveChart chart={one} />)}</div>}
      {part.tables.map((one) => <Grid table={one} heading={part.title} />)}
      {part.folds.map((one) => <Folded fold={one} />)}
      {part.links.length > 0 && <Ways links={part.links} />}
      {part.more && <p class="quiet">{part.more}</p>}
    </Section>
  );
}

/** Runs that are parts of this work; a report beside this page is reached by its place, never elsewhere. */
function Ways({ links }: { links: readonly Link[] }) {
  return (
    <ul class="ways">
      {links.map((one) => {
        const beside = /^(?:[\w~-][\w.~-]*\/)+report\.html$/.test(one.page) && location.protocol === "file:" ? one.page : "";
        const target = one.run ? href(one.run, "overview") : beside;
        return <li>{target ? <a href={target}>{one.name}</a> : <strong>{one.name}</strong>} <span class="quiet words">{one.told}</span></li>;
      })}
    </ul>
  );
}

function Grid({ table, heading }: { table: Cells; heading: string }) {
  const columns = useMemo(
    () => table.columns.map((name, place) => ({
      name: name || "Name",
      cell: (row: readonly string[]) => (place < table.names || long(row[place]) ? <span class={long(row[place]) ? "words long" : "words"}>{row[place]}</span> : row[place]),
      value: (row: readonly string[]) => sortable(row[place] ?? ""),
      right: place >= table.names && ofFigures(table.rows.map((row) => row[place] ?? "")),
      middle: place >= table.names && table.rows.every((row) => (row[place]?.length ?? 0) <= 1) && !ofFigures(table.rows.map((row) => row[place] ?? "")),
    })),
    [table],
  );
  return (
    <>
      <Table caption={table.caption} shown={table.caption !== heading} rows={table.rows} columns={columns} />
      {table.rows_count > table.rows.length && <p class="quiet">{plural(table.rows_count - table.rows.length, "more row")} not shown.</p>}
    </>
  );
}

function long(cell: string | undefined): boolean {
  return (cell?.length ?? 0) > 40;
}

/** A count, a share, money, a time, a span of them; of one that is not known or does not apply, a word or a dash. */
const FIGURE = /^[~<>\u2264\u2265]?\s?[+\u2212-]?\$?[\d.]/;
const NO_FIGURE = /^(?:|\u2013|-|unknown|simulated|nothing \(simulated\))$/;

/** Whether a column holds figures, which stand one below another at the right. */
function ofFigures(cells: readonly string[]): boolean {
  return cells.some((cell) => FIGURE.test(cell)) && cells.every((cell) => !long(cell) && (FIGURE.test(cell) || NO_FIGURE.test(cell)));
}

/** A figure where the cell begins with one, so that columns of figures sort as such. */
function sortable(cell: string): number | string {
  const found = /^[$+]?\u2212?[\d,]*\.?\d+/.exec(cell.replace("-", "−"));
  return found ? Number(found[0].replace(/[$+,]/g, "").replace("−", "-")) : cell;
}

function Folded({ fold }: { fold: Fold }) {
  return (
    <Unfold class="fold" wordy summary={fold.title}>
      {() => fold.passages.map((one) => (
        <div>
          {fold.passages.length > 1 && <h3>{one.name}</h3>}
          {one.before === null ? <Text text={one.text} /> : <Diff before={one.before} after={one.text} />}
        </div>
      ))}
    </Unfold>
  );
}
