import type { Random } from "../array/random.ts";
import { type ClassName, sceneClasses } from "./classes.ts";
import type { Drawing } from "./drawing.ts";
import type { Frame } from "./frame.ts";
import type { PlaceName } from "./places/index.ts";
import type { Placed, Stage } from "./stage.ts";
import { article, counted, list, nounOf, plural, sentence } from "./wording.ts";

/** A thing in the picture with what can be said about it. */
interface Sight {
  readonly placed: Placed;
  /** Pixels. */
  readonly area: number;
  /** Centre, 0 … 1 of width and height. */
  readonly x: number;
  readonly y: number;
}

/** Things of one kind, the largest first. */
interface Group {
  readonly noun: string;
  readonly className: ClassName;
  readonly sights: readonly Sight[];
  readonly area: number;
}

const settings: Record<PlaceName, readonly string[]> = {
  meadow: ["in a meadow", "in the countryside", "in a field", "on the grass", "in the open country"],
  street: ["on a street", "in a town", "in the street", "along a road with houses", "in the city"],
  beach: ["on a beach", "by the sea", "at the seaside", "on the sand by the water"],
  lake: ["by a lake", "at the edge of a lake", "beside the water", "on the bank of a lake"],
  winter: ["in the snow", "on a winter day", "in a snowy landscape", "in a white winter landscape"],
  "living-room": ["in a living room", "in a room", "at home", "inside a room"],
  bedroom: ["in a bedroom", "in a room with a bed", "inside a bedroom"],
  "table-top": ["on a table", "on a table top", "in front of a wall", "seen from close by"],
};

/**
 * Three to six sentences about what is visible, different in form: the main thing with its colour and what it does;
 * everything that there is, counted; two things and how they lie to one another; the place with what it consists of; and a
 * bare list of the kind that people type. Only things and stuff with visible pixels are named; of a detail, the place is not.
 */
export function describeScene(
  random: Random,
  {
    kind,
    stage: { view },
    frame,
    drawing,
    visible,
  }: {
    readonly kind: PlaceName;
    readonly stage: Stage;
    readonly frame: Frame;
    readonly drawing: Drawing;
    readonly visible: readonly Placed[];
  },
): string[] {
  const groups = groupSights(sightsOf(drawing, visible));
  const stuff = stuffOf(drawing);
  const known = frame.zoom > 1 ? [] : settings[kind];
  const where = known.filter((phrase) => isTrue(phrase, stuff, groups));
  const setting = () => (where.length === 0 ? "" : random.pick(where));
  const out: string[] = [];
  const add = (text: string) => {
    const finished = sentence(text);
    if (!out.includes(finished)) out.push(finished);
  };

  if (groups.length > 0) {
    const main = groups[0];
    const named = groups.slice(0, 2 + random.integer(3)).map((group) => count(random, group));
    add(
      `${random.pick(["", "", "a photo of ", "a drawing of ", "there is "])}${list(named)} ${setting()}`.replace(
        /^there is (?=two |three |four |five |six |seven |eight |nine |a few |several |many )/,
        "there are ",
      ),
    );
    add(portrait(random, main.sights[0], setting()));
    const relation = relate(random, groups, ((view.horizon - frame.y) / view.height) * frame.zoom);
    if (relation !== undefined) add(relation);
    if (groups.length > 1) {
      const other = random.pick(groups.slice(1));
      add(portrait(random, other.sights[0], random.chance(0.5) ? setting() : ""));
    }
    add(list(groups.slice(0, 6).map((group) => (group.sights.length > 1 ? plural(group.noun) : group.noun))));
  }
  const ground = stuff.map((name) => stuffPhrase[name]);
  const crowd =
    groups.length > 0 && random.chance(0.6) ? `, with ${count(random, groups[random.integer(groups.length)])}` : "";
  if (ground.length > 0) add(`${random.pick(["", "a view of ", "a scene with "])}${list(ground)}${crowd}`);
  return [out[0], ...random.shuffle(out.slice(1))];
}

const stuffPhrase: Record<string, string> = {
  sky: "the sky",
  tree: "trees",
  mountain: "mountains",
  grass: "grass",
  water: "water",
  sand: "sand",
  snow: "snow",
  road: "a road",
  pavement: "a pavement",
  wall: "a wall",
  floor: "a floor",
};

/** A setting may only claim what is seen: no road where cars hide it, no table that is not there. */
function isTrue(phrase: string, stuff: readonly string[], groups: readonly Group[]): boolean {
  const needs: Record<string, string> = {
    grass: "grass",
    field: "grass",
    meadow: "grass",
    sand: "sand",
    beach: "sand",
    sea: "water",
    water: "water",
    lake: "water",
    snow: "snow",
    winter: "snow",
    road: "road",
    street: "road",
    wall: "wall",
    room: "wall",
  };
  for (const [word, name] of Object.entries(needs)) {
    if (phrase.includes(word) && !stuff.includes(name)) return false;
  }
  const things: Record<string, ClassName> = { table: "table", bed: "bed", house: "house" };
  for (const [word, name] of Object.entries(things)) {
    if (phrase.includes(word) && !groups.some(({ className }) => className === name)) return false;
  }
  return true;
}

function sightsOf({ width, height, owners, classes }: Drawing, visible: readonly Placed[]): Sight[] {
  const sums = new Map<number, { area: number; x: number; y: number }>();
  for (let i = 0; i < owners.length; i++) {
    if (owners[i] === 0 || sceneClasses[classes[i]].thing !== true) continue;
    const sum = sums.get(owners[i]) ?? { area: 0, x: 0, y: 0 };
    sum.area++;
    sum.x += i % width;
    sum.y += Math.floor(i / width);
    sums.set(owners[i], sum);
  }
  const out: Sight[] = [];
  for (const placed of visible) {
    const sum = sums.get(placed.id);
    if (sum === undefined) continue;
    out.push({ placed, area: sum.area, x: sum.x / sum.area / width, y: sum.y / sum.area / height });
  }
  return out.sort((a, b) => b.area - a.area || a.placed.id - b.placed.id);
}

/** Groups of the same class, those of the eye's interest first: people and animals before houses and tables. */
function groupSights(sights: readonly Sight[]): Group[] {
  const byClass = new Map<ClassName, Sight[]>();
  for (const sight of sights) {
    const known = byClass.get(sight.placed.className);
    if (known === undefined) byClass.set(sight.placed.className, [sight]);
    else known.push(sight);
  }
  const groups = [...byClass].map(([className, list]): Group => {
    const nouns = new Set(list.map(({ placed }) => placed.figure.traits.noun ?? className));
    const noun = nouns.size === 1 && list.length > 0 ? [...nouns][0] : className;
    return { noun, className, sights: list, area: list.reduce((sum, { area }) => sum + area, 0) };
  });
  const weight = ({ className, area }: Group) => Math.sqrt(area) * (interest[className] ?? 1);
  return groups.sort((a, b) => weight(b) - weight(a) || (a.className < b.className ? -1 : 1));
}

const interest: Partial<Record<ClassName, number>> = {
  person: 2.5,
  dog: 2,
  cat: 2,
  sheep: 1.8,
  bird: 1.5,
  house: 0.7,
  table: 0.6,
  picture: 0.6,
  lamp: 0.8,
};

/** Stuff with at least half a percent of the picture, the largest first. */
function stuffOf({ classes }: Drawing): string[] {
  const counts = new Uint32Array(sceneClasses.length);
  for (const index of classes) counts[index]++;
  return sceneClasses
    .map(({ name, thing }, index) => ({ name, thing, count: counts[index] }))
    .filter(({ thing, count }) => thing === false && count > 0.005 * classes.length)
    .sort((a, b) => b.count - a.count)
    .map(({ name }) => name);
}

/** `two red cars`, `several sheep`, `a dog`: colours only where all share one. */
function count(random: Random, { noun, sights }: Group): string {
  if (sights.length === 1) return phrase(random, sights[0]);
  const colors = new Set(sights.map(({ placed }) => placed.figure.traits.color));
  const wearing = sights.some(({ placed }) => placed.figure.traits.wearing !== undefined);
  const [color] = colors;
  const shared = colors.size === 1 && color !== undefined && !wearing ? `${color} ` : "";
  return `${counted(random, sights.length)} ${shared}${plural(noun)}`;
}

/** One thing with some of what is true of it: `a small brown dog`, `a person in a red coat`. */
function phrase(random: Random, { placed }: Sight): string {
  const { className, figure } = placed;
  const { color, wearing, quality } = figure.traits;
  const noun = nounOf(random, className, figure.traits.noun);
  const words = [
    random.chance(0.5) ? quality : undefined,
    wearing === undefined && random.chance(0.8) ? color : undefined,
    noun,
  ];
  const bare = words.filter((word) => word !== undefined).join(" ");
  const clothes =
    wearing !== undefined && color !== undefined && random.chance(0.75)
      ? ` ${className === "bed" ? "with" : "in"} ${article(`${color} ${wearing}`)}`
      : "";
  return article(bare) + clothes;
}

const sides = [
  { until: 0.36, words: ["on the left", "at the left", "on the left side"] },
  { until: 0.64, words: ["in the middle", "in the centre", "in the middle of the image"] },
  { until: 1.01, words: ["on the right", "at the right", "on the right side"] },
];

/** `a black cat is sitting on the left`. */
function portrait(random: Random, sight: Sight, setting: string): string {
  const { pose } = sight.placed.figure.traits;
  const side = random.pick(sides.find(({ until }) => sight.x < until)!.words);
  const place = random.chance(0.6) || setting === "" ? side : setting;
  const subject = phrase(random, sight);
  const act = pose === undefined ? "" : ` ${pose === "flying" && random.chance(0.5) ? "flying in the air" : pose}`;
  switch (random.integer(4)) {
    case 0:
      return `${subject}${act} ${place}`;
    case 1:
      return `there is ${subject} ${place}`;
    case 2:
      return `${subject} is${act} ${place}`;
    default:
      return `we see ${subject}${act} ${place}`;
  }
}

/** How two of the things lie to one another. */
function relate(random: Random, groups: readonly Group[], horizon: number): string | undefined {
  const sights = groups.flatMap(({ sights: members }) => members);
  for (const top of random.shuffle(sights)) {
    const base = sights.find(({ placed }) => placed.id === top.placed.on);
    if (base !== undefined) {
      const verb = random.pick(["is on", "on top of", "on"]);
      return `${phrase(random, top)} ${verb} ${phrase(random, base)}`;
    }
  }
  const standing = sights.filter(({ placed, y }) => placed.castsShadow && y > horizon * 0.7);
  if (standing.length < 2) return undefined;
  const [a, b] = random.shuffle(standing);
  const [first, second] = [phrase(random, a), phrase(random, b)];
  const across = a.x - b.x;
  const [boxA, boxB] = [a.placed.extent, b.placed.extent];
  const common = Math.min(boxA.x1, boxB.x1) - Math.max(boxA.x0, boxB.x0);
  const narrow = Math.min(boxA.x1 - boxA.x0, boxB.x1 - boxB.x0);
  const deeper = boxA.y1 - boxB.y1;
  if (common > 0.4 * narrow && Math.abs(deeper) > 0.03)
    return `${first} ${deeper > 0 ? "in front of" : "behind"} ${second}`;
  if (common < 0.2 * narrow && Math.abs(across) < 0.28 && Math.abs(deeper) < 0.12)
    return `${first} ${random.pick(["next to", "beside", "near"])} ${second}`;
  if (Math.abs(across) > 0.15)
    return `${first} ${random.pick(["is", "can be seen"])} to the ${across < 0 ? "left" : "right"} of ${second}`;
  return `${first} and ${second}`;
}
