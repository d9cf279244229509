/** Lines of tables as spreadsheets write them. */

export interface Cell {
  readonly text: string;
  /** It stood in quotation marks. */
  readonly quoted: boolean;
}

/** line: without its end → what stands between any of `separators`; what is in quotation marks may hold these (RFC 4180). */
export function cellsOf(line: string, separators = ",;\t"): Cell[] {
  const cell = new RegExp(`[${separators}] *(?:"(?:[^"]|"")*" *(?=[${separators}]|$)|[^${separators}]*)`, "g");
  // With a separator before the first every cell has one, and an empty first is none too few.
  const found = `${separators[0]}${line}`.match(cell) ?? [];
  return found.map((each) => {
    const text = each.slice(1).trim();
    const quoted = /^"(.*)"$/.exec(text)?.[1];
    return { text: quoted?.replaceAll('""', '"').trim() ?? text, quoted: quoted !== undefined };
  });
}
