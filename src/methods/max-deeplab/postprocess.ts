/** From logits to segments (Wang et al. 2021, sec. 3.1), in the graph: two largest values and a few thresholds. */
import { fromNumbers } from "../../array/ndarray.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import {
  add,
  and,
  argMax,
  cast,
  equal,
  exp,
  gather,
  greater,
  greaterOrEqual,
  less,
  logSumExp,
  matmul,
  max,
  mul,
  reshape,
  scatterAdd,
  slice,
  softmax,
  sub,
  unsqueeze,
  where,
} from "../../ops/index.ts";
import { resizedTo } from "./semantic-decoder.ts";
import type { ClassOrder } from "./targets.ts";

export interface PostprocessSettings {
  /** Of a slot: chance of its best class, 0 … 1. */
  readonly classThreshold: number;
  /** Of a pixel: its share in its slot among the slots that are sure, 0 … 1. */
  readonly pixelThreshold: number;
  /** Smallest things, and smallest stuff classes, pixels of the view. */
  readonly thingArea: number;
  readonly stuffArea: number;
}

export interface Found {
  /** [H, W] int64: the best of the slots that are sure; 0 where none is. */
  readonly slot: Tensor;
  /** [H, W]: of the best among the slots that are sure. */
  readonly pixelConfidence: Tensor;
  /** [H, W] bool: the pixel is sure, and no other slot is better. */
  readonly confident: Tensor;
  /** [N] bool: the slot is sure of its class. */
  readonly detected: Tensor;
  /** [N] int64: channel of the slot's best class, and the chance of it. */
  readonly channel: Tensor;
  readonly confidence: Tensor;
  /** [H, W] int64: label · divisor + instance; instances of things are their slot + 1, of stuff 0. Void: ignoreLabel · divisor. */
  readonly panoptic: Tensor;
  /** [N] int64: what `panoptic` is in each slot, void where it is left out. */
  readonly ids: Tensor;
  /** [H, W] int64: label of each pixel's best slot, however unsure: all thresholds and areas 0. */
  readonly semantic: Tensor;
}

/** maskLogits: [1, N, h, w]; classLogits: [1, N, C + 1]; size: of the view. */
export function panopticFromMasks(
  maskLogits: Tensor,
  classLogits: Tensor,
  { things, stuff, ignoreLabel }: ClassOrder,
  {
    size,
    divisor,
    ...settings
  }: PostprocessSettings & { readonly size: readonly [number, number]; readonly divisor: number },
): Found {
  const slots = maskLogits.shape[1];
  const classes = things.length + stuff.length;
  const [height, width] = size;
  const ofClasses = slice(softmax(classLogits, { axis: -1 }), [{ axis: 2, start: 0, end: classes }]);
  const confidence = reshape(max(ofClasses, { axes: [2] }), [slots]);
  const channel = reshape(argMax(ofClasses, { axis: 2 }), [slots]);
  const detected = greaterOrEqual(confidence, settings.classThreshold);

  const logits = resizedTo(maskLogits, size); // [1, N, H, W]
  const sure = where(reshape(detected, [1, slots, 1, 1]), logits, -99999);
  const best = max(sure, { axes: [1] }); // [1, H, W]
  // The largest of a softmax is e to its own logit less the normalizer.
  const largest = reshape(exp(sub(best, logSumExp(sure, { axes: [1] }))), [height, width]);
  const pixelConfidence = mul(largest, max(cast(detected, "float32"))); // 0 where no slot is sure
  const slot = reshape(argMax(sure, { axis: 1, keepDims: false }), [height, width]);
  const flatSlot = reshape(slot, [height * width]);
  const isBest = reshape(greaterOrEqual(best, max(logits, { axes: [1] })), [height, width]);
  const confident = and(isBest, greater(pixelConfidence, settings.pixelThreshold));

  const isThing = less(channel, int64(things.length)); // [N]
  const kept = reshape(cast(confident, "float32"), [height * width]);
  const areas = scatterAdd(
    constant(fromNumbers("float32", [slots], new Array<number>(slots).fill(0))),
    flatSlot,
    kept,
    {
      axis: 0,
    },
  );
  // Slots of one stuff class are one region.
  const sameClass = cast(equal(unsqueeze(channel, 0), unsqueeze(channel, 1)), "float32"); // [N, N]
  const regions = reshape(matmul(sameClass, unsqueeze(areas, 1)), [slots]);
  const isLarge = where(
    isThing,
    cast(greaterOrEqual(areas, settings.thingArea), "float32"),
    cast(greaterOrEqual(regions, settings.stuffArea), "float32"),
  );
  const labels = constant(fromNumbers("int64", [classes], [...things, ...stuff]));
  const numbers = constant(
    fromNumbers(
      "int64",
      [slots],
      Array.from({ length: slots }, (_, i) => i + 1),
    ),
  );
  const nothing = int64(ignoreLabel * divisor);
  const labelOf = gather(labels, channel, { axis: 0 }); // [N]
  const own = add(mul(labelOf, int64(divisor)), where(isThing, numbers, int64(0)));
  const ids = where(and(detected, equal(isLarge, 1)), own, nothing); // [N]
  const panoptic = where(confident, reshape(gather(ids, flatSlot, { axis: 0 }), [height, width]), nothing);
  const anySlot = reshape(argMax(logits, { axis: 1, keepDims: false }), [height * width]);
  const semantic = reshape(gather(labelOf, anySlot, { axis: 0 }), [height, width]);
  return { slot, pixelConfidence, confident, detected, channel, confidence, panoptic, ids, semantic };
}

function int64(value: number): Tensor {
  return constant(fromNumbers("int64", [], [value]));
}
