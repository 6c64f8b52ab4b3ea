// Texts of models: always text nodes, so nothing in them acts.
import { diffLines, diffWordsWithSpace } from "diff";
import { useMemo, useState } from "preact/hooks";
import { number } from "../words";

/** Characters from which a text is folded: about a screen. */
const LONG = 1600;
/** Characters from which words are not told apart any more, only lines: the time of a word diff grows with the square. */
const MANY = 24000;

export function Text({ text, none = "(empty)" }: { text: string | null; none?: string }) {
  const [whole, setWhole] = useState(false);
  if (text === null || text === "") return <p class="quiet">{text === null ? "(no output)" : none}</p>;
  const long = text.length > LONG + 200;
  return (
    <div class="text">
      <pre>{long && !whole ? `${text.slice(0, LONG)}…` : text}</pre>
      {long && (
        <button type="button" class="link" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "Show less" : `Show all ${number(text.length)} characters`}
        </button>
      )}
    </div>
  );
}

/** A sentence of ours; what stands between backticks is a command or a name, and is set as one. */
export function Told({ text }: { text: string }) {
  const parts = text.split("`");
  if (parts.length < 3 || parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, place) => (place % 2 ? <code>{part}</code> : part))}</>;
}

/** A line about a change: which round it is of first. */
export function Reason({ line }: { line: string }) {
  const [round = "", rest] = [/^(?:(?:round|step) [\w.]+|by decision)(?=: )/.exec(line)?.[0], line];
  if (!round) return <Told text={line} />;
  return <><strong>{round.replace(/^./, (letter) => letter.toUpperCase())}</strong> <Told text={rest.slice(round.length + 2)} /></>;
}

/** A prompt with its placeholders as chips. */
export function Prompt({ text, placeholders }: { text: string; placeholders: readonly string[] }) {
  return (
    <div class="text">
      <pre>{chipped(text, placeholders)}</pre>
    </div>
  );
}

function chipped(text: string, placeholders: readonly string[]) {
  if (placeholders.length === 0) return text;
  const parts: (string | preact.JSX.Element)[] = [];
  let at = 0;
  for (;;) {
    let next = -1;
    let found = "";
    for (const one of placeholders) {
      const place = one ? text.indexOf(one, at) : -1;
      if (place >= 0 && (next < 0 || place < next)) [next, found] = [place, one];
    }
    if (next < 0) break;
    parts.push(text.slice(at, next), <span class="chip" title="a placeholder: filled in on each input">{found}</span>);
    at = next + found.length;
  }
  parts.push(text.slice(at));
  return parts;
}

export interface Piece {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

export function differences(before: string, after: string): readonly Piece[] {
  const lines = before.length + after.length > MANY;
  const found = lines ? diffLines(before, after) : diffWordsWithSpace(before, after);
  const pieces = found.map((one): Piece => ({ kind: one.added ? "added" : one.removed ? "removed" : "same", text: one.value }));
  return lines ? pieces : inPhrases(pieces);
}

interface Change {
  readonly removed: string;
  readonly added: string;
  /** What stays after it, up to the next one. */
  readonly stays: string;
}

const size = ({ removed, added }: Change) => Math.max(removed.length, added.length);

/** Words that two phrases of a line share by chance are told with them, since one reads a phrase and no confetti of words. */
function inPhrases(pieces: readonly Piece[]): readonly Piece[] {
  const found: Change[] = [];
  for (const change of changesOf(pieces)) {
    found.push(change);
    while (found.length > 1) {
      const [one, other] = found.slice(-2) as [Change, Change];
      const replaced = (one.removed || other.removed) && (one.added || other.added);
      if (!replaced || one.stays.includes("\n") || one.stays.trim().length >= Math.min(size(one), size(other))) break;
      found.splice(-2, 2, { removed: one.removed + one.stays + other.removed, added: one.added + one.stays + other.added, stays: other.stays });
    }
  }
  return found.flatMap(({ removed, added, stays }) => [
    ...(removed ? [{ kind: "removed", text: removed } as const] : []),
    ...(added ? [{ kind: "added", text: added } as const] : []),
    ...(stays ? [{ kind: "same", text: stays } as const] : []),
  ]);
}

function changesOf(pieces: readonly Piece[]): readonly Change[] {
  const found: Change[] = [];
  let last: Change = { removed: "", added: "", stays: "" };
  for (const { kind, text } of pieces) {
    if (last.stays && kind !== "same") {
      found.push(last);
      last = { removed: "", added: "", stays: "" };
    }
    const name = kind === "same" ? "stays" : kind;
    last = { ...last, [name]: last[name] + text };
  }
  return [...found, last];
}

/** What changed from one text to another, by words: marked by line and colour, and told to screen readers. */
export function Diff({ before, after, placeholders = [] }: { before: string; after: string; placeholders?: readonly string[] }) {
  const pieces = useMemo(() => differences(before, after), [before, after]);
  if (before === after) return <p class="quiet">No difference.</p>;
  return (
    <div class="text diff">
      <pre>
        {pieces.map((piece) => {
          const inner = chipped(piece.text, placeholders);
          if (piece.kind === "added") return <ins>{inner}</ins>;
          return piece.kind === "removed" ? <del>{inner}</del> : inner;
        })}
      </pre>
    </div>
  );
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    setSaid((await copied(text)) ? "Copied" : "Not possible here");
    setTimeout(() => setSaid(""), 1600);
  };
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function Save({ name, text, label }: { name: string; text: () => string; label: string }) {
  const save = () => {
    const address = URL.createObjectURL(new Blob([text()], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  return (
    <button type="button" class="small" onClick={save}>
      {label}
    </button>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <Copy text={text} />
    </div>
  );
}
