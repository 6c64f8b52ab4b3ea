// Tables that sort and that scroll within themselves, and lists that are moved through with j and k.
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { number, plural } from "../words";
import { useGrowing } from "./after";

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
/** Columns from which it is printed in small letters. */
const MANY = 9;

export function Table<Row>({ caption, columns, rows, shown = true }: { caption: string; columns: readonly Column<Row>[]; rows: readonly Row[]; shown?: boolean }) {
  const [by, setBy] = useState<{ column: number; down: boolean } | null>(null);
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
      {rows.length > most && (
        <button type="button" class="small" onClick={() => setMost(most + 10 * FIRST)}>
          Show more: {plural(rows.length - most, "row")} left
        </button>
      )}
    </div>
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
