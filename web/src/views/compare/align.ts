/** Which token of one text stands beside which of another. */
import type { Token } from '../../lib/api';

/** A row of two texts side by side; null where a side has nothing there. */
export interface Row {
  readonly a: number | null;
  readonly b: number | null;
  /** whether both are the same token */
  readonly same: boolean;
}

/** A piece of both texts: from the first token to the one behind the last. */
interface Piece {
  readonly fromA: number;
  readonly toA: number;
  readonly fromB: number;
  readonly toB: number;
}

/**
 * Aligns two texts. Where both have the same letters, tokens that end at the same letter stand beside
 * each other, whatever the tokenizers are. Else the longest common sequence of tokens does, and what
 * lies between is paired from its end, so that the last pieces of two words meet.
 */
export function align(a: readonly Token[], b: readonly Token[]): Row[] {
  const all = { fromA: 0, toA: a.length, fromB: 0, toB: b.length };
  if (letters(a, b, all)) {
    return byLetters(a, b, all);
  }
  const rows: Row[] = [];
  let [fromA, fromB] = [0, 0];
  for (const [i, j] of [...common(a, b), [a.length, b.length] as const]) {
    const between = { fromA, toA: i, fromB, toB: j };
    rows.push(...(letters(a, b, between) ? byLetters(a, b, between) : fromTheEnd(between)));
    if (i < a.length) {
      rows.push({ a: i, b: j, same: true });
    }
    [fromA, fromB] = [i + 1, j + 1];
  }
  return rows;
}

function letters(a: readonly Token[], b: readonly Token[], { fromA, toA, fromB, toB }: Piece) {
  const text = (tokens: readonly Token[]) => tokens.map((token) => token.text).join('');
  return text(a.slice(fromA, toA)) === text(b.slice(fromB, toB));
}

function byLetters(a: readonly Token[], b: readonly Token[], piece: Piece): Row[] {
  const rows: Row[] = [];
  let { fromA: i, fromB: j } = piece;
  let [readA, readB] = [0, 0];
  while (i < piece.toA || j < piece.toB) {
    const endA = i < piece.toA ? readA + (a[i]?.text.length ?? 0) : Infinity;
    const endB = j < piece.toB ? readB + (b[j]?.text.length ?? 0) : Infinity;
    const [takesA, takesB] = [endA <= endB, endB <= endA];
    rows.push({
      a: takesA ? i : null,
      b: takesB ? j : null,
      same: takesA && takesB && a[i]?.text === b[j]?.text,
    });
    if (takesA) {
      readA = endA;
      i++;
    }
    if (takesB) {
      readB = endB;
      j++;
    }
  }
  return rows;
}

function fromTheEnd({ fromA, toA, fromB, toB }: Piece): Row[] {
  const pairs = Math.min(toA - fromA, toB - fromB);
  const rows: Row[] = [];
  for (let i = fromA; i < toA - pairs; i++) {
    rows.push({ a: i, b: null, same: false });
  }
  for (let j = fromB; j < toB - pairs; j++) {
    rows.push({ a: null, b: j, same: false });
  }
  for (let k = pairs; k > 0; k--) {
    rows.push({ a: toA - k, b: toB - k, same: false });
  }
  return rows;
}

/** The places of a longest common sequence of tokens. */
function common(a: readonly Token[], b: readonly Token[]): [number, number][] {
  const wide = b.length + 1;
  // how long it is of what begins at i and at j
  const longest = new Uint16Array((a.length + 1) * wide);
  const same = (i: number, j: number) => a[i]?.text === b[j]?.text;
  const at = (i: number, j: number) => longest[i * wide + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * wide + j] = same(i, j)
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const places: [number, number][] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (same(i, j)) {
      places.push([i++, j++]);
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      i++;
    } else {
      j++;
    }
  }
  return places;
}

/**
 * The places that are compared for a token of side A: those of its row, or, where side B has none
 * there, of the next row that has both. Without a token, or behind all pairs: the last of each.
 */
export function places(rows: readonly Row[], token: number): { a: number; b: number } {
  const last = (side: 'a' | 'b') => rows.reduce((most, row) => Math.max(most, row[side] ?? 0), 0);
  const from = token < 0 ? rows.length : rows.findIndex(({ a }) => a === token);
  const paired = rows
    .slice(from < 0 ? rows.length : from)
    .find(({ a, b }) => a !== null && b !== null);
  return token < 0 ? { a: last('a'), b: last('b') } : { a: token, b: paired?.b ?? last('b') };
}
