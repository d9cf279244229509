/** English words in their other number: `knife` and `knives`, `people` and `person`. */

/** Plurals that no rule gives, or not alone; none of words that are their own. */
const irregular = new Map<string, readonly string[]>([
  ["person", ["people", "persons"]],
  ["goose", ["geese"]],
  ["louse", ["lice"]],
  ["ox", ["oxen"]],
  ["cactus", ["cacti", "cactuses"]],
  ["scarf", ["scarves", "scarfs"]],
  ["bus", ["buses", "busses"]],
  ...["sheep", "deer", "fish", "aircraft", "series", "species", "moose"].map((word) => [word, []] as const),
]);

/** Of words that end so as well: a policeman, a grandchild. */
const endings = [
  ["man", "men"],
  ["child", "children"],
  ["foot", "feet"],
  ["tooth", "teeth"],
  ["mouse", "mice"],
] as const;

/** A human, a German, an ottoman: man is no word of theirs. */
const otherMan = /(?:hu|ger|ro|otto|talis|sha|cai)man$/;

/** Nouns on -f and -fe that take -ves; others (roof, chief, giraffe) take -s. */
const withVes = /(?:kni|wi|li|(?<![a-z])el|shel|sel|cal|hal|lea|loa|thie|wol|scar)fe?$/;

/** The plurals of a word in lower case: none where it is its own, two where both are written (`heroes`, `heros`). */
export function pluralsOf(word: string): readonly string[] {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  const [singular, plural] = endings.find(([end]) => word.endsWith(end)) ?? [];
  if (singular !== undefined && !otherMan.test(word)) return [word.slice(0, -singular.length) + plural];
  if (/[^aeiou]y$/.test(word)) return [`${word.slice(0, -1)}ies`];
  if (withVes.test(word)) return [word.replace(/fe?$/, "ves")];
  if (/(?:s|x|z|ch|sh)$/.test(word)) return [`${word}es`];
  if (/[^aeiou]o$/.test(word)) return [`${word}s`, `${word}es`];
  return [`${word}s`];
}

/** Words in lower case of which this one may be the plural: those among the guesses that `pluralsOf` leads back from. */
export function singularsOf(word: string): readonly string[] {
  const guesses = [
    ...irregular.keys(),
    ...endings.flatMap(([singular, plural]) =>
      word.endsWith(plural) ? [word.slice(0, -plural.length) + singular] : [],
    ),
    word.replace(/ies$/, "y"),
    word.replace(/ves$/, "f"),
    word.replace(/ves$/, "fe"),
    word.replace(/es$/, ""),
    // Glass, bus and tennis are no plurals.
    word.replace(/(?<![sui])s$/, ""),
  ];
  return [...new Set(guesses)].filter((guess) => guess !== word && guess !== "" && pluralsOf(guess).includes(word));
}
