/** Numbers as people read them. */

const MINUS = '\u2212';

/** Four significant digits, no exponent between 0.001 and a million. */
export function significant(value: number, digits = 4): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'not a number' : value > 0 ? '\u221e' : `${MINUS}\u221e`;
  }
  if (value === 0) {
    return '0';
  }
  const size = Math.abs(value);
  let text: string;
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa = '', exponent = '0'] = size.toExponential(digits - 1).split('e');
    text = `${mantissa}e${exponent.replace('+', '').replace('-', MINUS)}`;
  } else {
    text = size >= 10 ** digits ? size.toFixed(0) : size.toPrecision(digits);
  }
  return value < 0 ? MINUS + text : text;
}

/** A probability in percent: as many digits as tell it from 0 and from 100. */
export function percent(probability: number): string {
  const hundredths = probability * 100;
  if (hundredths === 0) {
    return '0 %';
  }
  if (hundredths < 0.001) {
    return '< 0.001 %';
  }
  if (hundredths > 99.995 && hundredths < 100 - 1e-10) {
    return '> 99.99 %';
  }
  if (hundredths >= 100 - 1e-10) {
    return '100 %';
  }
  return `${hundredths >= 10 ? hundredths.toFixed(1) : hundredths.toPrecision(hundredths < 0.1 ? 1 : 2)} %`;
}

/** 49152 as 49,152. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 in 5.0`: how rare a thing of this probability is. */
export function oneIn(probability: number): string {
  return `1 in ${significant(1 / probability, 2)}`;
}

/** 134.5 M: parameters and bytes in short. */
export function short(n: number): string {
  if (n >= 1e9) {
    return `${(n / 1e9).toPrecision(3)} G`;
  }
  return n >= 1e6 ? `${(n / 1e6).toPrecision(3)} M` : count(n);
}

/** A token's text so that one sees its blanks and line ends. */
export function visible(text: string): string {
  return text
    .replaceAll(' ', '\u00b7')
    .replaceAll('\n', '\u23ce')
    .replaceAll('\t', '\u21e5')
    .replaceAll('\r', '\u240d');
}
