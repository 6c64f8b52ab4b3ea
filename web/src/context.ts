// What every page of a run can reach.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { href, replace, type Route } from "./route";
import type { Source } from "./source";
import type { Document } from "./view";

export interface Place {
  readonly document: Document;
  readonly source: Source;
  readonly route: Route;
  readonly actions: boolean;
  readonly say: (message: string) => void;
}

const Context = createContext<Place | null>(null);

export const PlaceProvider = Context.Provider;

export function usePlace(): Place {
  const place = useContext(Context);
  if (place === null) throw new Error("outside of a run");
  return place;
}

/** The folder of this run as a shell takes it: where it lies if that is known, else its name. */
export function useFolder(): string {
  const { document, source, route } = usePlace();
  return quoted(source.folder(route.run) || document.folder || "RUN");
}

export function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Links to pages of this run, and what is chosen on the page. */
export function useLinks() {
  const { route } = usePlace();
  return {
    query: route.query,
    to: (page: string, query: Readonly<Record<string, string>> = {}) => href(route.run, page, query),
    /** The same page with other choices; an empty one is taken out. */
    with: (query: Readonly<Record<string, string>>) => href(route.run, route.page, { ...route.query, ...query }),
    choose: (query: Readonly<Record<string, string>>) => replace(href(route.run, route.page, { ...route.query, ...query })),
  };
}
