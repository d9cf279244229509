/** A page that shows what each group of a model fires on. */
import type { Dataset } from "../data/dataset.ts";
import { thumbnail } from "../data/views.ts";
import type { Firing, GroupPortrait, StagePortraits } from "../evaluation/group-gallery.ts";
import type { Image } from "../image/image.ts";
import { resizeImage } from "../image/resize.ts";
import type { Platform } from "../platform/platform.ts";
import { documentPage } from "./document.ts";
import { type Html, html } from "./html.ts";
import { dataAddress } from "./picture.ts";
import { percent } from "./score-charts.ts";

export interface GroupsPage {
  readonly stages: readonly StagePortraits[];
  readonly dataset: Dataset;
  /** Names of the words that groups were compared with. */
  readonly words: readonly string[];
  readonly title: string;
  readonly footer: string;
}

/** Longer side of a picture, pixels. */
const side = 160;
/** How bright a photograph stays where the group has nothing. */
const dimmest = 0.15;
/** Classes and words that are named of a group. */
const named = 3;

/** The whole page, with the photographs dimmed where the group is not. */
export async function groupsPage(
  platform: Pick<Platform, "encodeImage">,
  { stages, dataset, words, title, footer }: GroupsPage,
): Promise<string> {
  const sections: Html[] = [];
  const classes = dataset.classes.map(({ name }) => name);
  for (const { stage, groups } of stages) {
    const cards: Html[] = [];
    for (const [index, group] of groups.entries()) {
      const pictures: Html[] = [];
      for (const firing of group.firings) pictures.push(await firingPicture(platform, dataset, firing));
      cards.push(html`<figure class="card"><figcaption><b>group ${index}</b><span>${factsOf(group, classes, words)}</span></figcaption>
<div class="strip">${pictures}</div></figure>`);
    }
    sections.push(html`<h2>${stage}</h2>
<p class="hint">${groups.length} groups; of each the photographs that it has most of, bright where it is.</p>
<div class="rows">${cards}</div>`);
  }
  const subtitle = `${dataset.ids.length.toLocaleString("en")} photographs of ${dataset.name}, ${dataset.split}`;
  return documentPage({ title, subtitle, content: html`${sections}`, footer });
}

/** `4.2 % of a photograph · on sky 61 %, road 20 % · near grass, tree` */
function factsOf({ share, classes, words }: GroupPortrait, names: readonly string[], asked: readonly string[]): string {
  const most = (values: readonly number[], of: readonly string[]) =>
    values
      .map((value, i) => ({ value, name: of[i] }))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value)
      .slice(0, named);
  const on = most(classes ?? [], names).map(({ name, value }) => `${name} ${percent(value)} %`);
  const near = most(words ?? [], asked).map(({ name }) => name);
  return [
    `${percent(share)} % of a photograph`,
    ...(on.length === 0 ? [] : [`on ${on.join(", ")}`]),
    ...(near.length === 0 ? [] : [`near ${near.join(", ")}`]),
  ].join(" · ");
}

async function firingPicture(
  platform: Pick<Platform, "encodeImage">,
  dataset: Dataset,
  { index, share, map }: Firing,
): Promise<Html> {
  const { image, id } = await dataset.read(index, []);
  const jpeg = await platform.encodeImage(dimmed(thumbnail(image, side), map), "jpeg", { quality: 80 });
  return html`<div><img src="${dataAddress("image/jpeg", jpeg)}" alt="${id}"><span>${id}, ${percent(share)} %</span></div>`;
}

/** The photograph with its brightness times the map's share of its largest, enlarged bilinearly. */
export function dimmed({ width, height, data }: Image, { rows, columns, data: shares }: Firing["map"]): Image {
  const most = shares.reduce((largest, share) => Math.max(largest, share), 1e-12);
  const bytes = Uint8Array.from({ length: 3 * shares.length }, (_, i) =>
    Math.round((255 * shares[Math.floor(i / 3)]) / most),
  );
  const large = resizeImage({ width: columns, height: rows, data: bytes }, width, height).data;
  return {
    ...{ width, height },
    data: Uint8Array.from(data, (value, i) => Math.round(value * (dimmest + ((1 - dimmest) * large[i]) / 255))),
  };
}
