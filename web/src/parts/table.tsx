// Tables that sort and that scroll within themselves, on a phone row by row; and lists that are moved through with j and k.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { number, plural } from "../words";
import { useGrowing } from "./after";
import { useNarrow } from "./narrow";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What rows are sorted by; without it they are not. */
  readonly value?: (row: Row) => number | string;
  readonly right?: boolean;
  /** Signs of one letter stand below the middle of their name. */
  readonly middle?: boolean;
}

/** Rows that are drawn at first; more are asked for. */
const FIRST = 120;
/** Rows of one frame, as many as a screen holds: 120 of nine columns take the processor 0.1 s, which is all that a key has. */
const AT_ONCE = 24;
/** Columns up to which a table is as wide as it needs: a figure at the far edge of a screen is read beside nothing. */
const FEW = 5;
/** Columns that stand side by side on a phone; of more, each row is told by itself. */
const ON_A_PHONE = 3;
/** Columns from which it is printed in small letters. */
const MANY = 9;

interface Sorting {
  readonly column: number;
  readonly down: boolean;
}

interface TableOf<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly shown?: boolean;
}

export function Table<Row>({ caption, columns, rows, shown = true }: TableOf<Row>) {
  const narrow = useNarrow();
  const [by, setBy] = useState<Sorting | null>(null);
  const [most, setMost] = useState(FIRST);
  const sorted = useMemo(() => {
    const value = by ? columns[by.column]?.value : undefined;
    if (!by || !value) return rows;
    const turned = by.down ? -1 : 1;
    return [...rows].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      return turned * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    });
  }, [rows, by, columns]);
  const wanted = Math.min(most, rows.length);
  const drawn = useGrowing(wanted, AT_ONCE);
  const turn = (column: number) => setBy(by?.column === column ? (by.down ? { column, down: false } : null) : { column, down: true });
  const more = rows.length > most && (
    <button type="button" class="small" onClick={() => setMost(most + 10 * FIRST)}>
      Show more: {plural(rows.length - most, "row")} left
    </button>
  );
  if (narrow && columns.length > ON_A_PHONE)
    return (
      <div class="cards" role="region" aria-label={`Table: ${caption}`} aria-busy={drawn < wanted ? "true" : undefined}>
        <p class={shown ? "caption" : "unseen"}>{caption}</p>
        {rows.length > 1 && <SortBy columns={columns} by={by} turn={turn} none={() => setBy(null)} />}
        <ul>{sorted.slice(0, drawn).map((row) => <Card columns={columns} row={row} />)}</ul>
        {more}
      </div>
    );
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Table: ${caption}`} aria-busy={drawn < wanted ? "true" : undefined}>
      <table class={columns.length <= FEW ? "slim" : columns.length > MANY ? "many" : undefined}>
        <caption class={shown ? "" : "unseen"}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, place) => (
              <th scope="col" class={aligned(column)} aria-sort={by?.column === place ? (by.down ? "descending" : "ascending") : undefined}>
                {column.value ? (
                  <button type="button" class="sort" onClick={() => turn(place)}>
                    {column.name}
                    <span aria-hidden="true">{by?.column === place ? (by.down ? " ↓" : " ↑") : ""}</span>
                  </button>
                ) : (
                  column.name
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, drawn).map((row) => (
            <tr>
              {columns.map((column, place) =>
                place === 0 ? (
                  <th scope="row" class={aligned(column)}>{column.cell(row)}</th>
                ) : (
                  <td class={aligned(column)}>{column.cell(row)}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </div>
  );
}

/** What the names of columns are buttons for, where there are none. */
function SortBy<Row>({ columns, by, turn, none }: { columns: readonly Column<Row>[]; by: Sorting | null; turn: (column: number) => void; none: () => void }) {
  if (!columns.some((column) => column.value)) return null;
  return (
    <div class="bar">
      <label class="which">
        <span>Sort by</span>
        <select value={by ? String(by.column) : ""} onChange={({ currentTarget: { value } }) => (value ? turn(Number(value)) : none())}>
          <option value="">as they came</option>
          {columns.map((column, place) => column.value && <option value={String(place)}>{column.name}</option>)}
        </select>
      </label>
      {by && (
        <button type="button" class="small" onClick={() => turn(by.column)}>
          {by.down ? "↓ highest first" : "↑ lowest first"}
        </button>
      )}
    </div>
  );
}

/** A row by itself: its name, and below it what each column says. */
function Card<Row>({ columns, row }: { columns: readonly Column<Row>[]; row: Row }) {
  const [first, ...others] = columns;
  const cells = others.map((column) => [column.name, column.cell(row)] as const).filter(([, cell]) => cell !== "" && cell !== "–" && cell !== null && cell !== undefined && cell !== false);
  return (
    <li>
      <div class="card-name">{first?.cell(row)}</div>
      <dl>
        {cells.map(([name, cell]) => (
          <div>
            <dt>{name}</dt>
            <dd>{cell}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function aligned({ right, middle }: { readonly right?: boolean; readonly middle?: boolean }): string {
  return right ? "right" : middle ? "middle" : "";
}

export interface Item {
  readonly id: string;
  readonly title: ComponentChildren;
  readonly note?: ComponentChildren;
}

/** A list beside what is chosen from it; j and k move through it. */
export function Pick({ label, items, chosen, link, children }: { label: string; items: readonly Item[]; chosen: string; link: (id: string) => string; children: ComponentChildren }) {
  const [more, setMore] = useState(0);
  const place = items.findIndex((item) => item.id === chosen);
  const most = Math.max(FIRST + more, place + 20);
  return (
    <div class="pick">
      <nav class="list" aria-label={label} data-list>
        <ul>
          {items.slice(0, most).map((item) => (
            <li key={item.id}>
              <a href={link(item.id)} aria-current={item.id === chosen ? "true" : undefined} data-item>
                <span class="title">{item.title}</span>
                {item.note && <span class="note">{item.note}</span>}
              </a>
            </li>
          ))}
        </ul>
        {items.length > most && (
          <button type="button" class="small" onClick={() => setMore(more + 5 * FIRST)}>
            {number(items.length - most)} more
          </button>
        )}
        {items.length === 0 && <p class="quiet">Nothing matches.</p>}
      </nav>
      <div class="detail">{children}</div>
    </div>
  );
}

/** The field that `/` leads to. */
export function Filter({ value, onChange, label }: { value: string; onChange: (value: string) => void; label: string }) {
  return (
    <label class="filter">
      <span>{label}</span>
      <input type="search" value={value} data-filter spellcheck={false} autocomplete="off" onInput={(event) => onChange(event.currentTarget.value)} />
    </label>
  );
}

export function Choices({ label, choices, chosen, link }: { label: string; choices: readonly (readonly [string, string])[]; chosen: string; link: (value: string) => string }) {
  return (
    <div class="choices" role="group" aria-label={label}>
      {choices.map(([value, name]) => (
        <a href={link(value)} aria-current={value === chosen ? "true" : undefined}>
          {name}
        </a>
      ))}
    </div>
  );
}

/** One of several by its name. */
export function Which({ label, value, choices, pick }: { label: string; value: string; choices: readonly (readonly [string, string])[]; pick: (id: string) => void }) {
  return (
    <label class="which">
      <span>{label}</span>
      <select value={value} onChange={(event) => pick(event.currentTarget.value)}>
        {choices.map(([id, name]) => (
          <option value={id}>{name}</option>
        ))}
      </select>
    </label>
  );
}

/** Whether a row holds all the words that are looked for. */
export function matches(text: string, wanted: string): boolean {
  const whole = text.toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => whole.includes(word));
}
