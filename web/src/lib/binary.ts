/** Tensors as the server sends them: a JSON header, then float32 data. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Tensors {
  readonly header: Record<string, unknown>;
  readonly arrays: ReadonlyMap<string, Tensor>;
}

interface ArrayHeader {
  name: string;
  shape: number[];
  offset: number;
}

/** Takes an answer apart: uint32 length of the header, the header, the data. */
export function readTensors(bytes: ArrayBuffer): Tensors {
  if (bytes.byteLength < 4) {
    throw new Error(`an answer of ${bytes.byteLength} bytes is too short to hold tensors`);
  }
  const length = new DataView(bytes).getUint32(0, true);
  const start = 4 + length;
  if (start > bytes.byteLength) {
    throw new Error(`an answer of ${bytes.byteLength} bytes promises a header of ${length}`);
  }
  const text = new TextDecoder().decode(new Uint8Array(bytes, 4, length));
  const header = JSON.parse(text) as Record<string, unknown> & { arrays: ArrayHeader[] };
  const arrays = new Map<string, Tensor>();
  for (const { name, shape, offset } of header.arrays) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    arrays.set(name, { name, shape, data: new Float32Array(bytes, start + offset, size) });
  }
  return { header, arrays };
}

/** The array of this name, which an answer has to have. */
export function tensor(tensors: Tensors, name: string): Tensor {
  const found = tensors.arrays.get(name);
  if (!found) {
    throw new Error(`the answer has no ${name}, only ${[...tensors.arrays.keys()].join(', ')}`);
  }
  return found;
}

/** Element `index` of a tensor, its last axis running fastest. */
export function at(tensor: Tensor, ...index: number[]): number {
  let place = 0;
  tensor.shape.forEach((extent, axis) => {
    place = place * extent + (index[axis] ?? 0);
  });
  return tensor.data[place] ?? Number.NaN;
}

/** The last axis at these indices of the axes before it, as a view. */
export function row(tensor: Tensor, ...index: number[]): Float32Array {
  const width = tensor.shape[tensor.shape.length - 1] ?? 0;
  let place = 0;
  for (let axis = 0; axis < tensor.shape.length - 1; axis++) {
    place = place * (tensor.shape[axis] ?? 1) + (index[axis] ?? 0);
  }
  return tensor.data.subarray(place * width, (place + 1) * width);
}
