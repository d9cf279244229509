import { InputError, problem, UsageError } from "../../errors.ts";

/** How many pairs may be left out: a number, or a share of all. */
export interface BadPairBudget {
  readonly count?: number;
  readonly share?: number;
}

/** `100` or `1%` → the budget. Throws UsageError for what is neither. */
export function parseBudget(text: string): BadPairBudget {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim());
  const value = Number(match?.[1]);
  if (match?.[2] === "%" && value <= 100) return { share: value / 100 };
  if (match?.[2] === "" && Number.isInteger(value)) return { count: value };
  const expected = "expected a number of pairs, or a share of them";
  throw new UsageError(problem("--bad-pairs", expected, `"${text}"`, "Write 100, or 1%."));
}

/** Pairs that cannot be used, counted by what is wrong with them; the first places of each are kept. */
export class BadPairs {
  readonly #found = new Map<string, { count: number; readonly places: string[] }>();
  #count = 0;

  /** Bad pairs, without those that were dropped on purpose. */
  get count(): number {
    return this.#count;
  }

  /** fault: `the caption is empty`; place: `a.tsv: row 12`. */
  add(fault: string, place: string): void {
    this.#count++;
    this.#note(fault, place);
  }

  /** A pair that is dropped because it was asked for, which is no fault. */
  drop(reason: string, place: string): void {
    this.#note(reason, place);
  }

  /** A line for each fault: `a.tsv: row 12: the caption is empty, as in 6 other pairs.` */
  lines(): string[] {
    return [...this.#found].map(
      ([
        fault,
        {
          count,
          places: [first, ...more],
        },
      ]) => {
        const others = count === 1 ? "" : `; so in ${count - 1} other${count === 2 ? "" : "s"}`;
        const shown = more.length === 0 ? "" : ` (${more.join(", ")}${count > more.length + 1 ? ", …" : ""})`;
        return `${first}: left out: ${fault}${others}${shown}.`;
      },
    );
  }

  /** Throws InputError, beginning with `name`, where more are bad of `total` than the budget allows. */
  check(name: string, total: number, budget: BadPairBudget): void {
    const most = allowed(total, budget);
    if (this.#count <= most) return;
    const faults = [...this.#found].sort(([, a], [, b]) => b.count - a.count);
    const got = faults.map(([fault, { count, places }]) => `${count} where ${fault} (${places[0]})`).join(", ");
    const remedy = "Correct them, or allow more by --bad-pairs.";
    throw new InputError(problem(name, `expected at most ${most} bad pairs of ${total}`, got, remedy));
  }

  #note(fault: string, place: string): void {
    const known = this.#found.get(fault) ?? { count: 0, places: [] };
    known.count++;
    if (known.places.length < 3) known.places.push(place);
    this.#found.set(fault, known);
  }
}

/** Pairs that may be bad of `total`; by default a hundredth, but 100 always. */
export function allowed(total: number, { count, share }: BadPairBudget): number {
  if (count !== undefined) return count;
  return share === undefined ? Math.max(100, Math.floor(total / 100)) : Math.floor(total * share);
}
