// Where documents come from: the page itself, or the server of `maspo ui`.
import type { Compared, Document } from "./view";

export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly folder?: string;
  readonly state: string;
  readonly label?: string;
  readonly headline?: string;
  readonly verdict: string | null;
  readonly shipped?: string | null;
  readonly net?: number | null;
  readonly interval?: readonly [number, number] | null;
  readonly n?: number;
  readonly wins?: number;
  readonly losses?: number;
  readonly calls?: number;
  readonly usd?: number | null;
  readonly money?: string;
  readonly seconds?: number | null;
  readonly written?: number;
  readonly simulated?: boolean;
}

export interface Action {
  readonly action: string;
  readonly [name: string]: unknown;
}

export interface Source {
  readonly live: boolean;
  /** Whether runs may be acted on. */
  actions(): Promise<boolean>;
  runs(): Promise<readonly RunRow[]>;
  document(run: string): Promise<Document>;
  trace(run: string, key: string): Promise<Compared>;
  act(run: string, action: Action): Promise<string>;
  /** Call back whenever a run has changed; returns what ends that. */
  follow(run: string, changed: () => void): () => void;
}

export function inside(document: Document): Source {
  return {
    live: false,
    actions: async () => false,
    runs: async () => [],
    document: async () => document,
    trace: async (_, key) => {
      const found = document.traces[key];
      if (found === undefined) throw new Error("This trace is not in the report; maspo ui shows it.");
      return found;
    },
    act: async () => "",
    follow: () => () => undefined,
  };
}

/** At most one document a second, however fast a run writes. */
const PAUSE = 1000;
const AGAIN = 5000;

export function served(token: string): Source {
  const known = new Map<string, { tag: string; document: Document }>();
  const at = (run: string, rest: string) => `api/runs/${encodeURIComponent(run)}${rest}`;
  return {
    live: true,
    actions: async () => Boolean(((await json("api/session")) as { actions?: boolean }).actions) && token !== "",
    runs: async () => ((await json("api/runs")) as { runs: RunRow[] }).runs,
    document: async (run) => {
      const before = known.get(run);
      const reply = await fetch(at(run, ""), { headers: before ? { "If-None-Match": before.tag } : {} });
      if (reply.status === 304 && before) return before.document;
      if (!reply.ok) throw new Error(await told(reply));
      const document = (await reply.json()) as Document;
      known.set(run, { tag: reply.headers.get("ETag") ?? "", document });
      return document;
    },
    trace: async (run, key) => (await json(at(run, `/traces/${encodeURIComponent(key)}`))) as Compared,
    act: async (run, action) => {
      const headers = { "Content-Type": "application/json", "X-Maspo-Token": token };
      const reply = await fetch(at(run, "/actions"), { method: "POST", headers, body: JSON.stringify(action) });
      if (!reply.ok) throw new Error(await told(reply));
      const said = (await reply.json().catch(() => ({}))) as { message?: string };
      return said.message ?? "Done.";
    },
    follow: (run, changed) => followed(at(run, "/events?since=0"), changed),
  };
}

function followed(address: string, changed: () => void): () => void {
  let last = 0;
  let waiting = 0;
  let stream: EventSource | null = null;
  const soon = () => {
    if (waiting) return;
    waiting = window.setTimeout(() => {
      waiting = 0;
      last = Date.now();
      changed();
    }, Math.max(0, last + PAUSE - Date.now()));
  };
  const open = () => {
    stream = new EventSource(address);
    stream.addEventListener("changed", soon);
    stream.addEventListener("error", () => {
      if (stream?.readyState === EventSource.CLOSED) window.setTimeout(open, AGAIN);
    });
  };
  open();
  return () => {
    window.clearTimeout(waiting);
    stream?.close();
  };
}

async function json(address: string): Promise<unknown> {
  const reply = await fetch(address);
  if (!reply.ok) throw new Error(await told(reply));
  return reply.json();
}

async function told(reply: Response): Promise<string> {
  const text = await reply.text().catch(() => "");
  try {
    const found = JSON.parse(text) as { error?: string; detail?: string };
    return found.error ?? found.detail ?? `${reply.status} ${reply.statusText}`;
  } catch {
    return text.slice(0, 300) || `${reply.status} ${reply.statusText}`;
  }
}
