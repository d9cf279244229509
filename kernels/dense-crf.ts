/**
 * The inner loops of src/refinement/ in AssemblyScript, whose vectors of four numbers JavaScript does not have. `npm run kernels`
 * compiles them into src/refinement/kernels.ts.
 *
 * Addresses are bytes of the memory that the caller gives. Rows of `stride` float32, a multiple of 4, belong to a point or to a
 * vertex of the lattice.
 */

/**
 * The simplex of each point: its vertices, numbered in order of first use, and the point's share in each (barycentric). Gives the
 * number of vertices.
 *
 * features: float32 [points, d]; corners, shares: [points, d + 1]; keys: int32 [vertices, d], d of the d + 1 coordinates, whose sum
 * is 0; slots: room for int32, a power of two of them, of which the first are used, as `slotsOf` says; scratch: 8 · (d + 2) float64.
 */
export function simplices(
  features: usize,
  points: i32,
  d: i32,
  corners: usize,
  shares: usize,
  keys: usize,
  slots: usize,
  scratch: usize,
): i32 {
  const sides = d + 1;
  const size = <usize>(d + 2) << 3;
  const scale = scratch;
  const elevated = scratch + size;
  const share = elevated + size;
  const nearest = share + size;
  const rank = nearest + size;
  const lastNearest = rank + size;
  const lastRank = lastNearest + size;
  const key = lastRank + size;
  for (let i = 0; i < d; i++) {
    const factor = Math.sqrt(2.0 / 3) * <f64>sides / Math.sqrt(<f64>((i + 1) * (i + 2)));
    store<f64>(scale + (<usize>i << 3), factor);
  }
  let count = 0;
  let mask = slotsOf(0) - 1;
  memory.fill(slots, 0, <usize>(mask + 1) << 2);
  for (let point = 0; point < points; point++) {
    // Into the plane of d + 1 coordinates whose sum is 0.
    let sum: f64 = 0;
    for (let j = d; j > 0; j--) {
      const scaled = <f64>load<f32>(features + (<usize>(j - 1) << 2)) * load<f64>(scale + (<usize>(j - 1) << 3));
      store<f64>(elevated + (<usize>j << 3), sum - <f64>j * scaled);
      sum += scaled;
    }
    store<f64>(elevated, sum);
    findNearest(elevated, nearest, rank, sides);
    // Neighbours mostly lie in one simplex.
    let same = point > 0;
    memory.fill(share, 0, size);
    for (let i = 0; i <= d; i++) {
      const at = <usize>i << 2;
      const place = load<i32>(rank + at);
      const part = (load<f64>(elevated + (<usize>i << 3)) - <f64>load<i32>(nearest + at)) / <f64>sides;
      const to = share + (<usize>(d - place) << 3);
      store<f64>(to, load<f64>(to) + part);
      store<f64>(to, load<f64>(to, 8) - part, 8);
      same = same && load<i32>(nearest + at) == load<i32>(lastNearest + at) && place == load<i32>(lastRank + at);
    }
    store<f64>(share, load<f64>(share) + 1 + load<f64>(share + (<usize>sides << 3)));
    for (let t = 0; t <= d; t++) {
      store<f32>(shares, <f32>load<f64>(share + (<usize>t << 3)));
      if (same) store<i32>(corners, load<i32>(corners - (<usize>sides << 2)));
      else {
        for (let i = 0; i < d; i++) {
          const at = <usize>i << 2;
          store<i32>(key + at, load<i32>(nearest + at) + (load<i32>(rank + at) <= d - t ? t : t - sides));
        }
        const slot = slotOf(key, d, keys, slots, mask);
        let vertex = load<i32>(slot) - 1;
        if (vertex < 0) {
          vertex = count++;
          store<i32>(slot, count);
          memory.copy(keys + (<usize>(vertex * d) << 2), key, <usize>d << 2);
          if (slotsOf(count) > mask + 1) {
            mask = slotsOf(count) - 1;
            memory.fill(slots, 0, <usize>(mask + 1) << 2);
            for (let each = 0; each < count; each++) {
              store<i32>(slotOf(keys + (<usize>(each * d) << 2), d, keys, slots, mask), each + 1);
            }
          }
        }
        store<i32>(corners, vertex);
      }
      shares += 4;
      corners += 4;
    }
    features += <usize>d << 2;
    if (!same) memory.copy(lastNearest, nearest, size << 1);
  }
  return count;
}

/** The nearest lattice point whose coordinates are multiples of d + 1, and how the differences to it rank. */
function findNearest(elevated: usize, closest: usize, rank: usize, sides: i32): void {
  let sum = 0;
  for (let i = 0; i < sides; i++) {
    const rounded = <i32>nearest(load<f64>(elevated + (<usize>i << 3)) / <f64>sides);
    store<i32>(closest + (<usize>i << 2), rounded * sides);
    store<i32>(rank + (<usize>i << 2), 0);
    sum += rounded;
  }
  for (let i = 0; i < sides; i++) {
    const own = rank + (<usize>i << 2);
    const difference = load<f64>(elevated + (<usize>i << 3)) - <f64>load<i32>(closest + (<usize>i << 2));
    for (let j = i + 1; j < sides; j++) {
      const other = rank + (<usize>j << 2);
      const closer = difference < load<f64>(elevated + (<usize>j << 3)) - <f64>load<i32>(closest + (<usize>j << 2));
      store<i32>(own, load<i32>(own) + i32(closer));
      store<i32>(other, load<i32>(other) + i32(!closer));
    }
  }
  if (sum == 0) return;
  // Rounding left the plane: the coordinates that were rounded furthest go back.
  for (let i = 0; i < sides; i++) {
    const at = <usize>i << 2;
    const place = load<i32>(rank + at) + sum;
    const step = place < 0 ? sides : place >= sides ? -sides : 0;
    store<i32>(rank + at, place + step);
    store<i32>(closest + at, load<i32>(closest + at) + step);
  }
}

/** Slots for so many vertices: a power of two, at most half of them in use. */
function slotsOf(count: i32): i32 {
  return count <= 512 ? 1024 : 1 << (32 - clz(2 * count - 1));
}

/** Where `key` is numbered, or the empty slot where it belongs. Slots hold numbers + 1. */
// @ts-expect-error: a decorator on a function, which only AssemblyScript has
@inline
function slotOf(key: usize, d: i32, keys: usize, slots: usize, mask: i32): usize {
  let hash = 0;
  for (let i = 0; i < d; i++) hash = (hash ^ load<i32>(key + (<usize>i << 2))) * 0x1e35a7bd;
  hash ^= hash >>> 15;
  let slot = slots + (<usize>(hash & mask) << 2);
  while (load<i32>(slot) != 0 && !isKey(key, keys + (<usize>((load<i32>(slot) - 1) * d) << 2), d)) {
    slot = slots + (<usize>(++hash & mask) << 2);
  }
  return slot;
}

// @ts-expect-error: a decorator on a function, which only AssemblyScript has
@inline
function isKey(key: usize, other: usize, d: i32): bool {
  const end = key + (<usize>d << 2);
  while (key < end && load<i32>(key) == load<i32>(other)) {
    key += 4;
    other += 4;
  }
  return key == end;
}

/**
 * The vertices that have neighbours in a direction, in lines, the last of each as −1 − vertex. Gives how many numbers that are.
 * next: `count` int32; follows: as many bytes; key: d int32; lines: room for `count`.
 */
export function linesAlong(
  direction: i32,
  count: i32,
  d: i32,
  keys: usize,
  slots: usize,
  lines: usize,
  next: usize,
  follows: usize,
  key: usize,
): i32 {
  const bytes = <usize>d << 2;
  const mask = slotsOf(count) - 1;
  memory.fill(follows, 0, count);
  for (let vertex = 0; vertex < count; vertex++) {
    for (let i = 0; i < d; i++) {
      const step = i == direction ? d : -1;
      store<i32>(key + (<usize>i << 2), load<i32>(keys + <usize>vertex * bytes + (<usize>i << 2)) + step);
    }
    const found = load<i32>(slotOf(key, d, keys, slots, mask)) - 1;
    store<i32>(next + (<usize>vertex << 2), found);
    if (found >= 0) store<u8>(follows + <usize>found, 1);
  }
  const start = lines;
  for (let vertex = 0; vertex < count; vertex++) {
    let after = load<i32>(next + (<usize>vertex << 2));
    if (after < 0 || load<u8>(follows + <usize>vertex)) continue;
    let current = vertex;
    while (after >= 0) {
      store<i32>(lines, current);
      lines += 4;
      current = after;
      after = load<i32>(next + (<usize>current << 2));
    }
    store<i32>(lines, -1 - current);
    lines += 4;
  }
  return <i32>((lines - start) >> 2);
}

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
  const end = lines + (<usize>count << 2);
  while (lines < end) {
    let at: usize = 0;
    // A line is walked once for two vectors: what comes next is then in registers, whatever the line's length.
    for (; at + 32 <= row; at += 32) blurLine(vertices + at, lines, row, true);
    if (at < row) blurLine(vertices + at, lines, row, false);
    while (load<i32>(lines) >= 0) lines += 4;
    lines += 4;
  }
}

// @ts-expect-error: a decorator on a function, which only AssemblyScript has
@inline
function blurLine(vertices: usize, lines: usize, row: usize, two: bool): void {
  const half = f32x4.splat(0.5);
  let here = vertices + <usize>load<i32>(lines) * row;
  let before = f32x4.splat(0);
  let own = v128.load(here);
  let before2 = before;
  let own2 = two ? v128.load(here, 16) : before;
  for (let last = false; !last; ) {
    lines += 4;
    const entry = load<i32>(lines);
    last = entry < 0;
    const there = vertices + <usize>(last ? -1 - entry : entry) * row;
    const after = v128.load(there);
    v128.store(here, f32x4.add(own, f32x4.mul(half, f32x4.add(before, after))));
    before = own;
    own = after;
    if (two) {
      const after2 = v128.load(there, 16);
      v128.store(here, f32x4.add(own2, f32x4.mul(half, f32x4.add(before2, after2))), 16);
      before2 = own2;
      own2 = after2;
    }
    here = there;
  }
  v128.store(here, f32x4.add(own, f32x4.mul(half, before)));
  if (two) v128.store(here, f32x4.add(own2, f32x4.mul(half, before2)), 16);
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
    let t = 0;
    // Three at a time: their sum is in registers.
    for (; t + 3 <= sides; t += 3) {
      const a = vertices + <usize>load<i32>(corners) * row;
      const b = vertices + <usize>load<i32>(corners, 4) * row;
      const c = vertices + <usize>load<i32>(corners, 8) * row;
      const shareA = f32x4.splat(factor * load<f32>(shares));
      const shareB = f32x4.splat(factor * load<f32>(shares, 4));
      const shareC = f32x4.splat(factor * load<f32>(shares, 8));
      for (let at: usize = 0; at < row; at += 16) {
        const two = f32x4.add(f32x4.mul(shareA, v128.load(a + at)), f32x4.mul(shareB, v128.load(b + at)));
        const sum = f32x4.add(two, f32x4.mul(shareC, v128.load(c + at)));
        v128.store(into + at, f32x4.add(v128.load(into + at), sum));
      }
      corners += 12;
      shares += 12;
    }
    for (; t < sides; t++) {
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

/** Adds kernel · (the other's row) to the rows of both of every pair j < i. sums, rows: float64; kernel: float32, row after row. */
export function addPairs(sums: usize, rows: usize, kernel: usize, points: i32, stride: i32): void {
  const row = <usize>stride << 3;
  const end = <usize>points * row;
  for (let i: usize = 0; i < end; i += row) {
    for (let j: usize = 0; j < i; j += row) {
      const weight = f64x2.splat(<f64>load<f32>(kernel));
      kernel += 4;
      for (let at: usize = 0; at < row; at += 16) {
        const one = sums + i + at;
        const other = sums + j + at;
        v128.store(one, f64x2.add(v128.load(one), f64x2.mul(weight, v128.load(rows + j + at))));
        v128.store(other, f64x2.add(v128.load(other), f64x2.mul(weight, v128.load(rows + i + at))));
      }
    }
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
// @ts-expect-error: a decorator on a function, which only AssemblyScript has
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
