// What need not stand in the first frame after a key: the rest of a long table, a large graph.
import { useEffect, useState } from "preact/hooks";

/** How many of a long list are drawn: some at once, then as many again after every frame, until all of them are. */
export function useGrowing(all: number, step: number): number {
  const [drawn, setDrawn] = useState(step);
  useEffect(() => (drawn < all ? afterFrame(() => setDrawn(drawn + step)) : undefined), [drawn, drawn < all]);
  return Math.min(all, drawn);
}

/** Do something in a task of its own after the next frame, so that a key that was pressed meanwhile comes first; returns how to call it off. */
export function afterFrame(what: () => void): () => void {
  let timer = 0;
  const frame = requestAnimationFrame(() => { timer = window.setTimeout(what); });
  return () => {
    cancelAnimationFrame(frame);
    window.clearTimeout(timer);
  };
}
