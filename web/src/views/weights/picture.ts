/** The treemap as a picture in a file. */
import { css, type Theme } from '../../lib/colour';
import { count } from '../../lib/number';
import { element } from '../../lib/save';
import type { Weights } from './calls';
import { says, size } from './kinds';
import { grouped } from './treemap';

interface Options {
  readonly bytes: boolean;
  readonly byLayer: boolean;
  readonly theme: Theme;
  readonly name: string;
}

const WIDTH = 1200;
const HEIGHT = 800;
const TOP = 40;

export function treemapPicture(weights: Weights, options: Options): SVGSVGElement {
  const { bytes, byLayer, theme } = options;
  const ink = css('ink', theme, 1, 1);
  const paper = css('ink', theme, 0, 1);
  const unit = bytes ? 'bytes' : 'parameters';
  const svg = element(null, 'svg', {
    width: WIDTH,
    height: TOP + HEIGHT,
    viewBox: `0 0 ${WIDTH} ${TOP + HEIGHT}`,
    'font-family': 'sans-serif',
    'font-size': 12,
    fill: paper,
  });
  element(svg, 'rect', { width: '100%', height: '100%', fill: paper });
  const total = bytes ? (weights.bytes ?? 0) : weights.total;
  const shapes = weights.preset ? ', shapes only' : '';
  const title = `${options.name}${shapes}: ${count(total)} ${unit}`;
  element(svg, 'text', { x: 8, y: 26, 'font-size': 18, fill: ink }, title);
  const groups = grouped(
    weights.tensors,
    ({ kind, layer }) => {
      const title = byLayer && layer >= 0 ? `block ${layer}` : says(kind).title;
      return { key: title, title };
    },
    (tensor) => size(tensor, bytes),
    { x: 0, y: TOP, width: WIDTH, height: HEIGHT },
  );
  for (const { title, sum, box, items } of groups) {
    for (const { item, box: own } of items) {
      let y = own.y;
      for (const { kind, rows } of item.parts ?? [{ kind: item.kind, rows: item.rows }]) {
        const height = (own.height * rows) / item.rows;
        const rect = element(svg, 'rect', {
          x: own.x,
          y,
          width: own.width,
          height,
          fill: css(says(kind).colour, theme, 1, 1),
          stroke: paper,
          'stroke-width': Math.min(1, own.width / 5, height / 5),
        });
        element(rect, 'title', {}, `${item.name}: ${count(size(item, bytes))} ${unit}`);
        y += height;
      }
    }
    const text = [`${title} \u00b7 ${count(sum)}`, title].find(
      (one) => box.width > one.length * 7 + 8 && box.height > 18,
    );
    element(svg, 'rect', { ...box, fill: 'none', stroke: paper, 'stroke-width': 2 });
    if (text) {
      element(svg, 'text', { x: box.x + 6, y: box.y + 16, 'font-weight': 700 }, text);
    }
  }
  return svg;
}
