/** Short names of tokens in a picture. */
import { visible } from '../../lib/number';

/** Without the blank before it, unless that is what tells it from another. */
export function shortNames(ids: readonly number[], text: (id: number) => string): string[] {
  // one token may stand in a picture twice
  const texts = [...new Set(ids)].map((id) => text(id).trim());
  return ids.map((id) => {
    const short = text(id).trim();
    const alone = texts.filter((other) => other === short).length === 1;
    return visible(alone && short !== '' ? short : text(id));
  });
}
