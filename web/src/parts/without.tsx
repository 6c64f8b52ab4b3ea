// What leaving out an agent's changes does.
import { useLinks } from "../context";
import type { LeftOut } from "../view";
import { number, plural } from "../words";

/** What happens without its changes, with a way to each input. */
export function Without({ found }: { found: LeftOut }) {
  const { to } = useLinks();
  const told = (inputs: readonly string[], count: number) => (
    <>
      {number(count)}
      {inputs.length > 0 && <> ({inputs.map((name, place) => <>{place > 0 && ", "}<a href={to("inputs", { at: name })}>{name}</a></>)}{count > inputs.length && `, and ${count - inputs.length} more`})</>}
    </>
  );
  return (
    <>
      Without it, on {plural(found.inputs, "hold-out input")}: worse on {told(found.worse, found.worse_count)}, better on {told(found.better, found.better_count)}.
    </>
  );
}
