/** Sentences into words as the Penn Treebank writes them: `don't` is `do n't`, punctuation stands alone. */

type Rule = readonly [pattern: RegExp, replacement: string];

/** In this order; what is put between spaces becomes a word. After the Treebank's published sed script (R. MacIntyre, 1995). */
const rules: readonly Rule[] = [
  [/[«“‘„]|``/g, " $& "],
  [/^"/g, " `` "],
  [/(?<=[ ([{<])("|'{2})/g, " `` "],
  [/(?<= )'(?=\p{L}{2})(?!(?:tis|twas|em)\b)/giu, "' "],
  [/[»”’]/g, " $& "],
  [/(?<=[^.])\.(?=[\])}>"'»”’ ]*$)/g, " . "],
  [/[:,](?=\D|$)/g, " $& "],
  [/\.{2,}/g, " $& "],
  [/[;@#$%&?!]/g, " $& "],
  [/(?<=[^'])'(?= )/g, " ' "],
  [/[\][(){}<>]/g, " $& "],
  [/--/g, " -- "],
  [/''|"/g, " '' "],
  [/(?<=[^' ])('(?:s|m|d|ll|re|ve))(?= )/gi, " $1"],
  [/(?<=[^' ])(n't)(?= )/gi, " $1"],
  [/\b(can)(not)\b/gi, "$1 $2"],
  [/\b(d)('ye)\b/gi, "$1 $2"],
  [/\b(gim|lem)(me)\b/gi, "$1 $2"],
  [/\b(gon|wan)(na)\b/gi, "$1 $2"],
  [/\b(got)(ta)\b/gi, "$1 $2"],
  [/\b(more)('n)\b/gi, "$1 $2"],
  [/(?<= )('t)(is|was)\b/gi, "$1 $2"],
];

/** What ends with a full stop and ends no sentence. */
const abbreviation = /(?:^|\s)(?:mr|mrs|ms|dr|st|mt|ft|no|vs|jr|sr|etc|e\.g|i\.e|(?:\p{L}\.)*\p{L})\.$/iu;

/** text: one or more sentences → their words and marks, in order. */
export function pennWords(text: string): string[] {
  return sentencesOf(text).flatMap((sentence) => {
    const spaced = rules.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), ` ${sentence} `);
    return spaced.split(/\s+/).filter((word) => word !== "");
  });
}

function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const part of text.split(/(?<=[.!?]["')\]]*)\s+(?=["'([]*\p{Lu})/u)) {
    const before = sentences.at(-1);
    if (before !== undefined && abbreviation.test(before)) sentences[sentences.length - 1] = `${before} ${part}`;
    else sentences.push(part.trim());
  }
  return sentences;
}
