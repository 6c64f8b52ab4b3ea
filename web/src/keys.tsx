// Everything by keyboard: moving through lists and pages, the filter, help.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

const KEYS: readonly (readonly [string, string])[] = [
  ["?", "this help"],
  ["/", "to the filter of the page"],
  ["j  k", "next and previous in a list or a table"],
  ["]  [", "next and previous page"],
  ["1 … 9, 0", "to a page by its place"],
  ["c", "change between light, dark and automatic colours"],
  ["Esc", "close this help; leave the filter"],
  ["b", "on Cases: judge blind, and back; then 1, 2 or t"],
];

/** Where letters are written; a box that is ticked or a slider hears keys and needs none of these. */
const TYPED = "input:not([type=checkbox], [type=range]), textarea, select";

interface Moves {
  readonly pages: readonly string[];
  readonly at: number;
  readonly help: () => void;
  readonly close: () => void;
}

export function useKeys(moves: Moves): void {
  const latest = useRef(moves);
  latest.current = moves;
  // Before the page is painted: who sees it may press a key.
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (document.querySelector("dialog[open]") !== null && event.key !== "?") return; // Esc closes it by itself
      if (target?.matches(TYPED)) {
        if (event.key === "Escape") target.blur();
        return;
      }
      if (act(event.key, latest.current)) event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

function act(key: string, moves: Moves): boolean {
  const go = (place: number) => {
    const target = moves.pages[place];
    if (target === undefined) return false;
    location.hash = target;
    return true;
  };
  switch (key) {
    case "?":
      moves.help();
      return true;
    case "Escape":
      moves.close();
      return false;
    case "/": {
      const field = document.querySelector<HTMLInputElement>("[data-filter]");
      field?.focus();
      field?.select();
      return field !== null;
    }
    case "j":
      return step(1);
    case "k":
      return step(-1);
    case "]":
      return go(moves.at + 1);
    case "[":
      return go(moves.at - 1);
    case "c":
      document.querySelector<HTMLButtonElement>("[data-theme-switch]")?.click();
      return true;
    case "b": {
      const turn = document.querySelector<HTMLAnchorElement>("[data-blind-switch]");
      turn?.click();
      return turn !== null;
    }
    default:
      // Where a pair is judged blind, digits are verdicts.
      return /^[0-9]$/.test(key) && document.querySelector("[data-blind]") === null && go(key === "0" ? 9 : Number(key) - 1);
  }
}

/** Move through the list of the page: what is next is opened. Without one, through its first table, row by row. */
function step(by: number): boolean {
  const items = [...document.querySelectorAll<HTMLAnchorElement>("[data-list] [data-item]")];
  if (items.length === 0) return stepDown(by);
  const at = items.findIndex((item) => item.getAttribute("aria-current") === "true");
  const next = items[Math.max(0, Math.min(items.length - 1, at + by))];
  next?.click();
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
  return true;
}

/** Move to the link of the next row; Enter follows it. */
function stepDown(by: number): boolean {
  const links = [...document.querySelectorAll<HTMLElement>("main tbody tr")].flatMap((row) => row.querySelector<HTMLElement>("a") ?? []);
  const at = links.findIndex((link) => link.closest("tr")?.contains(document.activeElement));
  const next = links[Math.max(0, Math.min(links.length - 1, at < 0 && by < 0 ? 0 : at + by))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
  return next !== undefined;
}

export function Help({ open, close }: { open: boolean; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const one = dialog.current;
    if (open && one && !one.open) one.showModal();
    if (!open && one?.open) one.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-labelledby="keys-title" onClose={close}>
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={close}>
        Close
      </button>
    </dialog>
  );
}
