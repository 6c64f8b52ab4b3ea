// What a reader may decide while a run works: shown only where the server allows it.
import { useState } from "preact/hooks";
import { quoted } from "../context";
import type { Action, Source } from "../source";
import type { Document } from "../view";
import { number } from "../words";

/** Caps: their names, what they are of, and where they stand. */
const CAPS = [
  ["calls", "calls", "cap_calls"],
  ["usd", "dollars", "cap_usd"],
  ["minutes", "minutes", "cap_minutes"],
] as const;

/** Send decisions, each once: the same one is not sent again before the first was answered. */
export function useAct(source: Source, run: string, say: (message: string) => void) {
  const [under] = useState(() => new Set<string>());
  /** Whether it was taken. */
  return async (action: Action): Promise<boolean> => {
    const same = JSON.stringify(action);
    if (under.has(same)) return false;
    under.add(same);
    try {
      say(await source.act(run, action));
      return true;
    } catch (error) {
      say(`Refused: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    } finally {
      under.delete(same);
    }
  };
}

export function Controls({ source, run, document, say }: { source: Source; run: string; document: Document; say: (message: string) => void }) {
  const act = useAct(source, run, say);
  const [cap, setCap] = useState("");
  const [which, setWhich] = useState("");
  if (document.state === "finished" || document.state === "empty") return null;
  if (document.state !== "running") {
    // What steers a run is taken by the process that works on it, and none does.
    return <p class="quiet controls">At rest. <code>maspo resume {quoted(source.folder(run) || document.folder || "RUN")}</code> goes on with it.</p>;
  }
  const stops = document.decided.some((one) => one.action === "stop");
  const caps = CAPS.filter(([, , field]) => document.cost[field] !== null);
  const [name, , field] = caps.find(([one]) => one === which) ?? caps[0] ?? CAPS[0];
  const raise = (event: Event) => {
    event.preventDefault();
    const value = Number(cap);
    const now = document.cost[field] ?? 0;
    if (value <= now) say(`The cap is ${number(now)} already; give a higher one.`);
    else if (name === "calls" && !Number.isInteger(value)) say("Calls are a whole number.");
    else void act({ action: "raise-cap", [name]: value }).then((taken) => taken && setCap(""));
  };
  return (
    <div class="controls" role="group" aria-label="The run">
      {document.held ? (
        <button type="button" onClick={() => void act({ action: "resume" })}>Resume</button>
      ) : (
        <button type="button" onClick={() => void act({ action: "pause" })}>Pause</button>
      )}
      <button type="button" disabled={stops} onClick={() => void act({ action: "stop" })} title="after this round; then comes the test on the hold-out">
        {stops ? "Stops after the round" : "Stop after the round"}
      </button>
      {caps.length > 0 && (
        <form onSubmit={raise}>
          <label>
            <span class="unseen">Cap</span>
            <select value={name} onChange={(event) => setWhich(event.currentTarget.value)}>
              {caps.map(([one, words]) => <option value={one}>{words}</option>)}
            </select>
          </label>
          <label>
            <span class="unseen">At most</span>
            <input type="number" min="0" step="any" required placeholder="at most" value={cap} onInput={(event) => setCap(event.currentTarget.value)} />
          </label>
          <button type="submit">Raise cap</button>
        </form>
      )}
    </div>
  );
}
