/** What the tour remembers while the page is open, even when another view was opened in between. */
import { SvelteSet } from 'svelte/reactivity';

/** the places of the tasks that were done */
export const done = new SvelteSet<string>();

/** the tour was left since the page was loaded */
export const left = { once: false };

/** the page was opened by a link that carries all that is seen, not by a place in the tour alone */
export const linked = /[#&]prompt=/.test(location.hash);
