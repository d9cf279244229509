import { expect, test } from "vitest";
import { categoryIds } from "./category-ids.ts";

test.each<[string, readonly object[], readonly number[]]>([
  ["without ids are numbered from 1", [{}, {}, {}], [1, 2, 3]],
  ["with ids keep them, gaps and all", [{ categoryId: 90 }, { categoryId: 2 }, { categoryId: 200 }], [90, 2, 200]],
  ["without, among others, get none twice", [{ categoryId: 3 }, {}, {}, { categoryId: 0 }], [3, 2, 5, 0]],
])("classes %s", (_, classes, ids) => {
  expect(categoryIds(classes)).toEqual(ids);
});
