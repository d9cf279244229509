/** Programs that are compiled when they are first needed. */
interface Releasable {
  release(): Promise<void>;
}

export interface KeptPrograms<P> {
  /** Runs `use` with the program called `key`; `open` makes it where it is not kept. */
  with<T>(key: string, open: () => Promise<P>, use: (program: P) => Promise<T>): Promise<T>;
  release(): Promise<void>;
}

/** The `most` programs that were used last; more only while they are in use. */
export function keptPrograms<P extends Releasable>(most: number): KeptPrograms<P> {
  // In the order of last use.
  const kept = new Map<string, { readonly program: Promise<P>; users: number }>();
  const close = async (program: Promise<P>) => (await program.catch(() => null))?.release();
  return {
    async with(key, open, use) {
      const entry = kept.get(key) ?? { program: open(), users: 0 };
      kept.delete(key);
      kept.set(key, entry);
      entry.users++;
      try {
        return await use(await entry.program);
      } finally {
        entry.users--;
        const idle = [...kept].filter(([, { users }]) => users === 0);
        for (const [old, { program }] of idle.slice(0, Math.max(0, kept.size - most))) {
          kept.delete(old);
          await close(program);
        }
      }
    },
    async release() {
      for (const { program } of kept.values()) await close(program);
      kept.clear();
    },
  };
}
