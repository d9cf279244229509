import type { Tensor } from "../../graph/tensor.ts";
import { add } from "../add.ts";
import { cast } from "../cast.ts";
import { equal } from "../equal.ts";
import { mul } from "../mul.ts";
import { sub } from "../sub.ts";
import { sumTo } from "./sum-to.ts";

/** Shares dy between two operands: to `left` where `leftWins`, half to each where they are equal. */
export function choose(dy: Tensor, left: Tensor, right: Tensor, leftWins: Tensor): [Tensor, Tensor] {
  const share = add(cast(leftWins, dy.dtype), mul(cast(equal(left, right), dy.dtype), 0.5));
  const toLeft = mul(dy, share);
  return [sumTo(toLeft, left.shape), sumTo(sub(dy, toLeft), right.shape)];
}
