/** The treemap of a model, for the page and for files. */
import type { Tensor, Weights } from './calls';
import type { Kind as Colour } from '../../lib/colour';
import { says, size } from './kinds';
import { grouped, type Box, type Group } from './treemap';

interface Band {
  readonly kind: string;
  readonly box: Box;
}

/** All tensors, by kind and then by layer, or the other way round. */
export function areas(
  weights: Weights,
  bytes: boolean,
  byLayer: boolean,
  box: Box,
): Group<Tensor>[] {
  return grouped(
    weights.tensors,
    ({ kind, layer }) => {
      const title = byLayer && layer >= 0 ? `block ${layer}` : says(kind).title;
      return { key: title, title };
    },
    (tensor) => size(tensor, bytes),
    box,
  );
}

/** A tensor's area; where it is several in one, theirs from above. */
export function bands(tensor: Tensor, box: Box): Band[] {
  let y = box.y;
  return (tensor.parts ?? [tensor]).map(({ kind, rows }) => {
    const height = (rows / tensor.rows) * box.height;
    const band = { kind, box: { ...box, y, height } };
    y += height;
    return band;
  });
}

/** The colour of the largest of a group: it lies under the title. */
export function underTitle({ items }: Group<Tensor>): Colour {
  const tensors = items.map(({ item }) => item);
  const largest = tensors.reduce((a, b) => (b.parameters > a.parameters ? b : a));
  return says(largest.parts?.[0]?.kind ?? largest.kind).colour;
}
