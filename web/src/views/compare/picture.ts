/** The comparison as a picture in a file: next tokens, where the two part, and the vectors there. */
import { line } from 'd3-shape';
import { row } from '../../lib/binary';
import { css, type Kind, type Theme } from '../../lib/colour';
import { percent, significant, visible } from '../../lib/number';
import { element } from '../../lib/save';
import { pool, scaleEnd } from '../../lib/strip';
import { minus, type Next, type Streams } from './calls';
import { stageName } from './stages';

const WIDTH = 900;
const SIDE = 24;
const ROW = 22;
const BAR = 220;
const CURVE = 120;

export interface Shown {
  readonly names: { readonly a: string; readonly b: string };
  readonly next: Next;
  readonly vectors: Streams | null;
  readonly stage: number;
}

export function comparePicture(shown: Shown, theme: Theme): SVGSVGElement {
  const ink = css('ink', theme, 1, 1);
  const svg = element(null, 'svg', { 'font-family': 'sans-serif', fill: ink, width: WIDTH });
  const paper = element(svg, 'rect', { width: WIDTH, fill: css('ink', theme, 0, 1) });
  const text = (x: number, y: number, size: number, says: string, weight = 400) =>
    element(svg, 'text', { x, y, 'font-size': size, 'font-weight': weight }, says);
  text(SIDE, 30, 15, `A: ${shown.names.a}`, 600);
  text(SIDE, 50, 15, `B: ${shown.names.b}`, 600);
  let y = bars(svg, shown.next, 84, theme);
  if (shown.next.kl) {
    const { a_b: forth, b_a: back } = shown.next.kl;
    const says = `KL divergence: ${significant(forth)} bits from A to B, ${significant(back)} bits from B to A`;
    text(SIDE, y + 6, 13, says);
    y += 24;
  }
  if (shown.vectors) {
    y = parting(svg, shown.vectors, shown.stage, y + 20, theme);
    y = strips(svg, shown.vectors, shown.stage, y, theme);
  }
  svg.setAttribute('height', `${y + 16}`);
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${y + 16}`);
  paper.setAttribute('height', `${y + 16}`);
  return svg;
}

function bars(svg: SVGSVGElement, next: Next, top: number, theme: Theme): number {
  const columns = { a: SIDE + 170, b: SIDE + 170 + BAR + 110 };
  const longest = Math.max(
    ...next.rows.flatMap(({ a, b }) => [a?.probability ?? 0, b?.probability ?? 0]),
    1e-9,
  );
  element(svg, 'text', { x: SIDE, y: top, 'font-size': 13 }, 'next token');
  element(svg, 'text', { x: columns.a, y: top, 'font-size': 13 }, 'A');
  element(svg, 'text', { x: columns.b, y: top, 'font-size': 13 }, 'B');
  next.rows.forEach((each, i) => {
    const y = top + 10 + i * ROW;
    element(svg, 'text', { x: SIDE, y: y + 13, 'font-size': 13 }, visible(each.text).slice(0, 20));
    for (const side of ['a', 'b'] as const) {
      const place = each[side];
      if (!place) {
        continue;
      }
      const width = (place.probability / longest) * BAR;
      element(svg, 'rect', {
        x: columns[side],
        y: y + 2,
        width: Math.max(width, 1),
        height: 13,
        stroke: css('ink', theme, 1, 1),
        fill: css('ink', theme, side === 'a' ? 1 : 0.25, 1),
      });
      const says = `${percent(place.probability)}, rank ${place.rank}`;
      element(svg, 'text', { x: columns[side] + width + 6, y: y + 13, 'font-size': 12 }, says);
    }
  });
  return top + 10 + next.rows.length * ROW + 12;
}

function parting(
  svg: SVGSVGElement,
  { stages }: Streams,
  stage: number,
  top: number,
  theme: Theme,
): number {
  if (stages.length === 0) {
    return top;
  }
  const most = Math.max(...stages.map(({ relative }) => relative), 1e-9);
  const x = (at: number) => SIDE + (at / Math.max(1, stages.length - 1)) * (WIDTH - 2 * SIDE);
  const y = (value: number) => top + CURVE - (value / most) * (CURVE - 20);
  const says = `length of B minus A, in lengths of A, by stage: at most ${percent(most)}`;
  element(svg, 'text', { x: SIDE, y: top, 'font-size': 13 }, says);
  element(svg, 'path', {
    d: line<number>((_, i) => x(i), y)(stages.map(({ relative }) => relative)) ?? '',
    fill: 'none',
    'stroke-width': 2,
    stroke: css('stream', theme, 1, 1),
  });
  element(svg, 'circle', {
    cx: x(stage),
    cy: y(stages[stage]?.relative ?? 0),
    r: 5,
    fill: css('stream', theme, 1, 1),
  });
  return top + CURVE + 26;
}

function strips(
  svg: SVGSVGElement,
  { a, b }: Streams,
  stage: number,
  top: number,
  theme: Theme,
): number {
  const has = (side: typeof a) => stage < (side.shape[0] ?? 0);
  if (!has(a) || !has(b)) {
    return top;
  }
  const [on, off] = [row(a, stage), row(b, stage)];
  const end = Math.max(scaleEnd(on), scaleEnd(off));
  const title = `${stageName(stage)} (±${end.toPrecision(2)})`;
  element(svg, 'text', { x: SIDE, y: top, 'font-size': 13 }, title);
  const all: (readonly [string, Float32Array])[] = [
    ['A', on],
    ['B', off],
  ];
  if (on.length === off.length) {
    all.push(['B − A', minus(off, on)]);
  }
  all.forEach(([name, vector], i) => {
    strip(svg, name, vector, top + 12 + i * 28, end, theme);
  });
  return top + 12 + all.length * 28;
}

function strip(
  svg: SVGSVGElement,
  name: string,
  vector: Float32Array,
  y: number,
  end: number,
  theme: Theme,
): void {
  const kind: Kind = 'stream';
  element(svg, 'text', { x: SIDE, y: y + 15, 'font-size': 13 }, name);
  const from = SIDE + 60;
  const { values } = pool(vector, WIDTH - SIDE - from);
  const wide = (WIDTH - SIDE - from) / values.length;
  values.forEach((value, i) => {
    element(svg, 'rect', {
      x: (from + i * wide).toFixed(2),
      y,
      width: (wide + 0.1).toFixed(2),
      height: 20,
      fill: css(kind, theme, value, end),
    });
  });
}
