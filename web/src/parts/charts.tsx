// Charts of sheets: estimates on an axis, and curves. Each says in words what it shows, and has its table.
import type { Bars, Curves, Dots } from "../view";
import { money, number, percent, signedPercent } from "../words";
import { useNarrow } from "./narrow";
import { Table } from "./table";
import { Unfold } from "./unfold";

type Unit = Dots["unit"];

const ROW = 26;
const HEADING = 30;
const LETTERS = 30;

export function shownIn(unit: Unit, value: number): string {
  switch (unit) {
    case "percent":
      return percent(value);
    case "signed percent":
      return signedPercent(value);
    case "money":
      return money(value);
    default:
      return number(Math.abs(value) < 10 ? Math.round(100 * value) / 100 : Math.round(value));
  }
}

function cut(name: string, most = LETTERS): string {
  const flat = name.replace(/\s+/g, " ");
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat;
}

/** Estimates with their intervals, a line each, by groups. */
export function DotChart({ chart }: { chart: Dots }) {
  const narrow = useNarrow();
  const [WIDTH, NAMES] = narrow ? [400, 150] : [720, 210];
  const tell = (value: number) => shownIn(chart.unit, value);
  const groups = [...new Set(chart.dots.map((dot) => dot.group))];
  const at = (value: number) => NAMES + ((Math.max(chart.least, Math.min(chart.most, value)) - chart.least) / (chart.most - chart.least || 1)) * (WIDTH - NAMES - 40);
  const headings = groups.filter(Boolean).length;
  const bottom = 10 + ROW * chart.dots.length + HEADING * headings;
  const ticks = roundTicks(chart.least, chart.most, narrow ? 3 : 5);
  const told = `${chart.caption}. ${chart.dots.map((dot) => `${dot.group ? `${dot.group}, ` : ""}${dot.name}: ${tell(dot.value)}, ${tell(dot.low)} to ${tell(dot.high)}`).join("; ")}`;
  let y = 0;
  return (
    <figure class="chart">
      <figcaption>{chart.caption}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${bottom + 26}`} role="img" aria-label={told}>
        <title>{told}</title>
        {ticks.map((tick) => <line class="grid" x1={at(tick)} x2={at(tick)} y1={8} y2={bottom} />)}
        {chart.fair !== null && <line class="zero" x1={at(chart.fair)} x2={at(chart.fair)} y1={4} y2={bottom} />}
        {ticks.map((tick) => <text class="tick" x={at(tick)} y={bottom + 18} text-anchor="middle">{tell(tick).replace(".0%", "%")}</text>)}
        {groups.map((group) => (
          <>
            {group && <text class="group" x={2} y={(y += HEADING) - 6}>{cut(group, narrow ? 48 : 60)}</text>}
            {chart.dots.filter((dot) => dot.group === group).map((dot) => {
              y += ROW;
              const sure = chart.fair === null ? 0 : dot.low > chart.fair ? 1 : dot.high < chart.fair ? -1 : 0;
              const tone = sure === 0 ? "open" : (sure > 0) !== Boolean(chart.lower_is_better) ? "good" : "bad";
              return (
                <g class={`estimate ${tone}`}>
                  <text class="label" x={NAMES - 12} y={y - 4} text-anchor="end">{cut(dot.name, narrow ? 17 : LETTERS)}</text>
                  <line class="whisker" x1={at(dot.low)} x2={at(dot.high)} y1={y - 8} y2={y - 8} />
                  <circle class="mark" cx={at(dot.value)} cy={y - 8} r={5} />
                </g>
              );
            })}
          </>
        ))}
      </svg>
      <Unfold summary="As a table">
        {() => (
          <Table
            caption={chart.caption}
            shown={false}
            rows={chart.dots}
            columns={[
              ...(headings ? [{ name: "Of", cell: (dot: (typeof chart.dots)[number]) => dot.group, value: (dot: (typeof chart.dots)[number]) => dot.group }] : []),
              { name: "Name", cell: (dot) => dot.name, value: (dot) => dot.name },
              { name: "Estimate", cell: (dot) => tell(dot.value), value: (dot) => dot.value, right: true },
              { name: "From", cell: (dot) => tell(dot.low), value: (dot) => dot.low, right: true },
              { name: "To", cell: (dot) => tell(dot.high), value: (dot) => dot.high, right: true },
            ]}
          />
        )}
      </Unfold>
    </figure>
  );
}

/** What was used of what was planned, a line each: the outline is the plan. */
export function BarChart({ chart }: { chart: Bars }) {
  const narrow = useNarrow();
  const [WIDTH, NAMES, FIGURES] = narrow ? [400, 130, 90] : [720, 190, 120];
  const tell = (value: number) => shownIn(chart.unit, value);
  const top = Math.max(1e-9, ...chart.bars.flatMap((bar) => [bar.value, bar.planned ?? 0]));
  const width = (value: number) => (value / top) * (WIDTH - NAMES - FIGURES);
  const said = (bar: (typeof chart.bars)[number]) => (bar.planned === null ? tell(bar.value) : `${tell(bar.value)} of ${tell(bar.planned)}`);
  const told = `${chart.caption}. ${chart.bars.map((bar) => `${bar.name}: ${said(bar)}`).join("; ")}`;
  return (
    <figure class="chart">
      <figcaption>{chart.caption}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${ROW * chart.bars.length + 8}`} role="img" aria-label={told}>
        <title>{told}</title>
        {chart.bars.map((bar, place) => (
          <g>
            <text class="label" x={NAMES - 12} y={ROW * place + 19} text-anchor="end">{cut(bar.name, narrow ? 15 : 26)}</text>
            {bar.planned !== null && <rect class="plan" x={NAMES} y={ROW * place + 6} width={Math.max(1, width(bar.planned))} height={18} rx={3} />}
            <rect class="used" x={NAMES} y={ROW * place + 9} width={bar.value > 0 ? Math.max(1, width(bar.value)) : 0} height={12} rx={2} />
            <text class="tick" x={NAMES + width(Math.max(bar.value, bar.planned ?? 0)) + 8} y={ROW * place + 19}>{said(bar)}</text>
          </g>
        ))}
      </svg>
      <Unfold summary="As a table">
        {() => (
          <Table
            caption={chart.caption}
            shown={false}
            rows={chart.bars}
            columns={[
              { name: "Name", cell: (bar) => bar.name, value: (bar) => bar.name },
              { name: "Used", cell: (bar) => tell(bar.value), value: (bar) => bar.value, right: true },
              { name: "Planned", cell: (bar) => (bar.planned === null ? "–" : tell(bar.planned)), value: (bar) => bar.planned ?? -1, right: true },
            ]}
          />
        )}
      </Unfold>
    </figure>
  );
}

const LEFT = 52;
const TOP = 14;
const HEIGHT = 250;
const LABEL = 15;

/** Curves, or single marks, over one axis; names stand at the right, each at the height of its end. */
export function CurveChart({ chart }: { chart: Curves }) {
  const narrow = useNarrow();
  const [WIDTH, RIGHT] = narrow ? [400, 120] : [720, 150];
  const points = chart.curves.flatMap((curve) => curve.points);
  if (points.length === 0) return null;
  const place = (x: number) => (chart.logarithmic ? Math.log10(Math.max(1e-9, x)) : x);
  const xs = points.map((point) => place(point.x));
  const margin = chart.logarithmic ? 0.15 : 0;
  const [first, last] = [chart.logarithmic ? Math.min(...xs) - margin : Math.min(0, ...xs), Math.max(...xs) + margin];
  const ys = [...points.flatMap((point) => [point.low, point.high]), ...chart.levels.map(([, value]) => value)];
  const [least, most] = [Math.min(...ys), Math.max(...ys)];
  // By factors: nothing stands at the bottom, and each tenfold one step above the one before.
  const raised = (value: number) => (chart.growing ? Math.log10(1 + Math.max(0, value)) : value);
  const yTicks = chart.growing ? tenfolds(most) : roundTicks(least, Math.max(most, least + (chart.unit === "number" ? 1 : 0.1)), 5, true);
  const [low, high] = [raised(yTicks[0] ?? least), raised(yTicks.at(-1) ?? most)];
  const right = WIDTH - RIGHT;
  const x = (value: number) => LEFT + ((place(value) - first) / (last - first || 1)) * (right - LEFT);
  const y = (value: number) => HEIGHT - 40 - ((raised(value) - low) / (high - low)) * (HEIGHT - 40 - TOP);
  const tell = (value: number) => shownIn(chart.unit, value);
  const rows = chart.curves.flatMap((curve) => curve.points.map((point) => ({ name: curve.name, point })));
  const told = `${chart.caption}. ${chart.curves.map((curve) => `${curve.name}: ${curve.points.map((point) => `${tell(point.y)} at ${shownIn(chart.x_unit, point.x)}`).join(", ")}`).join("; ")}`;
  const names: { name: string; at: number; from: readonly [number, number]; level: boolean }[] = [
    ...chart.curves.flatMap((curve) => { const end = curve.points.at(-1); return end ? [{ name: curve.name, at: y(end.y), from: [x(end.x), y(end.y)] as const, level: false }] : []; }),
    ...chart.levels.map(([name, value]) => ({ name, at: y(value), from: [right, y(value)] as const, level: true })),
  ].sort((one, other) => one.at - other.at);
  for (let nth = 1; nth < names.length; nth++) {
    const [before, here] = [names[nth - 1], names[nth]];
    if (before && here) here.at = Math.max(here.at, before.at + LABEL);
  }
  const height = Math.max(HEIGHT, (names.at(-1)?.at ?? 0) + 16);
  const many = narrow ? 1 : 3;
  const xTicks = chart.logarithmic ? Array.from({ length: many + 1 }, (_, nth) => round(10 ** (first + (nth * (last - first)) / many))) : roundTicks(first, last, narrow ? 3 : 5).filter((tick) => chart.x_unit !== "number" || Number.isInteger(tick));
  return (
    <figure class="chart">
      <figcaption>{chart.caption}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={told}>
        <title>{told}</title>
        {yTicks.map((tick) => (
          <g>
            <line class="grid" x1={LEFT} x2={right} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={LEFT - 6} y={y(tick) + 4} text-anchor="end">{tell(tick).replace(".0%", "%")}</text>
          </g>
        ))}
        {xTicks.map((tick) => <text class="tick" x={x(tick)} y={HEIGHT - 22} text-anchor="middle">{shownIn(chart.x_unit, tick)}</text>)}
        <text class="tick" x={(LEFT + right) / 2} y={HEIGHT - 5} text-anchor="middle">{chart.x}{chart.logarithmic && " (logarithmic)"}</text>
        {chart.levels.map(([, value]) => <line class="level" x1={LEFT} x2={right} y1={y(value)} y2={y(value)} />)}
        {chart.curves.map((curve) => (
          <g class="curve">
            <path class="line" d={curve.points.map((point, nth) => `${nth ? "L" : "M"}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join(" ")} />
            {curve.points.map((point) => (
              <>
                {point.high > point.low && <line class="whisker" x1={x(point.x)} x2={x(point.x)} y1={y(point.low)} y2={y(point.high)} />}
                <circle class="mark" cx={x(point.x)} cy={y(point.y)} r={4} />
              </>
            ))}
          </g>
        ))}
        {names.map((one) => (
          <g>
            <line class={one.level ? "none" : "lead-line"} x1={one.from[0]} y1={one.from[1]} x2={right + 8} y2={one.at} />
            <text class={one.level ? "tick" : "label"} x={right + 12} y={one.at + 4}>{cut(one.name, narrow ? 14 : 20)}</text>
          </g>
        ))}
      </svg>
      <Unfold summary="As a table">
        {() => (
          <Table
            caption={chart.caption}
            shown={false}
            rows={rows}
            columns={[
              { name: "Name", cell: (row) => row.name, value: (row) => row.name },
              { name: chart.x.replace(/^./, (letter) => letter.toUpperCase()), cell: (row) => shownIn(chart.x_unit, row.point.x), value: (row) => row.point.x, right: true },
              { name: "Value", cell: (row) => tell(row.point.y), value: (row) => row.point.y, right: true },
            ]}
          />
        )}
      </Unfold>
    </figure>
  );
}

/** Round numbers on an axis from one end to the other, about so many; with ``around`` they hold both ends. */
function roundTicks(least: number, most: number, about: number, around = false): readonly number[] {
  const span = Math.max(1e-9, most - least);
  const power = 10 ** Math.floor(Math.log10(span / about));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((one) => span / one <= about) ?? span;
  const [from, to] = around ? [Math.floor(least / step + 1e-9), Math.ceil(most / step - 1e-9)] : [Math.ceil(least / step - 1e-9), Math.floor(most / step + 1e-9)];
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, nth) => (from + nth) * step);
}

/** 0, 1, 10, 100 and so on, the last one above the most. */
function tenfolds(most: number): readonly number[] {
  const found = [0, 1];
  while ((found.at(-1) ?? 0) < most) found.push(10 * (found.at(-1) ?? 1));
  return found;
}

/** A number to two digits, as an axis shows it. */
function round(value: number): number {
  const digit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.round(value / digit) * digit;
}
