// What was spent over time, against the caps.
import type { Cost } from "../view";
import { duration, money, number } from "../words";
import { useNarrow } from "./narrow";
import { Table } from "./table";
import { Unfold } from "./unfold";

const HEIGHT = 150;
const LEFT = 56;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 26;

/** While a run works, the chart has room for all that is expected, so that one sees how far it is. */
export function BurnChart({ cost, working = false }: { cost: Cost; working?: boolean }) {
  const WIDTH = useNarrow() ? 400 : 720;
  const points = cost.burn;
  const last = points.at(-1);
  if (last === undefined || points.length < 2) return null;
  const priced = last.usd !== null && last.usd > 0;
  const value = (point: (typeof points)[number]) => (priced ? (point.usd ?? 0) : point.calls);
  const cap = priced ? cost.cap_usd : cost.cap_calls;
  const plan = priced ? null : cost.planned_calls;
  const expected = plan && (working || plan < 3 * value(last)) && !(cap && cap < plan) ? plan : 0;
  const top = Math.max(value(last), cap && cap < 3 * value(last) ? cap : 0, expected) * 1.06;
  const x = (seconds: number) => LEFT + (seconds / Math.max(last.seconds, 1e-9)) * (WIDTH - LEFT - RIGHT);
  const y = (amount: number) => HEIGHT - BOTTOM - (amount / top) * (HEIGHT - TOP - BOTTOM);
  const shown = (amount: number) => (priced ? money(amount) : number(Math.round(amount)));
  const path = points.map((point, place) => `${place ? "L" : "M"}${x(point.seconds).toFixed(1)} ${y(value(point)).toFixed(1)}`).join(" ");
  const what = priced ? "Money" : "Calls";
  const told = `${what} over time: ${shown(value(last))} after ${duration(last.seconds)}${expected ? `, about ${shown(expected)} expected` : ""}${cap ? `, at most ${shown(cap)}` : ""}`;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={told}>
        <title>{told}</title>
        {[0, 0.5, 1].map((share) => (
          <g>
            <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y((share * top) / 1.06)} y2={y((share * top) / 1.06)} />
            <text class="tick" x={LEFT - 6} y={y((share * top) / 1.06) + 4} text-anchor="end">
              {shown((share * top) / 1.06)}
            </text>
          </g>
        ))}
        {expected > 0 && <line class="planned" x1={LEFT} x2={WIDTH - RIGHT} y1={y(expected)} y2={y(expected)} />}
        {cap !== null && cap <= top && <line class="cap" x1={LEFT} x2={WIDTH - RIGHT} y1={y(cap)} y2={y(cap)} />}
        <path class="area" d={`${path} L${x(last.seconds)} ${y(0)} L${LEFT} ${y(0)} Z`} />
        <path class="line" d={path} />
        <text class="tick" x={LEFT} y={HEIGHT - 8}>
          start
        </text>
        <text class="tick" x={WIDTH - RIGHT} y={HEIGHT - 8} text-anchor="end">
          {duration(last.seconds)}
        </text>
      </svg>
      <figcaption>{what} over time{expected ? `; the dotted line is what is expected, about ${shown(expected)}` : ""}{cap ? (cap <= top ? `; the dashed line is the cap, ${shown(cap)}` : `; the cap is ${shown(cap)}`) : ""}.</figcaption>
      <Unfold summary="As a table">
        {() => (
          <Table
            caption="What had been spent when"
            rows={points}
            columns={[
              { name: "After", cell: (point) => duration(point.seconds), value: (point) => point.seconds },
              { name: "Calls", cell: (point) => number(point.calls), value: (point) => point.calls, right: true },
              { name: "Tokens", cell: (point) => number(point.tokens), value: (point) => point.tokens, right: true },
              { name: "Money", cell: (point) => money(point.usd), value: (point) => point.usd ?? 0, right: true },
            ]}
          />
        )}
      </Unfold>
    </figure>
  );
}
