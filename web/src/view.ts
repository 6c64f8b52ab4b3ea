// Made from docs/view.schema.json by types.mjs; not to be edited.

export interface Agent {
  readonly name: string;
  readonly reads: readonly string[];
  readonly output: boolean;
  readonly seed: string;
  readonly winner: string;
  readonly shipped: string;
  readonly changed: boolean;
  readonly times_changed: number;
  readonly placeholders: readonly string[];
  readonly suspicious: readonly string[];
  readonly worth: number;
  readonly share: number | null;
  readonly influence: EffectFigures | null;
  readonly calls_mean: number | null;
  readonly calls_most: number;
  readonly repeated: number;
  readonly why: readonly string[];
  readonly left_out: LeftOut | null;
  readonly called: string;
  readonly when: string;
  readonly each: string;
  readonly rounds: number;
  readonly same_prompt_as: string;
}

export interface AgreementFigures {
  readonly agreement: RateFigures;
  readonly kappa: number | null;
  readonly kappa_interval: readonly [number, number] | null;
}

export interface Answer {
  readonly question: string;
  readonly answer: string;
  readonly page: string;
}

export type AnyDocument = Document | Sheet;

export interface Approval {
  readonly agents: readonly string[];
  readonly prompts: readonly string[];
  readonly why: string;
  readonly net: number;
  readonly figures: HoldoutFigures;
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly planned: number | null;
}

export interface Bars {
  readonly caption: string;
  readonly unit: "percent" | "signed percent" | "number" | "money";
  readonly bars: readonly Bar[];
}

export interface Burn {
  readonly seconds: number;
  readonly calls: number;
  readonly usd: number | null;
  readonly tokens: number;
}

export interface CalibrationFigures {
  readonly pairs: number;
  readonly known_pairs: RateFigures;
  readonly labels: AgreementFigures | null;
  readonly human: AgreementFigures | null;
  readonly first_position: RateFigures;
  readonly flip: RateFigures;
  readonly tie: RateFigures;
  readonly unreadable: RateFigures;
}

export interface Candidate {
  readonly id: string;
  readonly parent: string;
  readonly reward: number;
  readonly score: number;
  readonly score_interval: readonly [number, number] | null;
  readonly interval: readonly [number, number] | null;
  readonly kept: boolean;
  readonly inputs: number;
  readonly misaligned: number;
  readonly local: LevelCounts;
  readonly lookahead: LevelCounts;
  readonly glob: LevelCounts;
}

export interface Case {
  readonly id: string;
  readonly agent: string;
  readonly input_key: string;
  readonly label: string;
  readonly input: string;
  readonly step: string;
  readonly candidate: string;
  readonly reference: string;
  readonly outputs: readonly (readonly [string, string, string])[];
  readonly lost: readonly string[];
  readonly loss: string;
  readonly final: string;
  readonly settled: boolean;
  readonly said: readonly Said[];
  readonly trace: string;
}

export interface Cells {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly rows_count: number;
  readonly names: number;
}

export interface Compared {
  readonly key: string;
  readonly said: readonly Said[];
  readonly reference: readonly TraceCall[];
  readonly candidate: readonly (TraceCall | number)[];
}

export interface ComparisonRow {
  readonly key: string;
  readonly purpose: string;
  readonly step: string;
  readonly input_key: string;
  readonly local: string;
  readonly lookahead: readonly (readonly [string, string])[];
  readonly glob: string;
  readonly misaligned: boolean;
  readonly kept: boolean;
  readonly label: string;
}

export interface Conflict {
  readonly step: string;
  readonly agents: readonly [string, string];
  readonly alone: readonly [number, number];
  readonly together: number;
  readonly inputs: readonly (readonly [string, string])[];
  readonly inputs_count: number;
  readonly text: string;
}

export interface Cost {
  readonly total: Spent;
  readonly purposes: readonly Spent[];
  readonly agents: readonly Spent[];
  readonly models: readonly Spent[];
  readonly latency: readonly Latency[];
  readonly burn: readonly Burn[];
  readonly seconds: number | null;
  readonly in_flight: number;
  readonly cap_usd: number | null;
  readonly cap_calls: number | null;
  readonly cap_minutes: number | null;
  readonly money: string;
  readonly thoughts: string;
  readonly health: readonly string[];
  readonly lost: readonly LostCall[];
  readonly lost_count: number;
  readonly unsettled: readonly UnsettledCall[];
  readonly unsettled_count: number;
  readonly unsettled_bound: string;
  readonly planned_calls: number | null;
  readonly in_use: CostChangeFigures | null;
}

export interface CostChangeFigures {
  readonly before: CostFigures;
  readonly after: CostFigures;
  readonly measured_on: number;
}

export interface CostFigures {
  readonly calls: number;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly usd: number | null;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Curves {
  readonly caption: string;
  readonly x: string;
  readonly x_unit: "percent" | "signed percent" | "number" | "money";
  readonly logarithmic: boolean;
  readonly unit: "percent" | "signed percent" | "number" | "money";
  readonly curves: readonly Curve[];
  readonly levels: readonly (readonly [string, number])[];
  readonly growing: boolean;
}

export interface Decision {
  readonly changed: boolean;
  readonly before: string;
  readonly after: string;
  readonly reason: string;
  readonly ruled: boolean;
}

export interface Document {
  readonly format: "maspo.view/1";
  readonly kind: "run";
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly state: "empty" | "running" | "stopped" | "paused" | "finished";
  readonly status: string;
  readonly seq: number;
  readonly written: number;
  readonly damage: string;
  readonly held: boolean;
  readonly approval: Approval | null;
  readonly decided: readonly Ruling[];
  readonly decided_count: number;
  readonly simulated: boolean;
  readonly truth: readonly [number, number] | null;
  readonly label: string;
  readonly headline: string;
  readonly why: string;
  readonly verdict: "improved" | "no_evidence" | "worse" | "cannot_tell" | null;
  readonly shipped: "optimized" | "seed" | null;
  readonly progress: string;
  readonly remarks: readonly Remark[];
  readonly questions: readonly Answer[];
  readonly holdout: Holdout | null;
  readonly more: readonly string[];
  readonly prompts: Readonly<Record<string, string>>;
  readonly agents: readonly Agent[];
  readonly edges: readonly Edge[];
  readonly hint: string;
  readonly steps: readonly Step[];
  readonly steps_count: number;
  readonly candidates_count: number;
  readonly conflicts: readonly Conflict[];
  readonly conflicts_count: number;
  readonly cases: readonly Case[];
  readonly cases_count: number;
  readonly inputs: readonly InputRow[];
  readonly inputs_count: number;
  readonly traces: Readonly<Record<string, Compared>>;
  readonly comparisons: readonly ComparisonRow[];
  readonly comparisons_count: number;
  readonly proxy: readonly string[];
  readonly screened: readonly Screened[];
  readonly screened_count: number;
  readonly judge: JudgeFigures;
  readonly cost: Cost;
  readonly settings: Settings;
  readonly log: readonly LogLine[];
  readonly log_count: number;
  readonly part_of: "" | "comparison" | "prompts and structure";
  readonly prompt_files: "known" | "unknown" | "none";
}

export interface Dot {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Dots {
  readonly caption: string;
  readonly unit: "percent" | "signed percent" | "number" | "money";
  readonly dots: readonly Dot[];
  readonly least: number;
  readonly most: number;
  readonly fair: number | null;
  readonly lower_is_better: boolean;
}

export interface Edge {
  readonly source: string;
  readonly reader: string;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly agreed: number;
  readonly disagreed: number;
  readonly withheld: EffectFigures | null;
  readonly late: boolean;
}

export interface EffectFigures {
  readonly compared: number;
  readonly differed: number;
  readonly share: number | null;
  readonly interval: readonly [number, number];
  readonly wins: number;
  readonly losses: number;
}

export interface Fold {
  readonly title: string;
  readonly passages: readonly Passage[];
}

export interface Holdout {
  readonly figures: HoldoutFigures;
  readonly net: number;
  readonly inputs: string;
  readonly counts: string;
  readonly test: string;
  readonly lines: readonly string[];
}

export interface HoldoutFigures {
  readonly n: number;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly undecided: number;
  readonly contradicted: number;
  readonly p_value: number;
  readonly p_worse: number;
  readonly interval: readonly [number, number];
  readonly needed: number | null;
  readonly groups: number;
  readonly look: number;
  readonly level: number;
  readonly searched: SearchedFigures | null;
}

export interface InputRow {
  readonly id: string;
  readonly outcome: "won" | "lost" | "tied" | "undecided";
  readonly input: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly verdicts: readonly string[];
  readonly reason: string;
  readonly trace: string;
}

export interface JudgeFigures {
  readonly source: "labels" | "holdout" | "none";
  readonly figures: CalibrationFigures | null;
  readonly words: readonly (readonly [string, string])[];
  readonly agreement: readonly (readonly [string, number, number])[];
  readonly unreadable: number;
  readonly contradicted: number;
  readonly people: AgreementFigures | null;
}

export interface Latency {
  readonly name: string;
  readonly n: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly longest: number;
}

export interface LeftOut {
  readonly inputs: number;
  readonly worse: readonly string[];
  readonly worse_count: number;
  readonly better: readonly string[];
  readonly better_count: number;
}

export interface LevelCounts {
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly undecided: number;
}

export interface Link {
  readonly name: string;
  readonly told: string;
  readonly folder: string;
  readonly page: string;
  readonly run: string;
}

export interface LogLine {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly about: string;
  readonly tone: "plain" | "good" | "bad" | "note";
  readonly text: string;
}

export interface LostCall {
  readonly purpose: string;
  readonly agent: string;
  readonly attempts: number;
  readonly outcome: string;
  readonly reason: string;
}

export interface Part {
  readonly title: string;
  readonly words: readonly string[];
  readonly dots: readonly Dots[];
  readonly curves: readonly Curves[];
  readonly tables: readonly Cells[];
  readonly folds: readonly Fold[];
  readonly more: string;
  readonly bars: readonly Bars[];
  readonly links: readonly Link[];
}

export interface Passage {
  readonly name: string;
  readonly text: string;
  readonly before: string | null;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

export interface RateFigures {
  readonly share: number | null;
  readonly count: number;
  readonly n: number;
  readonly interval: readonly [number, number];
}

export interface Rejected {
  readonly text: string;
  readonly reason: string;
}

export interface Remark {
  readonly tone: "plain" | "good" | "bad" | "note";
  readonly text: string;
}

export interface Ruling {
  readonly at: number | null;
  readonly action: string;
  readonly agent: string;
  readonly prompt: string;
  readonly reason: string;
  readonly text: string;
  readonly taken: boolean;
}

export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly state: "empty" | "running" | "stopped" | "paused" | "finished";
  readonly status: string;
  readonly label: string;
  readonly headline: string;
  readonly verdict: "improved" | "no_evidence" | "worse" | "cannot_tell" | null;
  readonly shipped: "optimized" | "seed" | null;
  readonly net: number | null;
  readonly interval: readonly [number, number] | null;
  readonly n: number;
  readonly wins: number;
  readonly losses: number;
  readonly calls: number;
  readonly usd: number | null;
  readonly money: string;
  readonly seconds: number | null;
  readonly written: number;
  readonly simulated: boolean;
  readonly inside: string;
}

export interface Said {
  readonly level: string;
  readonly agent: string;
  readonly verdict: string;
  readonly new_first: boolean;
  readonly words: string;
}

export interface Screened {
  readonly agent: string;
  readonly asked: number;
  readonly kept: number;
  readonly dropped: number;
  readonly audited: number;
}

export interface SearchedFigures {
  readonly n: number;
  readonly wins: number;
  readonly losses: number;
  readonly p_value: number;
}

export interface Settings {
  readonly values: readonly (readonly [string, string])[];
  readonly notes: readonly string[];
}

export interface Sheet {
  readonly format: "maspo.view/1";
  readonly kind: "evaluation" | "judge check" | "comparison" | "arena" | "stress" | "structure" | "watch" | "prompts and structure";
  readonly name: string;
  readonly line: string;
  readonly simulated: boolean;
  readonly label: string;
  readonly tone: "improved" | "worse" | "no_evidence" | "cannot_tell" | "open";
  readonly headline: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly remarks: readonly Remark[];
  readonly parts: readonly Part[];
  readonly summary: string;
  readonly state: "running" | "stopped" | "finished";
}

export interface SheetRow {
  readonly id: string;
  readonly kind: "evaluation" | "judge check" | "comparison" | "arena" | "stress" | "structure" | "watch" | "prompts and structure";
  readonly name: string;
  readonly folder: string;
  readonly label: string;
  readonly headline: string;
  readonly written: number;
  readonly simulated: boolean;
  readonly state: "running" | "stopped" | "finished";
}

export interface Spent {
  readonly name: string;
  readonly calls: number;
  readonly cached: number;
  readonly failed: number;
  readonly tokens_in: number;
  readonly tokens_out: number;
  readonly usd: number | null;
  readonly unmetered: number;
}

export interface Step {
  readonly id: string;
  readonly label: string;
  readonly agent: string;
  readonly at: number | null;
  readonly candidates: readonly Candidate[];
  readonly rejected: readonly Rejected[];
  readonly rejected_count: number;
  readonly cases: number;
  readonly tried: readonly Tried[];
  readonly lookahead: readonly (readonly [string, LevelCounts])[];
  readonly decision: Decision | null;
}

export interface Tool {
  readonly name: string;
  readonly arguments: string;
  readonly result: string;
}

export interface TraceCall {
  readonly agent: string;
  readonly nth: number;
  readonly output: string;
  readonly reads: readonly number[];
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly seconds: number;
  readonly tools: readonly Tool[];
}

export interface Tried {
  readonly purpose: string;
  readonly counts: LevelCounts;
}

export interface UnsettledCall {
  readonly purpose: string;
  readonly agent: string;
  readonly model: string;
  readonly usd: number | null;
}
