/** Hands files to the person. */

export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function svgBlob(svg: SVGSVGElement): Blob {
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: 'image/svg+xml' });
}

export function saveSvg(svg: SVGSVGElement, name: string): void {
  saveBlob(svgBlob(svg), name);
}

/** The picture in dots, two for each unit. */
export async function savePng(svg: SVGSVGElement, name: string): Promise<void> {
  const address = URL.createObjectURL(svgBlob(svg));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Number(svg.getAttribute('width')) * 2;
    canvas.height = Number(svg.getAttribute('height')) * 2;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
    if (!blob) {
      throw new Error('the picture is too large for a PNG; save it as SVG');
    }
    saveBlob(blob, name);
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** An SVG element with attributes; its text, if any, is text. */
export function element<K extends keyof SVGElementTagNameMap>(
  parent: SVGElement | null,
  name: K,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, `${value}`);
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  parent?.append(made);
  return made;
}
