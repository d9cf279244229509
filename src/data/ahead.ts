/** What became of one item: its value, or why there is none. */
export type Outcome<T> =
  | { readonly index: number; readonly value: T; readonly error?: undefined }
  | { readonly index: number; readonly value?: undefined; readonly error: unknown };

/**
 * Loads items 0 … count − 1, at most `ahead` at a time, and yields them in order; a failure is yielded in its place. At
 * most `ahead` loaded items wait, so memory is bounded however slow the reader of the sequence is.
 */
export async function* loadAhead<T>(
  count: number,
  load: (index: number) => Promise<T>,
  { ahead = 4 }: { readonly ahead?: number } = {},
): AsyncGenerator<Outcome<T>, void, undefined> {
  const attempt = async (index: number): Promise<Outcome<T>> => {
    try {
      return { index, value: await load(index) };
    } catch (error) {
      return { index, error };
    }
  };
  const waiting: Promise<Outcome<T>>[] = [];
  let next = 0;
  while (next < count || waiting.length > 0) {
    while (next < count && waiting.length < ahead) waiting.push(attempt(next++));
    const first = waiting.shift();
    if (first !== undefined) yield await first;
  }
}

/** Runs tasks, at most `limit` at a time, in the order they were given. */
export function limited(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => queue.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = queue.shift();
      if (next === undefined) running--;
      else next(); // the place is handed on
    }
  };
}
