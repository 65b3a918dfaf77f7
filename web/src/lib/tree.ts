/** The texts that were drawn from one prompt, as a tree. */
export interface TextNode {
  readonly id: number;
  readonly text: string;
  readonly parent: TextNode | null;
  readonly children: TextNode[];
  /** the model's own probability of this token here: temperature 1, nothing cut */
  probability: number | null;
  /** the number that was thrown for it; null where the person chose it */
  thrown: number | null;
}

export function root(): TextNode {
  return { id: -1, text: '', parent: null, children: [], probability: 1, thrown: null };
}

/** The child with this token, made where there is none. */
export function grow(
  parent: TextNode,
  id: number,
  text: string,
  probability: number | null,
  thrown: number | null,
): TextNode {
  const there = parent.children.find((child) => child.id === id);
  if (there) {
    there.probability ??= probability;
    there.thrown ??= thrown;
    return there;
  }
  const child: TextNode = { id, text, parent, children: [], probability, thrown };
  parent.children.push(child);
  return child;
}

/** The nodes from below the root to this one. */
export function path(node: TextNode): TextNode[] {
  const nodes: TextNode[] = [];
  for (let at: TextNode = node; at.parent; at = at.parent) {
    nodes.unshift(at);
  }
  return nodes;
}

/** The product of the probabilities on the way here; null while one is not known yet. */
export function pathProbability(node: TextNode): number | null {
  let product = 1;
  for (const { probability } of path(node)) {
    if (probability === null) {
      return null;
    }
    product *= probability;
  }
  return product;
}

/** Every node, parents before children, as a person reads a tree: depth first. */
export function all(node: TextNode): TextNode[] {
  return [node, ...node.children.flatMap(all)];
}
