/** What of the Flow is open, as the address carries it. */

/** Places in the selection of the address: stage, open block, open head or MLP. */
export interface Open {
  stage: number;
  block: number;
  head: number;
  mlp: boolean;
  token: number;
}

const CLOSED: Open = { stage: 0, block: -1, head: -1, mlp: false, token: -1 };

export function readOpen(selection: string): Open {
  const place = (letter: string, missing: number) => {
    const found = new RegExp(`(?:^|\\.)${letter}(\\d{1,4})(?=\\.|$)`).exec(selection)?.[1];
    return found === undefined ? missing : Number(found);
  };
  return {
    stage: place('s', CLOSED.stage),
    block: place('b', CLOSED.block),
    head: place('h', CLOSED.head),
    mlp: /(?:^|\.)m(?=\.|$)/.test(selection),
    token: place('t', CLOSED.token),
  };
}

export function writeOpen({ stage, block, head, mlp, token }: Open): string {
  return [
    stage > 0 ? `s${stage}` : '',
    block >= 0 ? `b${block}` : '',
    block >= 0 && head >= 0 ? `h${head}` : '',
    block >= 0 && mlp ? 'm' : '',
    token >= 0 ? `t${token}` : '',
  ]
    .filter((part) => part !== '')
    .join('.');
}
