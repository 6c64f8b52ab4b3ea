// Two runs of the team on one input, call by call.
import { useEffect, useState } from "preact/hooks";
import { usePlace } from "../context";
import type { Compared, Said, TraceCall } from "../view";
import { duration, number } from "../words";
import { Outcome } from "./figures";
import { Diff, Text } from "./text";
import { Unfold } from "./unfold";

export function useTrace(key: string): { found: Compared | null; failed: string } {
  const { document, source, route } = usePlace();
  const [found, setFound] = useState<Compared | null>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    let gone = false;
    setFound(document.traces[key] ?? null);
    setFailed("");
    if (!key || document.traces[key]) return undefined;
    source.trace(route.run, key).then(
      (one) => !gone && setFound(one),
      (error: unknown) => !gone && setFailed(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      gone = true;
    };
  }, [key, source, route.run]);
  return { found: document.traces[key] ?? found, failed };
}

export function TracePair({ trace }: { trace: string }) {
  const { found, failed } = useTrace(trace);
  const [changed, setChanged] = useState(false);
  if (!trace) return <p class="quiet">No trace of this input is kept.</p>;
  if (failed) return <p class="quiet">{failed}</p>;
  if (!found) return <p class="quiet">Loading …</p>;
  const rows = Math.max(found.reference.length, found.candidate.length);
  return (
    <div class="trace">
      <label class="check">
        <input type="checkbox" checked={changed} onChange={(event) => setChanged(event.currentTarget.checked)} /> Show what differs by words
      </label>
      <ol>
        {Array.from({ length: rows }, (_, place) => {
          const before = found.reference[place];
          const other = found.candidate[place];
          const after = typeof other === "number" ? found.reference[other] : other;
          const same = typeof other === "number" && other === place;
          return (
            <li>
              <h4>
                <span class="place">{place + 1}</span> {(before ?? after)?.agent}
                {((before ?? after)?.nth ?? 0) > 0 && <span class="quiet"> call {((before ?? after)?.nth ?? 0) + 1}</span>}
                {same && <span class="quiet"> the same in both</span>}
              </h4>
              {same && before ? (
                <Call call={before} all={found.reference} />
              ) : changed && before && after ? (
                <Diff before={before.output} after={after.output} />
              ) : (
                <div class="two">
                  <div><h5>Seed prompts</h5>{before ? <Call call={before} all={found.reference} /> : <p class="quiet">not called</p>}</div>
                  <div><h5>New prompts</h5>{after ? <Call call={after} all={found.reference} /> : <p class="quiet">not called</p>}</div>
                </div>
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Call({ call, all }: { call: TraceCall; all: readonly TraceCall[] }) {
  const read = call.reads.map((place) => `${place + 1} ${all[place]?.agent ?? ""}`).join(", ");
  const tokens = call.tokens_out === null ? "" : `${number(call.tokens_in ?? 0)} tokens in, ${number(call.tokens_out)} out`;
  return (
    <>
      {call.tools.map((tool) => (
        <Unfold class="tool" summary={<>tool <code>{tool.name}</code></>}>
          {() => (
            <>
              <h5>Asked</h5>
              <Text text={tool.arguments} />
              <h5>Got</h5>
              <Text text={tool.result} />
            </>
          )}
        </Unfold>
      ))}
      <Text text={call.output} />
      <p class="meta">{[read && `reads ${read}`, tokens, call.seconds > 0 && duration(call.seconds)].filter(Boolean).join(" · ")}</p>
    </>
  );
}

/** The judge's words, with which output it saw first. */
export function SaidList({ said }: { said: readonly Said[] }) {
  if (said.length === 0) return null;
  return (
    <ul class="said-list">
      {said.map((one) => (
        <li>
          <p>
            <strong>{one.level === "glob" ? "global" : one.level}</strong>, {one.agent}: <Outcome outcome={one.verdict} /><span class="quiet">, the {one.new_first ? "new" : "old"} output was shown first</span>
          </p>
          <Text text={one.words} />
        </li>
      ))}
    </ul>
  );
}
