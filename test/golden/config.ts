/** What a manifest's config states is honoured, or the case fails and says what was not. */
import type { GoldenCase, Goldens } from "./manifest.ts";

type Config = GoldenCase["config"];

/** Fields that only explain the others. */
const remarks: readonly string[] = ["note", "comment", "about"];

/** The config, and the fields of it that nobody has asked for yet. */
export function watched(config: Config): { readonly config: Config; unread(): string[] } {
  const read = new Set<string | symbol>(remarks);
  return {
    config: new Proxy(config, {
      get(fields, name) {
        read.add(name);
        return Reflect.get(fields, name);
      },
    }),
    unread: () => Object.keys(config).filter((name) => !read.has(name)),
  };
}

/** As `covers`; fails where the config states something that the test has not asked for. */
export function coversStated(goldens: Goldens, name: string, run: (golden: GoldenCase) => Promise<void> | void): void {
  goldens.covers(name, async (golden) => {
    const { config, unread } = watched(golden.config);
    await run({ ...golden, config });
    const [first, ...others] = unread();
    if (first === undefined) return;
    const fields = [first, ...others].map((field) => `${field}=${JSON.stringify(golden.config[field])}`).join(", ");
    const expected = "expected no fields but those that this test reads";
    throw new Error(`golden ${name}: config: ${expected}, got ${fields}. Let the test read what they state.`);
  });
}

/** Throws Error unless `stated` is `ours`: a value that nothing here has a meaning for. Absent ones state nothing. */
export function expectStated({ name }: Pick<GoldenCase, "name">, field: string, stated: unknown, ours: unknown): void {
  if (stated === undefined || JSON.stringify(stated) === JSON.stringify(ours)) return;
  throw unknownValue(name, field, JSON.stringify(ours), stated);
}

/** A value of a config that nothing here has a meaning for. */
export function unknownValue(name: string, field: string, expected: string, stated: unknown): Error {
  const got = JSON.stringify(stated);
  return new Error(
    `golden ${name}: config.${field}: expected ${expected}, got ${got}. Build what it states, or correct it.`,
  );
}
