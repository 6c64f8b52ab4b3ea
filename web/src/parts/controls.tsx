// What a reader may decide while a run works: shown only where the server allows it.
import { useState } from "preact/hooks";
import type { Action, Source } from "../source";
import type { Document } from "../view";

export function useAct(source: Source, run: string, say: (message: string) => void) {
  return (action: Action) =>
    source.act(run, action).then(
      (message) => say(message),
      (error: unknown) => say(`Refused: ${error instanceof Error ? error.message : String(error)}`),
    );
}

export function Controls({ source, run, document, say }: { source: Source; run: string; document: Document; say: (message: string) => void }) {
  const act = useAct(source, run, say);
  const [cap, setCap] = useState("");
  if (document.state === "finished" || document.state === "empty") return null;
  if (document.state !== "running") {
    // What steers a run is taken by the process that works on it, and none does.
    return <p class="quiet controls">At rest. <code>maspo resume {document.folder || "RUN"}</code> goes on with it.</p>;
  }
  const raise = (event: Event) => {
    event.preventDefault();
    const calls = Number(cap);
    if (Number.isInteger(calls) && calls > 0) void act({ action: "raise-cap", calls });
  };
  return (
    <div class="controls" role="group" aria-label="The run">
      {document.held ? (
        <button type="button" onClick={() => void act({ action: "resume" })}>Resume</button>
      ) : (
        <button type="button" onClick={() => void act({ action: "pause" })}>Pause</button>
      )}
      <button type="button" onClick={() => void act({ action: "stop" })} title="after this round; then comes the test on the hold-out">
        Stop after the round
      </button>
      {document.cost.cap_calls !== null && (
        <form onSubmit={raise}>
          <label>
            <span class="unseen">Calls at most</span>
            <input type="number" min="1" step="1" placeholder="calls" value={cap} onInput={(event) => setCap(event.currentTarget.value)} />
          </label>
          <button type="submit">Raise cap</button>
        </form>
      )}
    </div>
  );
}
