/** Which rows and columns of a matrix are seen, and in how many cells. */
import type { Window } from './calls';

/** Cells of a picture in each direction, at most. */
export const MOST_CELLS = 512;

/** Numbers that one call reads: a large matrix comes in bands, from above. */
const BAND = 1 << 23;

const NEAREST = 8;
const FACTOR = 4;

interface Sides {
  readonly rows: number;
  readonly cols: number;
}

export function whole({ rows, cols }: Sides): Window {
  return { rows: [0, rows], cols: [0, cols] };
}

/** The window if it lies in the matrix, or all of it. */
export function fitting(window: Window | null, matrix: Sides): Window {
  const fits = window && window.rows[1] <= matrix.rows && window.cols[1] <= matrix.cols;
  return fits ? window : whole(matrix);
}

export function isWhole({ rows, cols }: Window, matrix: Sides): boolean {
  return rows[0] === 0 && cols[0] === 0 && rows[1] === matrix.rows && cols[1] === matrix.cols;
}

const extent = ([from, to]: readonly [number, number]) => to - from;

/** How many rows and columns a cell stands for. */
export function each({ rows, cols }: Window): readonly [number, number] {
  return [Math.ceil(extent(rows) / MOST_CELLS), Math.ceil(extent(cols) / MOST_CELLS)];
}

/** Rows of the calls that a picture takes: whole cells, and a bounded number of numbers each. */
export function bands({ rows }: Window, eachRow: number, cols: number): [number, number][] {
  const high = Math.max(1, Math.floor(BAND / (cols * eachRow))) * eachRow;
  const all: [number, number][] = [];
  for (let from = rows[0]; from < rows[1]; from += high) {
    all.push([from, Math.min(rows[1], from + high)]);
  }
  return all;
}

/** A range of this length around a place, pushed into `[0, most]`. */
function around(place: number, length: number, most: number): [number, number] {
  const size = Math.min(length, most);
  const from = Math.max(0, Math.min(most - size, Math.round(place - size / 2)));
  return [from, from + size];
}

/** A window with a quarter of the sides around a place, or with four times them. */
export function zoomed(
  { rows, cols }: Window,
  matrix: Sides,
  place: { readonly row: number; readonly col: number },
  nearer: boolean,
): Window {
  const side = (now: number) =>
    nearer ? Math.min(now, Math.max(NEAREST, Math.ceil(now / FACTOR))) : now * FACTOR;
  return {
    rows: around(place.row + 0.5, side(extent(rows)), matrix.rows),
    cols: around(place.col + 0.5, side(extent(cols)), matrix.cols),
  };
}

/** The window moved so far that a place lies in it. */
export function holding(window: Window, matrix: Sides, row: number, col: number): Window {
  const move = ([from, to]: readonly [number, number], place: number, most: number) =>
    place >= from && place < to ? ([from, to] as const) : around(place + 0.5, to - from, most);
  return { rows: move(window.rows, row, matrix.rows), cols: move(window.cols, col, matrix.cols) };
}
