// Small figures: intervals, shares, counts. Each says in words what it shows.
import type { ComponentChildren } from "preact";
import { number, percent, sign, signedPercent } from "../words";
import type { LevelCounts } from "../view";
import { useNarrow } from "./narrow";

interface Estimate {
  readonly value: number;
  readonly interval: readonly [number, number];
  /** Where the axis ends. */
  readonly bound?: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly pad: number;
  readonly middle: number;
  /** Of the line at zero, of the bar and of the dot, up from the middle. */
  readonly zero: number;
  readonly half: number;
  readonly dot: number;
}

const SMALL: Size = { width: 160, height: 22, pad: 4, middle: 11, zero: 9, half: 4, dot: 4 };
const LARGE: Size = { width: 720, height: 86, pad: 34, middle: 34, zero: 20, half: 9, dot: 7 };
const LARGE_ON_A_PHONE: Size = { ...LARGE, width: 380, pad: 26 };

/** An estimate with its 95 % interval on an axis around zero. */
export function IntervalBar(estimate: Estimate) {
  return <Bar {...estimate} size={SMALL} kind="" marks={[]} />;
}

/** The same as a picture of its own, with figures below the axis. */
export function LargeIntervalBar(estimate: Estimate) {
  const narrow = useNarrow();
  return <Bar {...estimate} size={narrow ? LARGE_ON_A_PHONE : LARGE} kind="large" marks={narrow ? [-1, 0, 1] : [-1, -0.5, 0, 0.5, 1]} />;
}

function Bar({ value, interval, bound, size, kind, marks }: Estimate & { size: Size; kind: string; marks: readonly number[] }) {
  const [low, high] = interval;
  const limit = bound ?? Math.min(1, Math.max(0.1, Math.ceil(10 * Math.max(Math.abs(low), Math.abs(high), Math.abs(value)) * 1.1) / 10));
  const { width, height, pad, middle, zero, half, dot } = size;
  const at = (share: number) => pad + ((Math.max(-limit, Math.min(limit, share)) + limit) / (2 * limit)) * (width - 2 * pad);
  const tone = low > 0 ? "good" : high < 0 ? "bad" : "plain";
  const told = `Net win rate ${signedPercent(value)}, 95% interval ${signedPercent(low)} to ${signedPercent(high)}`;
  return (
    <svg class={`interval ${tone} ${kind}`} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={told}>
      <title>{told}</title>
      <line class="axis" x1={pad} x2={width - pad} y1={middle} y2={middle} />
      <line class="zero" x1={at(0)} x2={at(0)} y1={middle - zero} y2={middle + zero} />
      <rect class="span" x={at(low)} width={Math.max(2, at(high) - at(low))} y={middle - half} height={2 * half} rx={half} />
      <circle class="dot" cx={at(value)} cy={middle} r={dot} />
      {marks.map((mark) => (
        <text class="tick" x={at(mark * limit)} y={height - 8} text-anchor="middle">
          {mark === 0 ? "no difference" : signedPercent(mark * limit).replace(".0%", "%")}
        </text>
      ))}
    </svg>
  );
}

/** A share from 0 to 1 as a bar, with its interval if it has one; the numbers stand beside it. */
export function ShareBar({ share, interval, mark }: { share: number; interval?: readonly [number, number]; mark?: number }) {
  const x = (value: number) => 100 * Math.max(0, Math.min(1, value));
  return (
    <svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" x="0" y="2" width="100" height="6" />
      <rect class="fill" x="0" y="2" width={share > 0 ? Math.max(0.8, x(share)) : 0} height="6" />
      {interval && <rect class="span" x={x(interval[0])} y="4" width={Math.max(0.8, x(interval[1]) - x(interval[0]))} height="2" />}
      {mark !== undefined && <rect class="mark" x={x(mark) - 0.3} y="0" width="0.6" height="10" />}
    </svg>
  );
}

/** Won, lost and tied as a bar and as numbers with their signs. */
export function Counts({ counts }: { counts: LevelCounts }) {
  const whole = counts.wins + counts.losses + counts.ties + counts.undecided;
  if (!whole) return <span class="quiet">–</span>;
  const parts: [string, number][] = [
    ["win", counts.wins],
    ["tie", counts.ties],
    ["undecided", counts.undecided],
    ["loss", counts.losses],
  ];
  let x = 0;
  return (
    <span class="counts">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([name, count]) => {
          const width = (100 * count) / whole;
          const bar = width > 0 && <rect class={`bar-${sign(name).tone} bar-${name}`} x={x} y="0" width={width} height="8" />;
          x += width;
          return bar;
        })}
      </svg>
      <Numbers counts={counts} />
    </span>
  );
}

/** Won, lost and tied as numbers with their signs alone: where a bar beside them says the same. */
export function Numbers({ counts }: { counts: LevelCounts }) {
  return (
    <span class="nowrap">
      <Outcome outcome="win" count={counts.wins} /> <Outcome outcome="loss" count={counts.losses} /> <Outcome outcome="tie" count={counts.ties} />
      {counts.undecided > 0 && (
        <>
          {" "}
          <Outcome outcome="undecided" count={counts.undecided} />
        </>
      )}
    </span>
  );
}

/** An outcome by sign and word; with a count, by sign and count. */
export function Outcome({ outcome, count }: { outcome: string; count?: number }) {
  const found = sign(outcome);
  return (
    <span class={`outcome ${found.tone}`}>
      <span aria-hidden="true">{found.mark}</span>
      {count === undefined ? ` ${found.word}` : number(count)}
      {count !== undefined && <span class="unseen"> {found.word}</span>}
    </span>
  );
}

export function Rate({ share, interval }: { share: number | null; interval: readonly [number, number] }) {
  if (share === null) return <span class="quiet">not measured</span>;
  return (
    <span class="rate">
      <ShareBar share={share} interval={interval} />
      <span>
        {percent(share)}{" "}
        <span class="quiet">
          {percent(interval[0])} to {percent(interval[1])}
        </span>
      </span>
    </span>
  );
}

export function Facts({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Section({ id, title, children, aside }: { id?: string; title: string; children: ComponentChildren; aside?: ComponentChildren }) {
  return (
    <section id={id}>
      <div class="section-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

export function Nothing({ children }: { children: ComponentChildren }) {
  return <p class="nothing">{children}</p>;
}
