/** How a vector becomes a strip of cells. */
export interface Pooled {
  /** the value that each cell shows */
  readonly values: Float32Array;
  /** its place in the vector */
  readonly places: Uint32Array;
  /** how many values a cell stands for, at most */
  readonly each: number;
}

/** At most `cells` cells; where a cell stands for several values, the one of the largest magnitude. */
export function pool(vector: Float32Array, cells: number): Pooled {
  const each = Math.max(1, Math.ceil(vector.length / Math.max(1, Math.floor(cells))));
  const n = Math.ceil(vector.length / each);
  const values = new Float32Array(n);
  const places = new Uint32Array(n);
  for (let cell = 0; cell < n; cell++) {
    let best = cell * each;
    const end = Math.min(best + each, vector.length);
    for (let i = best + 1; i < end; i++) {
      if (Math.abs(vector[i] as number) > Math.abs(vector[best] as number)) {
        best = i;
      }
    }
    values[cell] = vector[best] as number;
    places[cell] = best;
  }
  return { values, places, each };
}

/**
 * The end of a scale for these numbers: not the very largest, which would leave the rest white, but the
 * magnitude that all but one in two hundred stay below, rounded up to a number that reads well.
 */
export function scaleEnd(data: Float32Array): number {
  const step = Math.max(1, Math.floor(data.length / 20000));
  const sizes: number[] = [];
  for (let i = 0; i < data.length; i += step) {
    const size = Math.abs(data[i] as number);
    if (Number.isFinite(size)) {
      sizes.push(size);
    }
  }
  sizes.sort((a, b) => a - b);
  const size = sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * 0.995))] ?? 0;
  if (size === 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(size));
  const mantissa = size / power;
  const nice = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((end) => end >= mantissa - 1e-9) ?? 10;
  return nice * power;
}

/** The length of a vector. */
export function norm(vector: Float32Array): number {
  let sum = 0;
  for (const value of vector) {
    sum += value * value;
  }
  return Math.sqrt(sum);
}
