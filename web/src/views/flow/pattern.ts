/** Attention patterns on a canvas. */
import type { Tensor } from '../../lib/binary';
import { ramp, step, type Theme } from '../../lib/colour';

/**
 * Paints the pattern of a head, one dot a cell: rows are queries, columns keys. Where there are more
 * cells than dots, a dot shows the largest weight of its cells.
 */
export function paintPattern(
  canvas: HTMLCanvasElement,
  pattern: Tensor,
  head: number,
  theme: Theme,
  most: number,
): void {
  const context = canvas.getContext('2d');
  const n = pattern.shape[1] ?? 0;
  if (!context || n === 0) {
    return;
  }
  const each = Math.max(1, Math.ceil(n / most));
  const size = Math.ceil(n / each);
  const largest = new Float32Array(size * size);
  const from = head * n * n;
  for (let query = 0; query < n; query++) {
    for (let key = 0; key <= query; key++) {
      const dot = Math.floor(query / each) * size + Math.floor(key / each);
      const weight = pattern.data[from + query * n + key] as number;
      if (weight > (largest[dot] as number)) {
        largest[dot] = weight;
      }
    }
  }
  canvas.width = size;
  canvas.height = size;
  const image = context.createImageData(size, size);
  const colours = ramp('ink', theme);
  largest.forEach((weight, dot) => {
    const i = step(weight, 1) * 3;
    image.data.set([colours[i] ?? 0, colours[i + 1] ?? 0, colours[i + 2] ?? 0, 255], dot * 4);
  });
  context.putImageData(image, 0, 0);
}
