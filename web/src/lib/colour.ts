/**
 * The one grammar of colours. Each kind of vector has a hue for what is above zero; below zero is the
 * same for all kinds: a warm red-brown (on slate, teal, violet, green) that colour-blind eyes tell from
 * every hue by its lightness too. Zero is the paper.
 */
export type Kind = 'stream' | 'query' | 'key' | 'value' | 'head' | 'mlp' | 'ink';
export type Theme = 'light' | 'dark';
type Rgb = readonly [number, number, number];

const PAPER: Record<Theme, Rgb> = { light: [255, 255, 255], dark: [22, 25, 31] };

const ABOVE: Record<Theme, Record<Kind, Rgb>> = {
  light: {
    stream: [43, 64, 92],
    query: [150, 88, 0],
    key: [0, 105, 108],
    value: [98, 56, 156],
    head: [110, 62, 100],
    mlp: [28, 104, 48],
    ink: [24, 28, 34],
  },
  dark: {
    stream: [168, 194, 226],
    query: [244, 184, 84],
    key: [84, 214, 210],
    value: [196, 164, 250],
    head: [226, 160, 208],
    mlp: [124, 214, 142],
    ink: [236, 239, 244],
  },
};

const BELOW: Record<Theme, Record<Kind, Rgb>> = {
  light: {
    stream: [186, 78, 44],
    query: [64, 88, 168],
    key: [186, 66, 60],
    value: [176, 92, 16],
    head: [70, 110, 60],
    mlp: [168, 52, 116],
    ink: [186, 78, 44],
  },
  dark: {
    stream: [240, 136, 98],
    query: [134, 160, 246],
    key: [246, 130, 122],
    value: [236, 160, 80],
    head: [146, 206, 130],
    mlp: [240, 132, 190],
    ink: [240, 136, 98],
  },
};

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [
    Math.round(a[0] + (b[0] - a[0]) * share),
    Math.round(a[1] + (b[1] - a[1]) * share),
    Math.round(a[2] + (b[2] - a[2]) * share),
  ];
}

/** Colours of the values from -1 to 1 in 511 steps, three numbers each. */
export type Ramp = Uint8ClampedArray;

const ramps = new Map<string, Ramp>();

export function ramp(kind: Kind, theme: Theme): Ramp {
  const key = `${kind} ${theme}`;
  let made = ramps.get(key);
  if (!made) {
    made = new Uint8ClampedArray(511 * 3);
    for (let i = 0; i < 511; i++) {
      const share = (i - 255) / 255;
      const end = share < 0 ? BELOW[theme][kind] : ABOVE[theme][kind];
      // small numbers are the many: the root lets them be seen
      made.set(mix(PAPER[theme], end, Math.abs(share) ** 0.75), i * 3);
    }
    ramps.set(key, made);
  }
  return made;
}

/** The place in a ramp of a value on a scale that ends at `end`. */
export function step(value: number, end: number): number {
  const share = Math.max(-1, Math.min(1, value / end));
  return Math.round(share * 255) + 255;
}

export function css(kind: Kind, theme: Theme, value: number, end: number): string {
  const colours = ramp(kind, theme);
  const i = step(Number.isFinite(value) ? value : 0, end) * 3;
  return `rgb(${colours[i]}, ${colours[i + 1]}, ${colours[i + 2]})`;
}
