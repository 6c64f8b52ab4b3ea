// What need not stand in the first frame after a key: the rest of a long table, a large graph.
import { useEffect, useState } from "preact/hooks";

/** How many of a long list are drawn: more after every frame until all of them are, and half as many in the first, which has the page around them to draw. */
export function useGrowing(all: number, step: number): number {
  const [drawn, setDrawn] = useState(Math.ceil(step / 2));
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
