/** The arrows of a sum, in the plane in which it is drawn. */
import type { Place, Plane, Term } from './calls';

export interface Arrow {
  readonly from: Place;
  readonly to: Place;
  readonly label: string;
  /** the same step between two words, where it comes from */
  readonly pattern: boolean;
}

const minus = (a: Place, b: Place): Place => [a[0] - b[0], a[1] - b[1]];
const plus = (a: Place, b: Place, sign = 1): Place => [a[0] + sign * b[0], a[1] + sign * b[1]];

/**
 * How the words of a sum lead to its end. Where one word more is added than taken away, the others
 * are steps from word to word, which begin at that one; else each word is an arrow from zero.
 */
export function arrows(
  terms: readonly Term[],
  plane: Plane,
  text: (id: number) => string,
): readonly Arrow[] {
  const at = (term: Term | undefined): Place =>
    plane.words.find(({ id }) => id === term?.ids[0])?.at ?? plane.zero;
  const name = (term: Term | undefined) => text(term?.ids[0] ?? 0);
  const added = terms.filter((term) => !term.minus);
  const taken = terms.filter((term) => term.minus);
  const all: Arrow[] = [];
  if (plane.among) {
    let end = at(added[taken.length]);
    taken.forEach((from, i) => {
      const to = added[i];
      const step = minus(at(to), at(from));
      all.push({ from: at(from), to: at(to), label: '', pattern: true });
      const next = plus(end, step);
      all.push({ from: end, to: next, label: `${name(to)} − ${name(from)}`, pattern: false });
      end = next;
    });
    return all;
  }
  let end = plane.zero;
  for (const term of terms) {
    const sign = term.minus ? -1 : 1;
    const next = plus(end, minus(at(term), plane.zero), sign);
    const label = `${term.minus ? '−' : '+'} ${name(term)}`;
    all.push({ from: end, to: next, label, pattern: false });
    end = next;
  }
  return all;
}

/** Something to name, and the places that no name may lie on. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly bold?: boolean;
}

export interface Label extends Mark {
  readonly anchor: 'start' | 'middle' | 'end';
}

type Box = readonly [left: number, top: number, right: number, bottom: number];

const overlap = (a: Box, b: Box) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Where a name may stand beside its mark, the best first. */
const BESIDE = [
  [10, 5, 'start'],
  [-10, 5, 'end'],
  [0, -11, 'middle'],
  [0, 21, 'middle'],
  [9, -9, 'start'],
  [-9, -9, 'end'],
  [9, 18, 'start'],
  [-9, 18, 'end'],
] as const;

/**
 * Names beside their marks, each where it lies on the fewest others, marks and points of arrows.
 *
 * @param letter how wide a letter is
 */
export function name(
  marks: readonly Mark[],
  arrows: readonly (readonly [x: number, y: number])[],
  { wide, high, letter }: { wide: number; high: number; letter: number },
): readonly Label[] {
  const around = ([x, y]: readonly [number, number], reach: number): Box => [
    x - reach,
    y - reach,
    x + reach,
    y + reach,
  ];
  const taken: Box[] = [
    ...marks.map(({ x, y }) => around([x, y], 5)),
    ...arrows.map((point) => around(point, 2)),
  ];
  return marks.map((mark) => {
    const width = mark.text.length * letter * (mark.bold ? 1.15 : 1);
    let best: { label: Label; box: Box; cost: number } | undefined;
    for (const [right, down, anchor] of BESIDE) {
      const [x, y] = [mark.x + right, mark.y + down];
      const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
      const box: Box = [left, y - 12, left + width, y + 3];
      const out = left < 2 || left + width > wide - 2 || y < 14 || y > high - 4;
      const cost = (out ? 100 : 0) + taken.filter((other) => overlap(box, other)).length;
      if (!best || cost < best.cost) {
        best = { label: { ...mark, x, y, anchor }, box, cost };
      }
    }
    const { label, box } = best as { label: Label; box: Box };
    taken.push(box);
    return label;
  });
}
