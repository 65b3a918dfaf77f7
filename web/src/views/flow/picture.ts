/** The Flow as a picture in a file: what the page shows, drawn anew as SVG. */
import type { Lens } from '../../lib/api';
import { row } from '../../lib/binary';
import { css, type Theme } from '../../lib/colour';
import { percent, visible } from '../../lib/number';
import { element } from '../../lib/save';
import { pool } from '../../lib/strip';
import { guessText, type Block, type Overview, type Strips } from './flow.svelte';

const ROW = 46;
const TOP = 60;
const NAMES = 110;
const STRIP = 144;
const CLOSED = 38;
const MOST = 128;

interface Options {
  readonly token: number;
  readonly theme: Theme;
  readonly layers: number;
}

export function flowPicture(
  data: Overview,
  lens: Lens | null,
  open: Block | null,
  options: Options,
): SVGSVGElement {
  const { theme } = options;
  const ink = css('ink', theme, 1, 1);
  const tokens = data.texts.slice(0, MOST);
  const svg = element(null, 'svg', { 'font-family': 'sans-serif', fill: ink });
  const paper = element(svg, 'rect', {
    width: '100%',
    height: '100%',
    fill: css('ink', theme, 0, 1),
  });
  let x = NAMES;

  tokens.forEach((text, t) => {
    const weight = t === options.token ? 700 : 400;
    element(
      svg,
      'text',
      { x: 8, y: TOP + t * ROW + 18, 'font-size': 14, 'font-weight': weight },
      visible(text).slice(0, 14),
    );
  });

  function head(label: string, at: number): void {
    element(svg, 'text', { x: at, y: TOP - 14, 'font-size': 12, 'font-weight': 600 }, label);
  }

  function column({ label, kind, tensor, end }: Strips): void {
    head(`${label} (±${end.toPrecision(2)})`, x);
    tokens.forEach((_, t) => {
      const { values } = pool(row(tensor, t), STRIP);
      const wide = STRIP / values.length;
      values.forEach((value, i) => {
        element(svg, 'rect', {
          x: (x + i * wide).toFixed(2),
          y: TOP + t * ROW + 3,
          width: (wide + 0.1).toFixed(2),
          height: 20,
          fill: css(kind, theme, value, end),
        });
      });
    });
    x += STRIP + 14;
  }

  function guesses(stage: number): void {
    tokens.forEach((_, t) => {
      const text = guessText(lens?.readings[stage]?.[t]?.top[0]).trim().slice(0, 6);
      element(
        svg,
        'text',
        { x: x + CLOSED / 2, y: TOP + t * ROW + 38, 'font-size': 10, 'text-anchor': 'middle' },
        text,
      );
    });
  }

  data.before.forEach(column);
  data.wrote.forEach((wrote, layer) => {
    if (open?.layer === layer) {
      open.columns.forEach((strips) => column({ ...strips, label: `${layer}: ${strips.label}` }));
    }
    head(`${layer}`, x + CLOSED / 2 - 6);
    tokens.forEach((_, t) => {
      const base = TOP + t * ROW + 24;
      const bar = (share: number, at: number, kind: 'head' | 'mlp') => {
        const height = Math.min(1, share / data.most) * 22;
        element(svg, 'rect', {
          x: at,
          y: base - height,
          width: 9,
          height,
          fill: css(kind, theme, 1, 1),
        });
      };
      bar(wrote[t]?.attention ?? 0, x + 8, 'head');
      bar(wrote[t]?.mlp ?? 0, x + 19, 'mlp');
    });
    guesses(layer + 1);
    x += CLOSED;
  });
  x += 10;
  data.after.forEach(column);
  head('next token', x);
  tokens.forEach((_, t) => {
    const top = lens?.readings.at(-1)?.[t]?.top[0];
    const text = `${visible(guessText(top))}  ${percent(top?.probability ?? 0)}`;
    element(svg, 'text', { x, y: TOP + t * ROW + 18, 'font-size': 14 }, text);
  });
  const width = x + 170;
  const height = TOP + tokens.length * ROW + 20;
  svg.setAttribute('width', `${width}`);
  svg.setAttribute('height', `${height}`);
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  paper.setAttribute('width', `${width}`);
  return svg;
}
