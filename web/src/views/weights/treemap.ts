/**
 * A squarified treemap (Bruls, Huizing and van Wijk 2000): rectangles whose areas are in proportion to
 * their values, to the last digit, and as near to squares as a simple rule brings them.
 */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How far the worst of a row is from a square, all values being areas. */
function worst(largest: number, least: number, sum: number, side: number): number {
  const square = sum * sum;
  return Math.max((side * side * largest) / square, square / (side * side * least));
}

/** A rectangle for each value, all of them filling the box. Values are above zero. */
export function squarify(values: readonly number[], box: Box): Box[] {
  const value = (i: number) => values[i] ?? 0;
  // what is alike stays in order
  const order = values.map((_, i) => i).sort((a, b) => value(b) - value(a) || a - b);
  const boxes = new Array<Box>(values.length);
  let { x, y, width, height } = box;
  let left = values.reduce((sum, one) => sum + one, 0);
  let at = 0;
  while (at < order.length) {
    const side = Math.min(width, height);
    const scale = (width * height) / left;
    const first = value(order[at] as number);
    let end = at;
    let sum = 0;
    let ratio = Infinity;
    while (end < order.length) {
      const next = value(order[end] as number);
      const changed = worst(first * scale, next * scale, (sum + next) * scale, side);
      if (changed > ratio) {
        break;
      }
      ratio = changed;
      sum += next;
      end++;
    }
    // a row along the shorter side; the last one takes all that is left
    const beside = width >= height;
    const thick = end === order.length ? Math.max(width, height) : (sum * scale) / side;
    let along = 0;
    for (const i of order.slice(at, end)) {
      const length = (value(i) / sum) * side;
      boxes[i] = beside
        ? { x, y: y + along, width: thick, height: length }
        : { x: x + along, y, width: length, height: thick };
      along += length;
    }
    if (beside) {
      x += thick;
      width -= thick;
    } else {
      y += thick;
      height -= thick;
    }
    left -= sum;
    at = end;
  }
  return boxes;
}

export interface Group<T> {
  readonly key: string;
  readonly title: string;
  readonly box: Box;
  readonly sum: number;
  readonly items: readonly { readonly item: T; readonly box: Box }[];
}

/** A treemap of two levels: groups, and in each its items. */
export function grouped<T>(
  items: readonly T[],
  of: (item: T) => { readonly key: string; readonly title: string },
  value: (item: T) => number,
  box: Box,
): Group<T>[] {
  const groups = new Map<string, { title: string; items: T[] }>();
  for (const item of items) {
    const { key, title } = of(item);
    const group = groups.get(key) ?? { title, items: [] };
    group.items.push(item);
    groups.set(key, group);
  }
  const all = [...groups.entries()];
  const sums = all.map(([, group]) => group.items.reduce((sum, item) => sum + value(item), 0));
  const boxes = squarify(sums, box);
  return all.map(([key, { title, items }], g) => {
    const inside = squarify(items.map(value), boxes[g] as Box);
    return {
      key,
      title,
      box: boxes[g] as Box,
      sum: sums[g] as number,
      items: items.map((item, i) => ({ item, box: inside[i] as Box })),
    };
  });
}
