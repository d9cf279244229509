/** JSON from files that anybody may have written. */

/** Levels of lists and objects within one another; ours have five. */
const deepest = 100;

/**
 * `JSON.parse`, which reads any depth, for those who walk through what it gives by calls within calls: deeper nesting
 * than 100 levels is a SyntaxError, too.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (depthOf(text) > deepest) throw new SyntaxError(`more than ${deepest} levels of nesting`);
  return value;
}

const [quote, backslash] = [34, 92];
const opening: readonly number[] = [91, 123];
const closing: readonly number[] = [93, 125];

/** text: what JSON.parse has read. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isString && code === backslash) at++;
    else if (code === quote) isString = !isString;
    else if (isString) continue;
    else if (opening.includes(code)) most = Math.max(most, ++depth);
    else if (closing.includes(code)) depth--;
  }
  return most;
}
