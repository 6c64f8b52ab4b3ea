// What is made only when somebody opens it: tables behind charts, plain texts, traces.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface Unfolded {
  readonly summary: ComponentChildren;
  readonly class?: string;
  readonly wordy?: boolean;
  readonly children: () => ComponentChildren;
}

export function Unfold({ summary, class: kind, wordy, children }: Unfolded) {
  const [opened, setOpened] = useState(false);
  return (
    <details class={kind} onToggle={(event) => event.currentTarget.open && setOpened(true)}>
      <summary class={wordy ? "words" : undefined}>{summary}</summary>
      {opened && children()}
    </details>
  );
}
