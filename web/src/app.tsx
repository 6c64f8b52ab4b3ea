// The frame: name and state of the run, the pages, help, keys.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { PlaceProvider } from "./context";
import { Help, useKeys } from "./keys";
import { Cases } from "./pages/cases";
import { Compare } from "./pages/compare";
import { Cost } from "./pages/cost";
import { Influence } from "./pages/influence";
import { Inputs } from "./pages/inputs";
import { Judge } from "./pages/judge";
import { Log } from "./pages/log";
import { Overview } from "./pages/overview";
import { Prompts } from "./pages/prompts";
import { Runs } from "./pages/runs";
import { Search } from "./pages/search";
import { Sheet } from "./pages/sheet";
import { Team } from "./pages/team";
import { Controls } from "./parts/controls";
import { href, useRoute } from "./route";
import { GONE, type Source } from "./source";
import { applyTheme, theme, THEMES } from "./theme";
import type { AnyDocument, Document } from "./view";
import { number } from "./words";

interface Page {
  readonly id: string;
  readonly title: string;
  readonly show: () => preact.JSX.Element;
  readonly count?: (document: Document) => number;
}

const PAGES: readonly Page[] = [
  { id: "overview", title: "Overview", show: Overview },
  { id: "team", title: "Team", show: Team, count: (one) => one.agents.length },
  { id: "search", title: "Search", show: Search, count: (one) => one.steps_count },
  { id: "prompts", title: "Prompts", show: Prompts, count: (one) => one.agents.filter((agent) => agent.changed).length },
  { id: "cases", title: "Cases", show: Cases, count: (one) => one.cases_count },
  { id: "inputs", title: "Inputs", show: Inputs, count: (one) => one.inputs_count },
  { id: "judge", title: "Judge", show: Judge },
  { id: "cost", title: "Cost and time", show: Cost },
  { id: "influence", title: "Who matters", show: Influence },
  { id: "log", title: "Log", show: Log, count: (one) => one.log_count },
];

export function App({ source, first }: { source: Source; first: AnyDocument | null }) {
  const route = useRoute();
  const [found, setFound] = useState<AnyDocument | null>(first);
  const [failed, setFailed] = useState("");
  const [there, setThere] = useState(true);
  const [actions, setActions] = useState(false);
  const [said, setSaid] = useState("");
  const [help, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const say = useCallback((message: string) => setSaid(message), []);
  useEffect(() => {
    source.actions().then(setActions, () => setActions(false));
  }, [source]);
  useEffect(() => {
    if (!source.live || !route.run) return undefined;
    let gone = false;
    const load = () =>
      source.document(route.run).then(
        (one) => {
          if (!gone) {
            setFound(one);
            setFailed("");
          }
        },
        (error: unknown) => !gone && setFailed(String(error instanceof Error ? error.message : error)),
      );
    setFound(null);
    setThere(true);
    void load();
    const end = source.follow(route.run, () => void load(), (there) => !gone && setThere(there));
    return () => {
      gone = true;
      end();
    };
  }, [source, route.run]);
  const many = source.live && !route.run;
  const run = found?.kind === "run" ? found : null;
  const sheet = found !== null && found.kind !== "run" ? found : null;
  // Runs of one team have one name: under `maspo ui` the folder tells them apart.
  const folder = source.live ? source.folder(route.run).split("/").at(-1) ?? "" : "";
  const name = `${found?.name || "no run yet"}${folder && folder !== found?.name ? ` · ${folder}` : ""}`;
  const id = many ? (route.page === "compare" ? "compare" : "runs") : PAGES.some((page) => page.id === route.page) ? route.page : "overview";
  const page = PAGES.find((one) => one.id === id);
  useKeys({ pages: many || sheet ? [] : PAGES.map((one) => href(route.run, one.id)), at: PAGES.findIndex((one) => one.id === id), help: () => setHelp((now) => !now), close: () => setHelp(false) });
  const pages = useRef<HTMLElement>(null);
  useEffect(() => {
    // Where pages stand side by side, the one that is open is in sight.
    const [bar, here] = [pages.current, pages.current?.querySelector<HTMLElement>("[aria-current]")];
    if (bar && here) bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
  }, [id, found === null]);
  useEffect(() => {
    document.title = `maspo: ${many ? (id === "compare" ? "compare" : "runs") : `${name}${run && page && page.id !== "overview" ? ` · ${page.title}` : ""}`}`;
    main.current?.scrollTo?.(0, 0);
    scrollTo(0, 0);
    setSaid("");
  }, [id, many, name]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>
        Skip to content
      </a>
      <header class="top">
        <div class="brand">
          {source.live ? <a href={href("", "runs")}>maspo</a> : <span>maspo</span>}
          {!many && found && (
            <>
              {run?.part_of && source.whole(route.run) && <a href={href(source.whole(route.run), "")}><span aria-hidden="true">‹ </span>{run.part_of}</a>}
              <span class="run-name">{name}</span>
              {run && <State document={run} />}
              {sheet && <span class={`state ${sheet.state}`}><span class="lamp" aria-hidden="true" />{sheet.kind}{sheet.state !== "finished" && `, ${sheet.state}`}{sheet.simulated && " · simulated"}</span>}
            </>
          )}
        </div>
        <div class="tools">
          {!many && run && source.live && actions && <Controls source={source} run={route.run} document={run} say={say} />}
          <ThemeSwitch />
          <button type="button" class="small" onClick={() => setHelp(true)} aria-haspopup="dialog">
            Keys <kbd aria-hidden="true">?</kbd>
          </button>
        </div>
      </header>
      <div class="frame">
        {!many && !sheet && (
          <nav class="pages" aria-label="Pages" ref={pages}>
            <ul>
              {PAGES.map((one) => {
                const count = run && one.count ? one.count(run) : 0;
                return (
                  <li key={one.id}>
                    <a href={href(route.run, one.id)} aria-current={one.id === id ? "page" : undefined}>
                      <span>{one.title}</span>
                      {count > 0 && <span class="count">{number(count)}</span>}
                    </a>
                  </li>
                );
              })}
            </ul>
          </nav>
        )}
        <main id="main" ref={main} tabIndex={-1}>
          <div class="said" role="status">{said}</div>
          {(failed || !there) && <p class="failure" role="alert">{failed || GONE}</p>}
          {many ? (
            id === "compare" ? <Compare source={source} route={route} /> : <Runs source={source} route={route} />
          ) : sheet ? (
            <Sheet sheet={sheet} />
          ) : run ? (
            <PlaceProvider value={{ document: run, source, route, actions, say }}>{page && <page.show key={page.id} />}</PlaceProvider>
          ) : (
            !failed && <p class="nothing">Loading …</p>
          )}
        </main>
      </div>
      <Help open={help} close={() => setHelp(false)} />
    </>
  );
}

function State({ document }: { document: Document }) {
  return (
    <span class={`state ${document.held ? "paused" : document.state}`}>
      <span class="lamp" aria-hidden="true" />
      {document.status}
      {document.simulated && " · simulated"}
    </span>
  );
}

function ThemeSwitch() {
  const [chosen, setChosen] = useState(theme());
  const turn = () => {
    const next = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length] ?? "auto";
    applyTheme(next);
    setChosen(next);
  };
  return (
    <button type="button" class="small" onClick={turn} data-theme-switch title="Light, dark, or as the system says">
      <span aria-hidden="true">◐ </span>
      <span class="unseen">Colours: </span>
      {{ auto: "Auto", light: "Light", dark: "Dark" }[chosen]}
    </button>
  );
}
