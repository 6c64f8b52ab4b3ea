// The verdict first; then the ten questions, what was spent, and what to know before shipping.
import { useFolder, useLinks, usePlace } from "../context";
import { Facts, LargeIntervalBar, Outcome, Section } from "../parts/figures";
import { BurnChart } from "../parts/burn";
import { Decided, Waiting } from "../parts/decided";
import { Command, Reason, Told } from "../parts/text";
import { Without } from "../parts/without";
import { href } from "../route";
import type { Agent, Cost, Document } from "../view";
import { duration, lengthOf, money, number, percent, plural, signedPercent, stepName } from "../words";

/** Agents whose changes are told here; the page of prompts has all. */
const MOST_CHANGED = 8;

export function Overview() {
  const { document } = usePlace();
  const { to } = useLinks();
  const folder = useFolder();
  const holdout = document.holdout;
  const figures = holdout?.figures;
  const changed = document.agents.filter((agent) => agent.changed);
  const files = document.prompt_files === "unknown" ? " --to FOLDER" : "";
  // What a turn holds out is one input, so that its verdict says nothing.
  const turn = document.part_of === "prompts and structure" && document.verdict !== null;
  const working = document.state === "running" && document.progress !== "" && !document.approval;
  const said = turn ? rewritten(changed) : working ? document.progress : document.headline;
  const told = changed.filter((agent) => agent.why.length > 0 || agent.left_out);
  const budget = (
      <Section title="Budget" aside={<a href={to("cost")}>Cost and time</a>}>
        <Facts
          facts={[
            ["Calls", `${number(document.cost.total.calls)}${planned(document.cost, document.state === "finished")}`],
            ["Money", `${document.cost.money}${document.cost.cap_usd ? ` of at most ${money(document.cost.cap_usd)}` : ""}`],
            ["Time", `${duration(document.cost.seconds)}${working ? left(document.cost) : ""}`],
            ...(working ? [["In flight", number(document.cost.in_flight)] as const] : []),
            ["Tokens", `${number(document.cost.total.tokens_in)} in, ${number(document.cost.total.tokens_out)} out`],
          ]}
        />
        <BurnChart cost={document.cost} working={working} />
        {document.more.length > 0 && (
          <p>
            <strong>More budget:</strong> <Told text={document.more.join("; ")} />.
          </p>
        )}
      </Section>
  );
  return (
    <article class="overview">
      <section class={`verdict ${document.verdict ?? document.state}`} aria-label="Verdict">
        <p class="kicker">{turn ? "A turn" : working ? `${document.label} · ${where(document)}` : document.label}</p>
        <h1 class={lengthOf(said)}>{said}</h1>
        {document.part_of && <PartOf />}
        {document.approval && <Waiting approval={document.approval} />}
        {working ? <p class="lead">Whether the new prompts are better is tested once, when the search is over. Until then nothing is claimed.</p> : document.progress && <p class="lead">{document.progress}</p>}
        {holdout && figures && !turn && (
          <>
            <figure class="proof">
              <LargeIntervalBar value={holdout.net} interval={figures.interval} />
              <figcaption>
                <strong class="big">{signedPercent(holdout.net)}</strong> net win rate (won minus lost) on {holdout.inputs} that the search never saw;{" "}
                <span class="nowrap">95% interval {signedPercent(figures.interval[0])} to {signedPercent(figures.interval[1])}</span>
              </figcaption>
            </figure>
            <p class="tally">
              <a href={to("inputs", { outcome: "won" })}><Outcome outcome="win" count={figures.wins} /> won</a>
              <a href={to("inputs", { outcome: "lost" })}><Outcome outcome="loss" count={figures.losses} /> lost</a>
              <a href={to("inputs", { outcome: "tied" })}><Outcome outcome="tie" count={figures.ties} /> tied</a>
              {figures.undecided > 0 && <a href={to("inputs", { outcome: "undecided" })}><Outcome outcome="undecided" count={figures.undecided} /> undecided</a>}
              <span>{holdout.test}</span>
            </p>
          </>
        )}
        {document.why && !turn && <p class="why"><Told text={document.why} /></p>}
        {!turn && holdout?.lines.map((line) => <p class="quiet">{line}</p>)}
        {document.truth && (
          <p class="simulated">
            Simulated world: no language model was asked. True accuracy: {percent(document.truth[0])} with the seed prompts, {percent(document.truth[1])} with the shipped prompts.
          </p>
        )}
        {document.simulated && !document.truth && <p class="simulated">Simulated world: no language model was asked.</p>}
      </section>

      {working && budget}

      {!turn && <Section title="Ten questions">
        <ol class="questions">
          {document.questions.map((one) => (
            <li key={one.question}>
              <a href={to(one.page)}>
                <h3>{one.question}</h3>
              </a>
              <p><Told text={one.answer} /></p>
            </li>
          ))}
        </ol>
      </Section>}

      {told.length > 0 && (
        <Section title="What changed, and why" aside={<a href={to("prompts")}>Read every change</a>}>
          <dl class="reasons">
            {told.slice(0, MOST_CHANGED).map((agent) => (
              <div>
                <dt><a href={to("prompts", { agent: agent.name })}>{agent.name}</a></dt>
                {agent.why.slice(-2).map((line) => <dd class="words"><Reason line={line} /></dd>)}
                {agent.left_out && <dd class="words"><Without found={agent.left_out} /></dd>}
                {agent.why.length > 2 && <dd class="quiet">{plural(agent.why.length - 2, "earlier line")} on its page</dd>}
              </div>
            ))}
          </dl>
          {told.length > MOST_CHANGED && <p class="quiet">and {told.length - MOST_CHANGED} more</p>}
        </Section>
      )}

      <Decided />

      {document.remarks.length > 0 && (
        <Section title="Before you rely on it">
          <ul class="remarks">
            {document.remarks.map((remark) => (
              <li class={remark.tone}>
                <span aria-hidden="true">{remark.tone === "bad" ? "!" : "·"}</span> <Told text={remark.text} />
              </li>
            ))}
          </ul>
        </Section>
      )}

      {!working && budget}

      {document.shipped && !turn && (
        <Section title="Ship" aside={<a href={to("prompts")}>Read every change</a>}>
          <p>
            {document.shipped === "optimized"
              ? `prompts.json of the run folder holds ${changed.length === 1 ? "one new prompt" : `${changed.length} new prompts`}${changed.length < document.agents.length ? " and the unchanged ones" : ""}.`
              : "prompts.json of the run folder holds your seed prompts: what was found is not shipped."}
          </p>
          {document.shipped === "optimized" ? (
            <>
              <Command text={`maspo diff ${folder}`} />
              {document.prompt_files === "none" ? (
                <p class="quiet">The team of a demo has no files to write them into.</p>
              ) : (
                <>
                  {document.prompt_files === "unknown" && <p>The run was started from Python: in place of FOLDER give the file or the folder in which the prompts stand.</p>}
                  <Command text={`maspo apply ${folder}${files}`} />
                  <p class="quiet">For a pull request, with a commit for each agent and its evidence; or as a patch:</p>
                  <Command text={`maspo apply ${folder}${files} --branch better-prompts`} />
                  <Command text={`maspo apply ${folder}${files} --patch better-prompts.patch`} />
                </>
              )}
            </>
          ) : (
            changed.length > 0 && <Command text={`maspo diff ${folder} seed winners`} />
          )}
        </Section>
      )}
    </article>
  );
}

/** Where a run that works is: in which round, or beyond the search. */
function where(document: Document): string {
  const last = document.steps.at(-1);
  return last && document.more.length === 0 ? stepName(last.label).toLowerCase() : "final test";
}

/** Of how many calls: the plan and the cap above it, or the cap alone. A run that is over has used its plan, or a few more. */
function planned({ planned_calls: plan, cap_calls: cap }: Cost, over: boolean): string {
  if (over && plan !== null) return `; about ${number(plan)} were expected`;
  if (plan !== null && (cap === null || plan < cap)) return ` of about ${number(plan)}${cap ? `, at most ${number(cap)}` : ""}`;
  return cap ? ` of at most ${number(cap)}` : "";
}

/** A pace tells little before so many calls. */
const CALLS_FOR_A_PACE = 20;

/** About how long the rest takes, at the pace so far. */
function left({ planned_calls: plan, cap_calls: cap, total, seconds }: Cost): string {
  const most = Math.min(plan ?? Infinity, cap ?? Infinity);
  if (!Number.isFinite(most) || !seconds || total.calls < CALLS_FOR_A_PACE || most <= total.calls) return "";
  return `, about ${duration((seconds * (most - total.calls)) / total.calls)} left`;
}

function rewritten(changed: readonly Agent[]): string {
  if (changed.length === 0) return "No prompt was changed.";
  return changed.length > 4 ? `${number(changed.length)} prompts were rewritten.` : `Rewritten: ${changed.map((agent) => agent.name).join(", ")}.`;
}

/** Said of a run whose own verdict is not the one that counts. */
function PartOf() {
  const { document, source, route } = usePlace();
  const whole = source.whole(route.run);
  const name = document.part_of === "comparison" ? "a comparison" : "prompts and structure in turns";
  const why = document.part_of === "comparison" ? "What it found is measured there, on inputs that no run of it has seen." : "Its own test has one input and decides nothing; what the turns came to is tested there, at the end.";
  return <p class="hint">Part of {whole ? <a href={href(whole, "")}>{name}</a> : name}. {why}</p>;
}
