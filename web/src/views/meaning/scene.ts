/** A cloud of points in three directions, turned and drawn without perspective: lengths stay true. */

export interface Point {
  readonly id: number;
  readonly label: string;
  /** along the three axes */
  readonly at: readonly number[];
}

export interface Turned {
  readonly yaw: number;
  readonly pitch: number;
  /** how many times as large as what fits; around the selected word, if there is one */
  readonly zoom: number;
}

export interface Dot {
  readonly id: number;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  /** from 0, furthest, to 1, nearest */
  readonly near: number;
  /** the side on which there is room for its name */
  readonly named: 'left' | 'right' | null;
}

interface Stroke {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export interface Scene {
  /** furthest first */
  readonly dots: readonly Dot[];
  readonly links: readonly Stroke[];
  readonly axes: readonly (Stroke & { readonly name: string })[];
  /** a length that reads well: in the model's numbers, and in dots of the picture */
  readonly rule: { readonly length: number; readonly dots: number };
}

export const FONT = 13;
/** how far it is tilted at first */
export const TILT = 0.3;
const MARGIN = 26;
/** names stand to the right */
const SIDE = 70;
/** letters are about so wide, beside the size of the type */
const LETTER = 0.56;

export function width(label: string): number {
  return label.length * FONT * LETTER;
}

/** Turns a point around the upright axis, then towards the eye. */
export function turn(
  at: readonly number[],
  { yaw, pitch }: Pick<Turned, 'yaw' | 'pitch'>,
): [number, number, number] {
  const [x = 0, y = 0, z = 0] = at;
  const right = x * Math.cos(yaw) + z * Math.sin(yaw);
  const back = z * Math.cos(yaw) - x * Math.sin(yaw);
  return [
    right,
    y * Math.cos(pitch) - back * Math.sin(pitch),
    y * Math.sin(pitch) + back * Math.cos(pitch),
  ];
}

function nice(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length));
  return ([5, 2, 1].find((step) => step * power <= length) ?? 1) * power;
}

export interface Picture {
  readonly points: readonly Point[];
  /** which of them a line joins */
  readonly links: readonly (readonly [number, number])[];
  readonly axes: readonly string[];
  readonly selected: number;
}

export function scene(
  { points, links, axes, selected }: Picture,
  turned: Turned,
  wide: number,
  high: number,
  /** names may stand on the left too */
  leftToo = false,
): Scene {
  const centre = [0, 1, 2].map(
    (axis) => points.reduce((sum, { at }) => sum + (at[axis] ?? 0), 0) / (points.length || 1),
  );
  const centred = points.map(({ at }) => centre.map((middle, axis) => (at[axis] ?? 0) - middle));
  const radius = Math.max(...centred.map((at) => Math.hypot(...at)), 1e-9);
  // tilted as it is at first it fits, however it is turned
  const across = Math.max(...centred.map(([x = 0, , z = 0]) => Math.hypot(x, z)), 1e-9);
  const up = Math.max(...centred.map(([, y = 0]) => Math.abs(y)), 0);
  const tall = up * Math.cos(TILT) + across * Math.sin(TILT);
  const fits = Math.min((wide / 2 - SIDE) / across, (high / 2 - MARGIN) / tall);
  const scale = Math.max(fits, 1e-9) * turned.zoom;
  const held = points.findIndex(({ id }) => turned.zoom > 1 && id === selected);
  const [atX, atY] = turn(centred[held] ?? [0, 0, 0], turned);
  const place = (at: readonly number[]) => {
    const [x, y, z] = turn(at, turned);
    return {
      x: wide / 2 + (x - atX) * scale,
      y: high / 2 - (y - atY) * scale,
      near: z / radius / 2 + 0.5,
    };
  };
  const placed = centred.map(place);
  const order = placed
    .map((_, i) => i)
    .sort((a, b) => (placed[a]?.near ?? 0) - (placed[b]?.near ?? 0));

  // names are given room from the nearest to the furthest, the selected one first
  const taken: (readonly [number, number, number, number])[] = [];
  const named = new Map<number, 'left' | 'right'>();
  const sides = leftToo ? (['right', 'left'] as const) : (['right'] as const);
  const first = order.filter((i) => points[i]?.id === selected);
  for (const i of [...first, ...order.toReversed()]) {
    const { x = 0, y = 0 } = placed[i] ?? {};
    const long = 9 + width(points[i]?.label ?? '');
    for (const side of named.has(i) ? [] : sides) {
      const edge = side === 'right' ? x + 4 : x - long;
      const box = [edge, y - 8, edge + long - 4, y + 8] as const;
      const free = taken.every(
        ([left, top, right, bottom]) =>
          box[0] > right || box[2] < left || box[1] > bottom || box[3] < top,
      );
      if (free) {
        taken.push(box);
        named.set(i, side);
        break;
      }
    }
  }

  const stroke = (from: { x: number; y: number }, to: { x: number; y: number }) => ({
    x1: from.x,
    y1: from.y,
    x2: to.x,
    y2: to.y,
  });
  const length = nice(100 / scale);
  return {
    dots: order.map((i) => {
      const { id, label } = points[i] as Point;
      return {
        id,
        label,
        ...(placed[i] as Omit<Dot, 'id' | 'label'>),
        named: named.get(i) ?? null,
      };
    }),
    links: links.flatMap(([a, b]) => {
      const [from, to] = [placed[a], placed[b]];
      return from && to ? [stroke(from, to)] : [];
    }),
    axes: axes.map((name, axis) => {
      const reach = Math.max(...centred.map((at) => Math.abs(at[axis] ?? 0)), 0);
      const end = [0, 1, 2].map((i) => (i === axis ? reach : 0));
      return { name, ...stroke(place(end.map((x) => -x)), place(end)) };
    }),
    rule: { length, dots: length * scale },
  };
}

/** The dot whose mark or name is at this place. */
export function dotAt({ dots }: Scene, x: number, y: number): Dot | undefined {
  const reach = 12;
  let best: Dot | undefined;
  let least = Infinity;
  for (const dot of dots) {
    const away = Math.hypot(dot.x - x, dot.y - y);
    if (away <= reach && away <= least) {
      best = dot;
      least = away;
    }
  }
  return (
    best ??
    dots.findLast((dot) => {
      const right = (x - dot.x) * (dot.named === 'left' ? -1 : 1);
      return (
        dot.named !== null && right > 0 && right < 9 + width(dot.label) && Math.abs(y - dot.y) <= 9
      );
    })
  );
}
