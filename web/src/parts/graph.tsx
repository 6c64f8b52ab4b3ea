// The team as a graph: who reads whom, from left to right, or downwards where that is too wide.
import dagre from "@dagrejs/dagre";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Agent, Edge, LevelCounts } from "../view";
import { percent, plural } from "../words";
import { afterFrame } from "./after";
import { useNarrow } from "./narrow";

const NODE = { width: 176, height: 66 };
/** Between one level of the team and the next, where it is drawn from left to right and downwards. */
const RANKS = { LR: 76, TB: 44 };
const MARGIN = 8;
/** Room for an edge and its figures. */
const EDGE = 12;
/** Pixels of what is written on an edge: what it won and lost. */
const COUNTED = 84;
/** Of a letter of it: the line of the edge stays off the figures. */
const LETTER = 7;
/** The line of a node that says when and how often it is called. */
const FLOW = { height: 16, letters: 29 };
/** Room for a team drawn from left to right: the page beside its menu at 1180 px. A longer one is drawn downwards. */
const ACROSS = 900;
/** The same on a phone. */
const ACROSS_A_PHONE = 320;
/** Agents that are laid out; a larger graph is no picture any more, and the table has all of them. */
export const MOST_DRAWN = 100;
/** A larger team is laid out after the page is shown, with dagre's quicker ranking. */
const AT_ONCE = 24;
const NAME = 20;

export interface Figures {
  readonly local: LevelCounts;
  readonly glob: LevelCounts;
  readonly misaligned: number;
  readonly inputs: number;
  readonly changed: boolean;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where everything stands. */
interface Placed {
  readonly nodes: ReadonlyMap<string, Point>;
  /** The bends of each edge, by its name. */
  readonly bends: ReadonlyMap<string, readonly Point[]>;
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly height: number;
  readonly node: number;
}

/** When and how often an agent is called, and with whose prompt, in a few words; empty: always, once, with its own. */
export function marks(agent: Agent): string {
  const found = [agent.when && `if ${agent.when} says so`, agent.each && `each of ${agent.each}`, agent.rounds > 1 && `↻ ${agent.rounds} rounds`, agent.same_prompt_as && `prompt of ${agent.same_prompt_as}`];
  return found.filter(Boolean).join(" · ");
}

/** Whose output decides whether somebody is called is drawn, too, where it is not read. */
function withConditions(agents: readonly Agent[], edges: readonly Edge[]): readonly Edge[] {
  const unread = agents.filter((agent) => agent.when && !agent.reads.includes(agent.when));
  return [...edges, ...unread.map((agent) => ({ source: agent.when, reader: agent.name, wins: 0, losses: 0, ties: 0, agreed: 0, disagreed: 0, withheld: null, late: false }))];
}

/** From left to right where that fits the page, else what is narrower. How wide it would be so is known from its levels. */
function layout(agents: readonly Agent[], edges: readonly Edge[], room: number): Placed {
  const down = directed(agents, edges, "TB");
  const levels = new Set([...down.nodes.values()].map(({ y }) => y)).size;
  const across = levels * (NODE.width + RANKS.LR) - RANKS.LR + 2 * MARGIN;
  return across > room && down.width < across ? down : directed(agents, edges, "LR");
}

function directed(agents: readonly Agent[], edges: readonly Edge[], rankdir: "LR" | "TB"): Placed {
  const height = agents.some(marks) ? NODE.height + FLOW.height : NODE.height;
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir, nodesep: 18, ranksep: RANKS[rankdir], marginx: MARGIN, marginy: MARGIN, ranker: agents.length > AT_ONCE ? "tight-tree" : "network-simplex" });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const agent of agents) graph.setNode(agent.name, { width: NODE.width, height });
  const known = new Set(agents.map((agent) => agent.name));
  const drawn = edges.filter((edge) => known.has(edge.source) && known.has(edge.reader) && edge.source !== edge.reader);
  for (const edge of drawn) graph.setEdge(edge.source, edge.reader);
  dagre.layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  const bends = new Map(drawn.map((edge) => [named(edge), (graph.edge(edge.source, edge.reader) as { points?: Point[] }).points ?? []]));
  const points = [...bends.values()].flat();
  // Edges may bend above the highest node and below the lowest.
  const top = points.reduce((one, { y }) => Math.min(one, y - 2 * EDGE), 0);
  const bottom = points.reduce((one, { y }) => Math.max(one, y + EDGE), size.height ?? height);
  // What is won and lost on an edge is written across it, beside all nodes where the team is drawn downwards.
  const left = points.reduce((one, { x }) => Math.min(one, x - COUNTED / 2), 0);
  const right = points.reduce((one, { x }) => Math.max(one, x + COUNTED / 2), size.width ?? NODE.width);
  return {
    nodes: new Map(agents.map((agent) => [agent.name, graph.node(agent.name) as Point])),
    bends,
    left,
    width: right - left,
    top,
    height: bottom - top,
    node: height,
  };
}

function named(edge: Edge): string {
  return JSON.stringify([edge.source, edge.reader]);
}

/** The team that was laid out last: who comes back to the page, or follows a run that works, finds it in its place. */
let last: { readonly team: string; readonly placed: Placed } | null = null;

function placedOnce(team: string, agents: readonly Agent[], edges: readonly Edge[], room: number): Placed {
  if (last?.team !== team) last = { team, placed: layout(agents, edges, room) };
  return last.placed;
}

export function winRate(counts: LevelCounts): number | null {
  const decided = counts.wins + counts.losses;
  return decided ? counts.wins / decided : null;
}

export function TeamGraph({ agents, edges, figures, chosen, link }: { agents: readonly Agent[]; edges: readonly Edge[]; figures: ReadonlyMap<string, Figures>; chosen: string; link: (agent: string) => string }) {
  const shown = useMemo(() => agents.slice(0, MOST_DRAWN), [agents]);
  const drawn = useMemo(() => withConditions(shown, edges), [shown, edges]);
  const room = useNarrow() ? ACROSS_A_PHONE : ACROSS;
  const team = useMemo(() => JSON.stringify([shown.map((agent) => [agent.name, marks(agent) !== ""]), drawn.map(named), room]), [shown, drawn, room]);
  const [ready, setReady] = useState("");
  const waits = shown.length > AT_ONCE && last?.team !== team && ready !== team;
  // To lay out and to draw are a task each, so that a key need not wait for both.
  useEffect(() => {
    if (!waits) return undefined;
    let off = afterFrame(() => {
      placedOnce(team, shown, drawn, room);
      off = afterFrame(() => setReady(team));
    });
    return () => off();
  }, [waits, team]);
  const byName = useMemo(() => new Map(shown.map((agent) => [agent.name, agent])), [shown]);
  /** Read from the round before, or a condition: both are dashed, and a node says which. */
  const kind = (edge: Edge) => (byName.get(edge.reader)?.when === edge.source ? "condition" : edge.late ? "late" : "");
  const told = `The team: ${plural(agents.length, "agent")}, ${plural(edges.length, "edge")}. The table below holds the same.`;
  if (waits) return <p class="quiet" aria-busy="true">Drawing {plural(shown.length, "agent")} …</p>;
  const placed = placedOnce(team, shown, drawn, room);
  return (
    <div class="scroll graph" tabIndex={0} role="region" aria-label="Graph of the team">
      <svg width={placed.width} height={placed.height} viewBox={`${placed.left} ${placed.top} ${placed.width} ${placed.height}`} role="group" aria-label={told}>
        {drawn.map((edge) => (
          <EdgePath edge={edge} points={placed.bends.get(named(edge)) ?? []} kind={kind(edge)} />
        ))}
        {shown.map((agent) => {
          const place = placed.nodes.get(agent.name);
          return place && <Node agent={agent} x={place.x - NODE.width / 2} y={place.y - placed.node / 2} height={placed.node} figures={figures.get(agent.name)} chosen={agent.name === chosen} link={link(agent.name)} />;
        })}
      </svg>
      {shown.some((agent) => agent.when || agent.rounds > 1) && <p class="quiet">Dotted: decides whether the other is called. Dashed: is read in the next round.</p>}
    </div>
  );
}

/** A smooth line through the bends of an edge. */
function curved(points: readonly Point[]): string {
  const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const halfway = (one: Point, other: Point) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first || !last) return "";
  const bends = rest.slice(0, -1).map((point, place) => {
    const next = rest[place + 1] ?? last;
    return `Q${at(point)} ${at(place === rest.length - 2 ? last : halfway(point, next))}`;
  });
  return `M${at(first)} ${bends.join(" ")} L${at(last)}`;
}

function EdgePath({ edge, points, kind }: { edge: Edge; points: readonly Point[]; kind: string }) {
  const end = points.at(-1);
  const before = points.at(-2);
  const middle = points[Math.floor(points.length / 2)];
  if (!end || !before || !middle) return null;
  const path = curved(points);
  const turn = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
  const counted = edge.wins + edge.losses > 0;
  const told = `▲${edge.wins} ▼${edge.losses}`;
  const wide = LETTER * told.length;
  const tone = !counted ? "" : edge.wins > edge.losses ? "good" : edge.wins < edge.losses ? "bad" : "";
  return (
    <g class={`edge ${tone} ${kind}`}>
      <path d={path} />
      <polygon points="0,0 -9,-4 -9,4" transform={`translate(${end.x} ${end.y}) rotate(${turn})`} />
      {counted && (
        <>
          <rect x={middle.x - wide / 2} y={middle.y - 17} width={wide} height="14" rx="3" />
          <text x={middle.x} y={middle.y - 7} text-anchor="middle">{told}</text>
        </>
      )}
    </g>
  );
}

function Node({ agent, x, y, height, figures, chosen, link }: { agent: Agent; x: number; y: number; height: number; figures: Figures | undefined; chosen: boolean; link: string }) {
  const name = agent.name.length > NAME ? `${agent.name.slice(0, NAME - 1)}…` : agent.name;
  const rate = figures ? winRate(figures.local) : null;
  const glob = figures ? winRate(figures.glob) : null;
  const drawn = agent.output ? glob : rate;
  const notes = [agent.output ? `final ${glob === null ? "not compared" : `${percent(glob, 0)} won`}` : `local ${rate === null ? "not compared" : `${percent(rate, 0)} won`}`];
  const mark = marks(agent);
  const told = `${agent.name}: ${notes[0]}${agent.called ? `, ${agent.called}` : ""}${figures?.changed ? ", new prompt" : ""}${figures?.misaligned ? `, ${plural(figures.misaligned, "misalignment case")}` : ""}`;
  return (
    <a href={link} aria-current={chosen ? "true" : undefined} class={`node ${figures?.changed ? "new" : ""} ${agent.output ? "output" : ""}`}>
      <title>{told}</title>
      <rect x={x} y={y} width={NODE.width} height={height} rx="9" />
      {mark && (
        <text class="flag" x={x + 12} y={y + height - 9}>
          {mark.length > FLOW.letters ? `${mark.slice(0, FLOW.letters - 1)}…` : mark}
        </text>
      )}
      <text class="name" x={x + 12} y={y + 22}>
        {name}
      </text>
      <text class="note" x={x + 12} y={y + 39}>
        {notes[0]}
      </text>
      {drawn !== null && (
        <>
          <rect class="track" x={x + 12} y={y + 49} width={NODE.width - 24} height="5" rx="2.5" />
          <rect class="fill" x={x + 12} y={y + 49} width={(NODE.width - 24) * drawn} height="5" rx="2.5" />
        </>
      )}
      {figures?.changed && (
        <text class="flag" x={x + NODE.width - 12} y={y + 22} text-anchor="end">
          new
        </text>
      )}
      {(figures?.misaligned ?? 0) > 0 && (
        <text class="flag bad" x={x + NODE.width - 12} y={y + 39} text-anchor="end">
          ⚠ {figures?.misaligned}
        </text>
      )}
    </a>
  );
}
