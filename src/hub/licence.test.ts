import { expect, test } from "vitest";
import { licenceOfCard, licenceOfReadme } from "./licence.ts";

test.each([
  [{ license: "mit" }, [], "mit"],
  [{ license: ["mit", "apache-2.0"] }, [], "mit, apache-2.0"],
  [{ license: "other", license_name: "terms", license_link: "LICENSE" }, [], "other: terms (LICENSE)"],
  [{}, ["onnx", "license:bsd"], "bsd"],
  [undefined, undefined, "not stated"],
  [{ license: 5 }, "license:mit", "not stated"],
])("a card of %j with tags %j: %s %s", (card, tags, licence) => {
  expect(licenceOfCard(card, tags)).toBe(licence);
});

test.each([
  ["---\nlicense: mit\n---\n# Net", "mit"],
  ["---\r\ntags:\r\n- a\r\nlicense: 'cc-by-4.0' # theirs\r\n---\r\n", "cc-by-4.0"],
  ["---\nlicense:\n  - mit\n  - bsd\ntags:\n  - x\n---\n", "mit, bsd"],
  ["---\nlicense: [mit, bsd]\n---\n", "mit, bsd"],
  [
    "---\nlicense: other\nlicense_name: terms\nlicense_link: https://lab.example\n---\n",
    "other: terms (https://lab.example)",
  ],
  ["# Net\n\nlicense: mit\n", "not stated"],
  ["---\nmodel-index:\n  license: mit\n---\n", "not stated"],
  ["", "not stated"],
])("a README %j: %s", (text, licence) => {
  expect(licenceOfReadme(text)).toBe(licence);
});
