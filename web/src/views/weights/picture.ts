/** The treemap as a picture in a file. */
import { css, type Theme } from '../../lib/colour';
import { count } from '../../lib/number';
import { element } from '../../lib/save';
import { areas, bands, underTitle } from './areas';
import type { Weights } from './calls';
import { says, size } from './kinds';

interface Options {
  readonly bytes: boolean;
  readonly byLayer: boolean;
  readonly theme: Theme;
  readonly name: string;
}

const WIDTH = 1200;
const HEIGHT = 800;
const TOP = 40;
const LETTER = 7.2;

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
  const all = { x: 0, y: TOP, width: WIDTH, height: HEIGHT };
  for (const group of areas(weights, bytes, byLayer, all)) {
    for (const { item, box } of group.items) {
      for (const band of bands(item, box)) {
        const rect = element(svg, 'rect', {
          ...band.box,
          fill: css(says(band.kind).colour, theme, 1, 1),
          stroke: paper,
          'stroke-width': Math.min(1, band.box.width / 5, band.box.height / 5),
        });
        element(rect, 'title', {}, `${item.name}: ${count(size(item, bytes))} ${unit}`);
      }
    }
    const { box, sum } = group;
    element(svg, 'rect', { ...box, fill: 'none', stroke: paper, 'stroke-width': 2 });
    const text = [`${group.title} \u00b7 ${count(sum)}`, group.title].find(
      (one) => box.width > one.length * LETTER + 8 && box.height > 18,
    );
    if (text) {
      const under = css(underTitle(group), theme, 1, 1);
      const halo = { stroke: under, 'stroke-width': 5, 'paint-order': 'stroke' };
      element(svg, 'text', { x: box.x + 6, y: box.y + 16, 'font-weight': 700, ...halo }, text);
    }
  }
  return svg;
}
