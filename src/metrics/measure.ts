/** One number that something is judged by; larger is better. */
export interface Measure {
  /** As people call it: `mean IoU`, `PQ`, `PSNR`. */
  readonly name: string;
  /** Null: over nothing. */
  readonly value: number | null;
  /** A share is 0 … 1 and shown in percent. */
  readonly unit: "share" | "dB" | "plain";
}

/** `56.3 %`, `24.1 dB` or `1.234`; `–` of nothing. */
export function measureText({ value, unit }: Pick<Measure, "value" | "unit">): string {
  if (value === null) return "–";
  if (unit === "dB") return `${value.toFixed(1)} dB`;
  return unit === "share" ? `${(100 * value).toFixed(1)} %` : String(Number(value.toPrecision(4)));
}

/** Shares by name, in the order given. */
export function shares(values: Readonly<Record<string, number | null>>): Measure[] {
  return Object.entries(values).map(([name, value]) => ({ name, value, unit: "share" }));
}
