/** Names of weights in two schemes, place by place. */

/**
 * A place in a network, as we call it and as others do. Numbers: `#` is one that we count from 1; in their name `#` is
 * the same, `@` the same counted from 0, and `*` any that says nothing (only for reading).
 */
export type Place = readonly [ours: string, theirs: string];

export interface Renaming {
  /** Our name for theirs, or undefined where no place is known by it. What follows the place is kept. */
  readonly ours: (theirs: string) => string | undefined;
  /** The way back. */
  readonly theirs: (ours: string) => string | undefined;
}

/** Names by a list of places; the first that a name lies in or below decides. */
export function renaming(places: readonly Place[]): Renaming {
  const toOurs = places.map(([ours, theirs]) => rule(theirs, ours));
  const toTheirs = places.map(([ours, theirs]) => rule(ours, theirs));
  return { ours: (name) => first(toOurs, name), theirs: (name) => first(toTheirs, name) };
}

/** Several schemes as one; the first that knows a name decides. */
export function firstOf(...schemes: readonly Renaming[]): Renaming {
  const [toOurs, toTheirs] = [schemes.map(({ ours }) => ours), schemes.map(({ theirs }) => theirs)];
  return { ours: (name) => first(toOurs, name), theirs: (name) => first(toTheirs, name) };
}

/** The names of a part of a network, ours behind `prefix`, such as `encoder.`. */
export function partNames(prefix: string, { ours, theirs }: Renaming): Renaming {
  return {
    ours(name) {
      const place = ours(name);
      return place === undefined ? undefined : prefix + place;
    },
    theirs: (name) => (name.startsWith(prefix) ? theirs(name.slice(prefix.length)) : undefined),
  };
}

type Rule = (name: string) => string | undefined;

const number = /[#@*]/g;

function rule(from: string, to: string): Rule {
  const kinds = (from.match(number) ?? []).filter((kind) => kind !== "*");
  const pattern = from.replace(/[.+]/g, "\\$&").replace(number, (kind) => (kind === "*" ? "\\d+" : "(0|[1-9]\\d*)"));
  const whole = new RegExp(`^${pattern}(?=$|[./])`);
  return (name) => {
    const found = whole.exec(name);
    if (found === null) return undefined;
    // As we count them.
    const numbers = kinds.map((kind, i) => Number(found[i + 1]) + (kind === "@" ? 1 : 0));
    let next = 0;
    const place = to.replace(number, (kind) => String(numbers[next++] - (kind === "@" ? 1 : 0)));
    return place + name.slice(found[0].length);
  };
}

function first(rules: readonly Rule[], name: string): string | undefined {
  for (const each of rules) {
    const renamed = each(name);
    if (renamed !== undefined) return renamed;
  }
  return undefined;
}
