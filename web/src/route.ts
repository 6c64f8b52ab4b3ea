// Where the reader is: the fragment of the address holds run, page and everything that is chosen on it.
import { useLayoutEffect, useState } from "preact/hooks";

export interface Route {
  /** The run, under `maspo ui`; empty in a report, and on the pages about several runs. */
  readonly run: string;
  readonly page: string;
  readonly query: Readonly<Record<string, string>>;
}

export function parse(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2) as [string?, string?];
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(search)) query[name] = value;
  const parts = path.split("/").map(decoded);
  return parts[0] === "run" ? { run: parts[1] ?? "", page: parts[2] ?? "", query } : { run: "", page: parts[0] ?? "", query };
}

export function href(run: string, page: string, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "")).toString();
  const path = run ? `run/${encodeURIComponent(run)}/${page}` : page;
  // The stroke keeps a page that is scrolled out of sight from being taken for a link to skip to content.
  return `#/${path}${search ? `?${search}` : ""}`;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parse(location.hash));
  // Before the page is painted: an address that changes in between would not be followed.
  useLayoutEffect(() => {
    const follow = () => setRoute(parse(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** Change what is chosen without a new entry in the history, as moving through a list does. */
export function replace(target: string): void {
  history.replaceState(null, "", target);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
