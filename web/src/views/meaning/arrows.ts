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

export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Moves labels up or down until none lies on another. */
export function apart<T extends Label>(labels: readonly T[], high: number, wide: number): T[] {
  const placed: T[] = [];
  for (const label of labels.toSorted((a, b) => a.y - b.y)) {
    let y = label.y;
    for (const other of placed) {
      const near =
        Math.abs(other.x - label.x) < wide * Math.max(other.text.length, label.text.length);
      if (near && y < other.y + high) {
        y = other.y + high;
      }
    }
    placed.push({ ...label, y });
  }
  return placed;
}
