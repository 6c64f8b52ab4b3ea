// Where documents come from: the page itself, or the server of `maspo ui`.
import type { AnyDocument, Compared, RunRow, SheetRow } from "./view";

export interface Listing {
  readonly runs: readonly RunRow[];
  readonly sheets: readonly SheetRow[];
}

export interface Action {
  readonly action: string;
  readonly [name: string]: unknown;
}

export interface Source {
  readonly live: boolean;
  /** Where the run folder lies, as a command takes it; empty where that is not known. */
  folder(run: string): string;
  /** The id of the work that a run is a part of; empty where it stands for itself or that is not known. */
  whole(run: string): string;
  /** Whether runs may be acted on. */
  actions(): Promise<boolean>;
  runs(): Promise<Listing>;
  document(run: string): Promise<AnyDocument>;
  trace(run: string, key: string): Promise<Compared>;
  act(run: string, action: Action): Promise<string>;
  /** Call back whenever a run has changed, and whether the server is there; returns what ends that. */
  follow(run: string, changed: () => void, there: (there: boolean) => void): () => void;
}

export function inside(document: AnyDocument): Source {
  return {
    live: false,
    folder: () => (document.kind === "run" ? besides(document.folder) : ""),
    whole: () => "",
    actions: async () => false,
    runs: async () => ({ runs: [], sheets: [] }),
    document: async () => document,
    trace: async (_, key) => {
      const found = document.kind === "run" ? document.traces[key] : undefined;
      if (found === undefined) throw new Error("This trace is not in the report; maspo ui shows it.");
      return found;
    },
    act: async () => "",
    follow: () => () => undefined,
  };
}

/** Between two documents, however fast a run writes. */
const PAUSE = 400;
/** After a refusal, such as of a run that has not begun. */
const AGAIN = 1500;

/** What makes a document of the one before, see maspo.ui.patch. */
export interface Patch {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly lists: Readonly<Record<string, readonly [number, number, readonly unknown[]]>>;
  readonly maps: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, readonly string[]]>>;
}

export function patched(before: AnyDocument, patch: Patch): AnyDocument {
  const found: Record<string, unknown> = { ...before, ...patch.fields };
  for (const [name, [drop, keep, more]] of Object.entries(patch.lists)) {
    found[name] = [...(found[name] as unknown[]).slice(drop, drop + keep), ...more];
  }
  for (const [name, [set, gone]] of Object.entries(patch.maps)) {
    const entries: Record<string, unknown> = { ...(found[name] as Record<string, unknown>), ...set };
    for (const one of gone) delete entries[one];
    found[name] = entries;
  }
  return found as unknown as AnyDocument;
}

/** The folder that a report lies in, unless it was taken elsewhere. */
function besides(name: string): string {
  if (location.protocol !== "file:" || !name) return "";
  const parts = decodeURIComponent(location.pathname).split("/").slice(0, -1);
  return parts.at(-1) === name ? parts.join("/") : "";
}

export function served(token: string): Source {
  const known = new Map<string, { tag: string; document: AnyDocument; folder: string; whole: string }>();
  const at = (run: string, rest: string) => `api/runs/${encodeURIComponent(run)}${rest}`;
  return {
    live: true,
    folder: (run) => known.get(run)?.folder ?? "",
    whole: (run) => known.get(run)?.whole ?? "",
    actions: async () => Boolean(((await json("api/session")) as { actions?: boolean }).actions) && token !== "",
    runs: async () => {
      const found = (await json("api/runs")) as Partial<Listing>;
      return { runs: found.runs ?? [], sheets: found.sheets ?? [] };
    },
    document: async (run) => {
      const before = known.get(run);
      const since = before ? `?since=${before.tag.replace(/^(?:W\/)?"|"$/g, "")}` : "";
      const reply = await asked(at(run, since), { headers: before ? { "If-None-Match": before.tag } : {} });
      if (reply.status === 304 && before) return before.document;
      if (!reply.ok) throw new Error(await told(reply));
      const found = (await reply.json()) as AnyDocument | { readonly patch: Patch };
      const document = "patch" in found ? patched((before as { document: AnyDocument }).document, found.patch) : found;
      const folder = decodeURIComponent(reply.headers.get("X-Maspo-Folder") ?? "");
      known.set(run, { tag: reply.headers.get("ETag") ?? "", document, folder, whole: reply.headers.get("X-Maspo-Whole") ?? "" });
      return document;
    },
    trace: async (run, key) => (await json(at(run, `/traces/${encodeURIComponent(key)}`))) as Compared,
    act: async (run, action) => {
      const headers = { "Content-Type": "application/json", "X-Maspo-Token": token };
      const reply = await asked(at(run, "/actions"), { method: "POST", headers, body: JSON.stringify(action) });
      if (!reply.ok) throw new Error(await told(reply));
      const said = (await reply.json().catch(() => ({}))) as { message?: string };
      return said.message ?? "Done.";
    },
    follow: (run, changed, there) => followed(at(run, "/events?since=0"), changed, there),
  };
}

function followed(address: string, changed: () => void, there: (there: boolean) => void): () => void {
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
    stream.addEventListener("open", () => there(true));
    stream.addEventListener("error", () => {
      there(false);
      if (stream?.readyState === EventSource.CLOSED) window.setTimeout(open, AGAIN);
    });
  };
  open();
  return () => {
    window.clearTimeout(waiting);
    stream?.close();
  };
}

/** Said where nobody answers. */
export const GONE = "The server does not answer: start maspo ui again. Runs that work go on without it.";

async function asked(address: string, how?: RequestInit): Promise<Response> {
  try {
    return await fetch(address, how);
  } catch {
    throw new Error(GONE); // a browser says "Failed to fetch"
  }
}

async function json(address: string): Promise<unknown> {
  const reply = await asked(address);
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
