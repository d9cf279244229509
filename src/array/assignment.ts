/**
 * The one-to-one assignment of rows to columns with the largest sum, exactly: successive shortest augmenting paths with dual
 * prices (Kuhn 1955, Jonker and Volgenant 1987), in O(K²·N). Of equally good assignments, the same one each time.
 *
 * values: K rows of N numbers, row by row; any K and N. What is not finite is worth less than all others.
 * Returns the column of each row; −1 of the K − N rows that find none where there are more rows than columns.
 */
export function bestAssignment(values: ArrayLike<number>, rows: number, columns: number): Int32Array {
  if (values.length !== rows * columns) {
    throw new Error(`assignment: expected ${rows} · ${columns} values, got ${values.length}. Pass all of them.`);
  }
  if (rows === 0 || columns === 0) return new Int32Array(rows).fill(-1);
  const costs = costsOf(values);
  if (rows <= columns) return cheapest(costs, rows, columns);
  const across = costs.map((_, i) => costs[(i % rows) * columns + Math.floor(i / rows)]);
  const rowOf = cheapest(across, columns, rows);
  const columnOf = new Int32Array(rows).fill(-1);
  for (const [column, row] of rowOf.entries()) columnOf[row] = column;
  return columnOf;
}

function costsOf(values: ArrayLike<number>): Float64Array {
  const costs = Float64Array.from(values, (value) => -value);
  const finite = costs.filter(Number.isFinite);
  if (finite.length === costs.length) return costs;
  const largest = finite.reduce((most, cost) => Math.max(most, Math.abs(cost)), 1);
  return costs.map((cost) => (Number.isFinite(cost) ? cost : 4 * largest));
}

/** Of the smallest sum, where no row is left over: rows ≤ columns. */
function cheapest(costs: Float64Array, rows: number, columns: number): Int32Array {
  const ofRows = new Float64Array(rows);
  const ofColumns = new Float64Array(columns);
  const rowOf = new Int32Array(columns).fill(-1);
  const from = new Int32Array(columns);
  const distance = new Float64Array(columns);
  const isDone = new Uint8Array(columns);
  for (let start = 0; start < rows; start++) {
    distance.fill(Number.POSITIVE_INFINITY);
    isDone.fill(0);
    from.fill(-1);
    // Dijkstra over the columns, by costs less both prices, until one without a row is reached.
    let row = start;
    let reached = -1;
    let length = 0;
    let last = -1;
    while (reached < 0) {
      let next = -1;
      let nearest = Number.POSITIVE_INFINITY;
      const [begin, ofRow] = [row * columns, ofRows[row]];
      for (let column = 0; column < columns; column++) {
        if (isDone[column] === 1) continue;
        const through = length + costs[begin + column] - ofRow - ofColumns[column];
        if (through < distance[column]) {
          distance[column] = through;
          from[column] = last;
        }
        if (next < 0 || distance[column] < nearest) {
          next = column;
          nearest = distance[column];
        }
      }
      isDone[next] = 1;
      length = distance[next];
      last = next;
      if (rowOf[next] < 0) reached = next;
      else row = rowOf[next];
    }
    ofRows[start] += length;
    for (let column = 0; column < columns; column++) {
      if (isDone[column] === 0 || column === reached) continue;
      ofRows[rowOf[column]] += length - distance[column];
      ofColumns[column] -= length - distance[column];
    }
    for (let column = reached; column >= 0; ) {
      const before = from[column];
      rowOf[column] = before < 0 ? start : rowOf[before];
      column = before;
    }
  }
  const columnOf = new Int32Array(rows);
  for (const [column, row] of rowOf.entries()) if (row >= 0) columnOf[row] = column;
  return columnOf;
}
