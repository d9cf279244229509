/** English words in their other number: `knife` and `knives`, `people` and `person`. */

/** Singular and plural where no rule gives it; words that end so as well (`policeman`). */
const irregular: readonly (readonly [singular: string, plural: string])[] = [
  ["person", "people"],
  ["man", "men"],
  ["woman", "women"],
  ["child", "children"],
  ["foot", "feet"],
  ["tooth", "teeth"],
  ["goose", "geese"],
  ["mouse", "mice"],
  ["louse", "lice"],
  ["ox", "oxen"],
  ["cactus", "cacti"],
];

const unchanging: ReadonlySet<string> = new Set(["sheep", "deer", "fish", "aircraft", "series", "species", "moose"]);

/** Nouns on -f and -fe that take -ves; others (roof, chief, giraffe) take -s. */
const withVes = /(?:kni|wi|li|(?<![a-z])el|shel|sel|cal|hal|lea|loa|thie|wol|scar)fe?$/;

/** The plurals of a word in lower case: none where it is its own, two where both are written (`heroes`, `heros`). */
export function pluralsOf(word: string): readonly string[] {
  if (unchanging.has(word)) return [];
  for (const [singular, plural] of irregular) {
    if (word === singular || (singular.length > 2 && singular !== "person" && word.endsWith(singular))) {
      // A human, a German: man is no word of theirs.
      if (/(?:hu|ger|ro)man$/.test(word)) break;
      const own = word.slice(0, word.length - singular.length) + plural;
      return word === "person" || word === "cactus" ? [own, `${word}${word === "person" ? "s" : "es"}`] : [own];
    }
  }
  if (/[^aeiou]y$/.test(word)) return [`${word.slice(0, -1)}ies`];
  if (withVes.test(word)) {
    const ves = word.replace(/fe?$/, "ves");
    return word === "scarf" ? [ves, "scarfs"] : [ves];
  }
  if (word === "bus") return ["buses", "busses"];
  if (/(?:s|x|z|ch|sh)$/.test(word)) return [`${word}es`];
  if (/[^aeiou]o$/.test(word)) return [`${word}s`, `${word}es`];
  return [`${word}s`];
}

/** Words in lower case of which this one may be the plural: those among the guesses that `pluralsOf` leads back from. */
export function singularsOf(word: string): readonly string[] {
  const guesses = [
    ...irregular.flatMap(([singular, plural]) =>
      word.endsWith(plural) ? [word.slice(0, word.length - plural.length) + singular] : [],
    ),
    word.replace(/ies$/, "y"),
    word.replace(/ves$/, "f"),
    word.replace(/ves$/, "fe"),
    word.replace(/es$/, ""),
    word.replace(/ses$/, ""),
    // Glass, bus and tennis are no plurals.
    word.replace(/(?<![sui])s$/, ""),
  ];
  return [...new Set(guesses)].filter((guess) => guess !== word && guess !== "" && pluralsOf(guess).includes(word));
}
