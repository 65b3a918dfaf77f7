/** Rows of cells that are coloured by what they are, each with its scale, and their picture. */
import { css, type Kind, type Theme } from '../../lib/colour';
import { significant } from '../../lib/number';
import { element } from '../../lib/save';
import { scaleEnd } from '../../lib/strip';

export interface GridRow {
  readonly key: string;
  readonly label: string;
  readonly kind: Kind;
  /** null where there is nothing to show */
  readonly cells: readonly (number | null)[];
  /** where the scale ends */
  readonly end: number;
  /** begins a group */
  readonly gap?: boolean;
}

const sizes = (rows: readonly (readonly (number | null)[])[]) =>
  rows
    .flat()
    .filter((value) => value !== null)
    .map(Math.abs)
    .sort((a, b) => a - b);

export function endOf(rows: readonly (readonly (number | null)[])[]): number {
  return scaleEnd(Float32Array.from(sizes(rows)));
}

/** The same where a few numbers are far larger: the first token's vector is often a hundred times as long as the others. */
export function endOfMost(rows: readonly (readonly (number | null)[])[]): number {
  const all = sizes(rows);
  const usual = all[Math.floor(all.length * 0.9)] ?? 0;
  return scaleEnd(Float32Array.of(Math.min(1.2 * usual, all.at(-1) ?? 0)));
}

const SIDE = 22;
const NAMES = 110;
const TOP = 54;

/** The grid as a picture in a file. */
export function gridPicture(
  title: string,
  rows: readonly GridRow[],
  columns: readonly string[],
  theme: Theme,
): SVGSVGElement {
  const ink = css('ink', theme, 1, 1);
  const width = NAMES + columns.length * SIDE + 20;
  const gaps = rows.filter(({ gap }) => gap).length * 8;
  const scales = new Map(rows.map(({ kind, end }) => [kind, end]));
  const height = TOP + rows.length * SIDE + gaps + 36;
  const svg = element(null, 'svg', {
    'font-family': 'sans-serif',
    fill: ink,
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
  });
  element(svg, 'rect', { width: '100%', height: '100%', fill: css('ink', theme, 0, 1) });
  element(svg, 'text', { x: 8, y: 20, 'font-size': 13, 'font-weight': 600 }, title);
  columns.forEach((column, c) =>
    element(
      svg,
      'text',
      { x: NAMES + (c + 0.5) * SIDE, y: TOP - 6, 'font-size': 10, 'text-anchor': 'middle' },
      column,
    ),
  );
  let y = TOP;
  for (const { label, kind, cells, end, gap } of rows) {
    y += gap ? 8 : 0;
    element(
      svg,
      'text',
      { x: NAMES - 8, y: y + 15, 'font-size': 12, 'text-anchor': 'end' },
      label.slice(0, 16),
    );
    cells.forEach((value, c) => {
      const place = { x: NAMES + c * SIDE, y, width: SIDE - 1, height: SIDE - 1 };
      const fill = css(kind, theme, value ?? 0, end);
      const cell = element(svg, 'rect', { ...place, fill, stroke: ink, 'stroke-opacity': 0.15 });
      if (value !== null) {
        element(cell, 'title', {}, `${label}, ${columns[c]}: ${significant(value)}`);
      }
    });
    y += SIDE;
  }
  const says = [...scales].map(
    ([kind, end]) => `${NAMED[kind] ?? kind} \u00b1${significant(end, 2)}`,
  );
  element(
    svg,
    'text',
    { x: 8, y: height - 12, 'font-size': 12 },
    `Full colour: ${says.join(', ')}`,
  );
  return svg;
}

const NAMED: Partial<Record<Kind, string>> = { stream: 'vectors', head: 'heads', mlp: 'MLPs' };
