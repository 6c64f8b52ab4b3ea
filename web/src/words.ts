// Numbers and names as a reader meets them, the same as in the summary on the terminal.

const MINUS = "−";

/** With commas between thousands. By hand: the first use of a browser's own formats costs 20 ms of the first render. */
export function number(value: number): string {
  return thousands(String(Math.round(1000 * value) / 1000));
}

function thousands(figure: string): string {
  return figure.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

const TRIED: Readonly<Record<string, string>> = {
  mixed: "in mixed runs",
  union: "all changes together",
  sides: "each half of the changes",
  pairs: "two changes together",
  parts: "parts of the changes",
  prove: "to prove that two changes clash",
  promote: "against the prompt in the team",
  race: "in a race",
};

/** What a comparison was for; the name of one that is not ours. */
export function triedFor(purpose: string): string {
  return TRIED[purpose] ?? purpose;
}

/** A step of the search: rounds of a race have a number, steps of passes have two. */
export function stepName(label: string): string {
  if (label.startsWith("decided")) return "By decision";
  return `${label.includes(".") ? "Step" : "Round"} ${label}`;
}

export function percent(value: number, digits = 1): string {
  return `${rounded(100 * value, digits)}%`.replace("-", MINUS);
}

/** A number to so many digits as Python writes it: what lies in the middle goes to the even one. */
function rounded(value: number, digits: number): string {
  const scaled = value * 10 ** digits;
  const below = Math.floor(scaled);
  return scaled - below === 0.5 ? ((below + (below % 2 === 0 ? 0 : 1)) / 10 ** digits).toFixed(digits) : value.toFixed(digits);
}

export function signed(value: number, digits = 3): string {
  const text = value.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return (value > 0 ? `+${text}` : text).replace("-", MINUS);
}

export function signedPercent(value: number): string {
  const text = rounded(100 * value, 1);
  if (Number(text) === 0) return "0.0%";
  return `${value > 0 ? "+" : ""}${text}%`.replace("-", MINUS);
}

export function money(usd: number | null, simulated = false): string {
  if (simulated) return "simulated";
  if (usd === null) return "unknown";
  if (usd === 0) return "$0";
  return usd >= 1 ? `$${thousands(usd.toFixed(2))}` : `$${usd.toFixed(4)}`;
}

export function duration(seconds: number | null): string {
  if (seconds === null) return "unknown";
  if (seconds < 0.0005) return "0 s";
  if (seconds < 1) return `${(1000 * seconds).toFixed(0)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function moment(at: number): string {
  if (!at) return "";
  const when = new Date(1000 * at);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day} ${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}

/** Letters from which a headline is set smaller: three lines of the large letters. */
const LONG = 70;

/** The class of a headline that would fill the screen in large letters. */
export function lengthOf(headline: string): string | undefined {
  return [...headline].length > LONG ? "long" : undefined;
}

/** What an input is called: its id, or how it begins where its only name is the address of its content. */
export function inputName(id: string, text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return /^[0-9a-f]{16}$/.test(id) && flat ? (flat.length > 46 ? `${flat.slice(0, 45)}…` : flat) : id;
}

export interface Sign {
  readonly mark: string;
  readonly word: string;
  readonly tone: "good" | "bad" | "plain" | "note";
}

const SIGNS: Readonly<Record<string, Sign>> = {
  win: { mark: "▲", word: "won", tone: "good" },
  won: { mark: "▲", word: "won", tone: "good" },
  loss: { mark: "▼", word: "lost", tone: "bad" },
  lost: { mark: "▼", word: "lost", tone: "bad" },
  tie: { mark: "=", word: "tied", tone: "plain" },
  tied: { mark: "=", word: "tied", tone: "plain" },
  contradicted: { mark: "↔", word: "contradicted", tone: "note" },
  undecided: { mark: "?", word: "undecided", tone: "note" },
};

/** How an outcome is shown: never by its colour alone. */
export function sign(outcome: string): Sign {
  return SIGNS[outcome] ?? { mark: "·", word: outcome, tone: "plain" };
}
