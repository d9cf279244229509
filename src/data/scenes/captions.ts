import type { Random } from "../../array/random.ts";
import type { Drawing } from "./picture.ts";
import type { PlaceName } from "./places/index.ts";
import type { Placed, Stage } from "./stage.ts";

export function describeScene(
  _random: Random,
  kind: PlaceName,
  _stage: Stage,
  _drawing: Drawing,
  visible: readonly Placed[],
): string[] {
  return [`a ${kind} with ${visible.map(({ className }) => className).join(", ")}`];
}
