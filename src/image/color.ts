import type { Color } from "./image.ts";

/** A colour as text: `#804080`. */
export function formatColor([red, green, blue]: Color): string {
  return `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}`;
}

/** `#804080` (either case) → the colour; undefined when the text is something else. */
export function parseColor(text: string): Color | undefined {
  if (!/^#[0-9a-fA-F]{6}$/.test(text)) return undefined;
  const bits = Number.parseInt(text.slice(1), 16);
  return [bits >> 16, (bits >> 8) & 255, bits & 255];
}
