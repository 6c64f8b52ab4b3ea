// Whether the screen is a phone's: charts are drawn for it, not shrunk.
import { useEffect, useState } from "preact/hooks";

const PHONE = "(max-width: 34rem)";

export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const query = matchMedia(PHONE);
    const follow = () => setNarrow(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return narrow;
}
