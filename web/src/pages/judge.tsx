// How far the judge can be trusted.
import { useLinks, usePlace } from "../context";
import { Nothing, Rate, Section, ShareBar } from "../parts/figures";
import { Table } from "../parts/table";
import type { AgreementFigures, RateFigures } from "../view";
import { inputName, number, percent, plural, sign } from "../words";

/** How often the judge said of a case what a person said blind. */
function people(found: AgreementFigures): readonly [string, RateFigures, string] {
  return ["agrees with a person, on cases", found.agreement, `judged blind${found.kappa === null ? "" : `, κ ${found.kappa.toFixed(2)}`}`];
}

export function Judge() {
  const { document } = usePlace();
  const { to } = useLinks();
  const { judge } = document;
  const figures = judge.figures;
  const flipped = document.inputs.filter((row) => row.verdicts.length === 2 && new Set(row.verdicts).size === 2 && row.verdicts.every((one) => one === "win" || one === "loss"));
  const answer = document.questions.find((one) => one.page === "judge");
  const rows: (readonly [string, RateFigures, string])[] = figures
    ? [
        ...(figures.known_pairs.n ? [["right on pairs with a known answer", figures.known_pairs, "one output right, one wrong, by label"] as const] : []),
        ...(figures.labels ? [["agrees with labels", figures.labels.agreement, figures.labels.kappa === null ? "" : `κ ${figures.labels.kappa.toFixed(2)}`] as const] : []),
        ...(figures.human ? [["agrees with the person", figures.human.agreement, figures.human.kappa === null ? "" : `κ ${figures.human.kappa.toFixed(2)}`] as const] : []),
        ...(judge.people ? [people(judge.people)] : []),
        ["the output shown first wins", figures.first_position, "50% is fair"] as const,
        ["turns with the order", figures.flip, "it contradicted itself, of pairs on which it took a side in both orders"] as const,
        ["says tie", figures.tie, "of replies that could be read"] as const,
        ["cannot be read", figures.unreadable, "counts as undecided, never as a win"] as const,
      ]
    : [];
  return (
    <>
      <h1>Judge</h1>
      <p class="lead">{answer?.answer}</p>
      {figures ? (
        <Section title={judge.source === "labels" ? "Against labels, on the hold-out" : "From the hold-out, judged in both orders"}>
          <p class="quiet">{plural(figures.pairs, "pair")}; each figure with its 95% interval.</p>
          <Table
            caption="The judge's record"
            rows={rows}
            columns={[
              { name: "The judge", cell: ([name]) => name },
              { name: "Share", cell: ([, rate]) => <Rate share={rate.share} interval={rate.interval} />, value: ([, rate]) => rate.share ?? -1 },
              { name: "Of", cell: ([, rate]) => `${number(rate.count)} of ${number(rate.n)}`, right: true },
              { name: "Note", cell: ([, , note]) => <span class="quiet long">{note}</span> },
            ]}
          />
        </Section>
      ) : (
        <Nothing>{document.state === "finished" ? "Not measured, or the record does not tell the verdicts on the hold-out." : "Not measured yet: the hold-out is judged in both orders when the search has ended."}</Nothing>
      )}
      {document.cases.length > 0 && (
        <p>
          {judge.people ? `A person has judged ${plural(judge.people.agreement.n, "case")} blind; the judge said the same of ${number(judge.people.agreement.count)}.` : "Nobody has judged a case blind."} <a href={to("cases", { blind: "yes" })}>Judge {judge.people ? "more" : "some"}</a>
        </p>
      )}
      {judge.agreement.length > 0 && (
        <Section title="Do the levels agree?">
          <p class="quiet">How often a verdict on the way agreed with the one on the final answer, in the search. Where they part lie the <a href={to("cases")}>misalignment cases</a>.</p>
          <Table
            caption="Agreement with the final answer"
            rows={judge.agreement}
            columns={[
              { name: "Level", cell: ([level]) => level },
              { name: "Agreed", cell: ([, agreed, not]) => (agreed + not ? <span class="rate"><ShareBar share={agreed / (agreed + not)} mark={0.5} /> {percent(agreed / (agreed + not))}</span> : "–") },
              { name: "Of", cell: ([, agreed, not]) => `${number(agreed)} of ${number(agreed + not)}`, right: true },
            ]}
          />
        </Section>
      )}
      <Section title="Replies that decide nothing">
        <p>In the whole run {number(judge.unreadable)} could not be read; on {plural(judge.contradicted, "pair")} it preferred the same position twice.</p>
      </Section>
      {flipped.length > 0 && (
        <Section title="Pairs on which it turned with the order">
          <ul class="plain">
            {flipped.slice(0, 40).map((row) => (
              <li><a href={to("inputs", { at: row.id })}>{inputName(row.id, row.input)}</a> <span class="quiet">{row.verdicts.map((one) => sign(one).word).join(", then ")}</span></li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}
