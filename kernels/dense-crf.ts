/**
 * The inner loops of src/refinement/ in AssemblyScript, whose vectors of four numbers JavaScript does not have. `npm run kernels`
 * compiles them into src/refinement/kernels.ts.
 *
 * Addresses are bytes of the memory that the caller gives. Rows of `stride` float32, a multiple of 4, belong to a point or to a
 * vertex of the lattice.
 */

/** Values of all points, times `factors` where that is not 0, to the vertices of their simplices: `sides` a point. */
export function spread(
  vertices: usize,
  values: usize,
  corners: usize,
  shares: usize,
  factors: usize,
  points: i32,
  sides: i32,
  stride: i32,
): void {
  const row = <usize>stride << 2;
  for (let point = 0; point < points; point++) {
    const factor: f32 = factors == 0 ? 1 : load<f32>(factors + (<usize>point << 2));
    for (let t = 0; t < sides; t++) {
      const share = f32x4.splat(factor * load<f32>(shares));
      const to = vertices + <usize>load<i32>(corners) * row;
      for (let at: usize = 0; at < row; at += 16) {
        v128.store(to + at, f32x4.add(v128.load(to + at), f32x4.mul(share, v128.load(values + at))));
      }
      corners += 4;
      shares += 4;
    }
    values += row;
  }
}

/** v + ½ · (before + after) along lines of vertices, in place; the last of a line is written as −1 − vertex. */
export function blur(vertices: usize, lines: usize, count: i32, stride: i32): void {
  const row = <usize>stride << 2;
  const half = f32x4.splat(0.5);
  const zero = f32x4.splat(0);
  const end = lines + (<usize>count << 2);
  while (lines < end) {
    let next = lines;
    for (let at: usize = 0; at < row; at += 16) {
      next = lines;
      let before = zero;
      let here = vertices + at + <usize>load<i32>(next) * row;
      let own = v128.load(here);
      for (;;) {
        next += 4;
        const entry = load<i32>(next);
        const there = vertices + at + <usize>(entry < 0 ? -1 - entry : entry) * row;
        const after = v128.load(there);
        v128.store(here, f32x4.add(own, f32x4.mul(half, f32x4.add(before, after))));
        before = own;
        own = after;
        here = there;
        if (entry < 0) break;
      }
      v128.store(here, f32x4.add(own, f32x4.mul(half, before)));
    }
    lines = next + 4;
  }
}

/** Adds scale · factor · (the point's shares of its simplex's vertices) to `into`, for points `first` up to `end`. */
export function gather(
  into: usize,
  vertices: usize,
  corners: usize,
  shares: usize,
  factors: usize,
  first: i32,
  end: i32,
  sides: i32,
  stride: i32,
  scale: f32,
): void {
  const row = <usize>stride << 2;
  corners += <usize>(first * sides) << 2;
  shares += <usize>(first * sides) << 2;
  for (let point = first; point < end; point++) {
    const factor: f32 = factors == 0 ? scale : scale * load<f32>(factors + (<usize>point << 2));
    for (let t = 0; t < sides; t++) {
      const share = f32x4.splat(factor * load<f32>(shares));
      const from = vertices + <usize>load<i32>(corners) * row;
      for (let at: usize = 0; at < row; at += 16) {
        v128.store(into + at, f32x4.add(v128.load(into + at), f32x4.mul(share, v128.load(from + at))));
      }
      corners += 4;
      shares += 4;
    }
    into += row;
  }
}

/** exp(x) / Σ exp(x) of each row; the largest is taken off first. What is below e⁻⁶⁹ of it becomes 0: such numbers slow everything down. */
export function softmax(into: usize, from: usize, rows: i32, stride: i32): void {
  const row = <usize>stride << 2;
  for (let i = 0; i < rows; i++) {
    let most = v128.load(from);
    for (let at: usize = 16; at < row; at += 16) most = f32x4.max(most, v128.load(from + at));
    most = f32x4.max(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
    most = f32x4.max(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2));
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < row; at += 16) {
      const value = exp(f32x4.sub(v128.load(from + at), most));
      sum = f32x4.add(sum, value);
      v128.store(into + at, value);
    }
    sum = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
    sum = f32x4.add(sum, v128.shuffle<i32>(sum, sum, 1, 0, 3, 2));
    const share = f32x4.div(f32x4.splat(1), sum);
    for (let at: usize = 0; at < row; at += 16) v128.store(into + at, f32x4.mul(v128.load(into + at), share));
    into += row;
    from += row;
  }
}

/** x ≤ 0: 2ⁿ · e^r with |r| ≤ ln 2 / 2, whose series is cut where float32 no longer sees it. */
// @ts-ignore: a decorator on a function, which only AssemblyScript has
@inline
function exp(x: v128): v128 {
  const seen = f32x4.ge(x, f32x4.splat(-69));
  const n = f32x4.nearest(f32x4.mul(f32x4.max(x, f32x4.splat(-69)), f32x4.splat(1.4426950408889634)));
  // ln 2 in two parts, the first exact in products with n.
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let sum = f32x4.splat(1.0 / 5040);
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1.0 / 720));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1.0 / 120));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1.0 / 24));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1.0 / 6));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(0.5));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  sum = f32x4.add(f32x4.mul(sum, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(seen, f32x4.mul(sum, power));
}
