import { expect, test, type Page } from '@playwright/test';
import { css } from '../src/lib/colour';
import { percent, significant } from '../src/lib/number';
import type { Effect, Parts, Swept } from '../src/views/change/calls';
import { ask, complaints, idsOf, open, picks, PROMPT } from './explorer';

const SECOND = 'The capital of Italy is';
const map = (page: Page) => page.getByRole('grid', { name: 'parts of the model by block' });
const chips = (page: Page) => page.getByRole('list', { name: 'changes' }).getByRole('listitem');
const kl = (page: Page) => page.getByTestId('kl');

async function at(page: Page, selection = ''): Promise<void> {
  await open(page, { view: 'change', selection });
  await expect(kl(page)).toBeVisible();
}

test('a head is switched off, and the answer changes by what the server says', async ({
  page,
  request,
}) => {
  const wrong = complaints(page);
  await at(page);
  await expect(kl(page)).toHaveText('0');
  await map(page)
    .getByRole('gridcell', { name: /^Head 4 of block 23:/ })
    .click();
  const panel = page.getByRole('region', { name: 'change head 4 of block 23' });
  await expect(panel).toContainText('of the logit of');
  await panel.getByRole('button', { name: 'Off' }).click();
  await expect(chips(page)).toHaveText([/head 4 of block 23: off/]);
  const ids = await idsOf(request, PROMPT);
  const effect = await ask<Effect>(request, 'effect', {
    ids,
    changes: [{ kind: 'zero', at: 'L23H4' }],
  });
  expect(effect.kl).toBeGreaterThan(0.5);
  await expect(kl(page)).toHaveText(significant(effect.kl));
  const row = page.getByRole('row', { name: /·Paris/ }).filter({ hasText: '%' });
  const paris = effect.tokens.find(({ id }) => id === effect.id);
  await expect(row).toContainText(percent(paris?.before ?? 0));
  await expect(row).toContainText(percent(paris?.after ?? 0));
  // the link shows the same again
  await expect(page).toHaveURL(/L23H4/);
  await page.reload();
  await expect(kl(page)).toHaveText(significant(effect.kl));
  await page.getByRole('checkbox', { name: 'head 4 of block 23: off: apply' }).uncheck();
  await expect(kl(page)).toHaveText('0');
  await expect(page.getByTestId('summary')).toContainText('Nothing is changed');
  await page.getByRole('button', { name: 'none' }).click();
  await expect(page.getByTestId('no-changes')).toBeVisible();
  expect(wrong).toEqual([]);
});

test('changes that change nothing are exactly nothing', async ({ page }) => {
  const nothing = new URLSearchParams([
    ['c', 'scale|L23H4|1'],
    ['c', 'steer|blocks.9.hook_resid_pre@3|0|Rome - Paris'],
  ]);
  await at(page, nothing.toString());
  await expect(page.getByTestId('summary')).toContainText('These changes change nothing');
  await expect(kl(page)).toHaveText('0');
  await expect(page.getByRole('cell', { name: 'same' })).toHaveCount(10);
});

test('a vector is scaled and pushed along words; a word that is none is said', async ({ page }) => {
  await at(page, 'p=L20T4');
  const panel = page.getByRole('region', { name: /^change vector of/ });
  await panel.getByRole('textbox', { name: 'Steer along' }).fill('Xyzzyplugh');
  await expect(panel).toContainText('Xyzzyplugh is no single token');
  await expect(panel.getByRole('slider', { name: 'by' })).toBeDisabled();
  await panel.getByRole('textbox', { name: 'Steer along' }).fill('Rome - Paris');
  await panel.getByRole('slider', { name: 'by' }).focus();
  await page.keyboard.press('End');
  await expect(chips(page)).toHaveText([/along Rome - Paris/]);
  await expect(kl(page)).not.toHaveText('0');
  await panel.getByRole('slider', { name: 'Scale' }).focus();
  await page.keyboard.press('Home');
  await expect(chips(page)).toHaveCount(2);
  await panel.getByRole('radio', { name: 'at all tokens' }).check();
  await panel.getByRole('button', { name: 'Mean' }).click();
  await expect(chips(page).last()).toContainText('all vectors before block 20: its mean');
});

test('neurons are chosen by number, and an edge of attention is cut', async ({ page }) => {
  await at(page, 'p=L5M');
  const mlp = page.getByRole('region', { name: 'change MLP of block 5' });
  await mlp.getByRole('spinbutton', { name: 'from' }).fill('10');
  await mlp.getByRole('spinbutton', { name: 'to' }).fill('19');
  await mlp.getByRole('spinbutton', { name: 'to' }).press('Tab');
  await mlp.getByRole('button', { name: 'Off' }).click();
  await expect(chips(page)).toHaveText([/neurons 10 to 19 of block 5: off/]);
  await map(page)
    .getByRole('gridcell', { name: /^Head 4 of block 23:/ })
    .click();
  await page.getByRole('checkbox', { name: /^·France/ }).uncheck();
  await expect(chips(page).last()).toContainText('“·is” does not see “·France”');
  await expect(kl(page)).not.toHaveText('0');
});

test('keys go over the map, choose, change and take back', async ({ page }) => {
  await at(page);
  await page.keyboard.press('Space');
  await expect(chips(page)).toHaveCount(1);
  await expect(page.getByTestId('step')).toContainText('Changed: ');
  await page.keyboard.press('Space');
  await expect(chips(page)).toHaveCount(2);
  await page.keyboard.press('Backspace');
  await expect(chips(page)).toHaveCount(1);
  await page.locator('[data-cell="0.0"]').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByTestId('pointed')).toContainText('Vector of “·capital” before block 1');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('region', { name: 'change vector of “·capital” before block 1' });
  await expect(panel).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(panel).toHaveCount(0);
});

test('a hundred cells show what the model has', async ({ page, request }) => {
  await at(page);
  const ids = await idsOf(request, PROMPT);
  const parts = await ask<Parts>(request, 'parts', { ids });
  const pick = picks(7);
  await expect(map(page)).toBeVisible();
  const scale = await page
    .getByRole('img', { name: /^colours from minus/ })
    .evaluateAll((all) =>
      all.map((canvas) => Number(/to (\S+)$/.exec(canvas.getAttribute('aria-label') ?? '')?.[1])),
    );
  for (let i = 0; i < 100; i++) {
    const row = pick(ids.length + 9 + 1);
    const layer = pick(30);
    const cell = page.locator(`[data-cell="${row}.${layer}"]`).first();
    const kind = row < ids.length ? 'stream' : row < ids.length + 9 ? 'head' : 'mlp';
    const value =
      kind === 'stream'
        ? (parts.stream.logits[layer]?.[row] ?? NaN)
        : (parts.parts.find(
            (part) =>
              part.kind === kind &&
              part.layer === layer &&
              (kind === 'mlp' || part.head === row - ids.length),
          )?.value ?? NaN);
    const text = significant(value);
    await expect(cell).toHaveAttribute(
      'aria-label',
      kind === 'stream'
        ? new RegExp(`before block ${layer}: would give .* the logit ${text}$`)
        : new RegExp(`of block ${layer}: added ${text} to the logit`),
    );
    const end = scale[['stream', 'head', 'mlp'].indexOf(kind)] ?? NaN;
    await expect(cell).toHaveCSS('background-color', css(kind, 'light', value, end));
  }
});

test('two prompts are compared: by gradient, a cell is what its click changes', async ({
  page,
  request,
}) => {
  await at(page);
  const matters = page.getByRole('region', { name: 'what matters here?' });
  const second = matters.getByRole('textbox', { name: 'Second prompt' });
  await second.fill('Rome');
  await expect(matters.getByTestId('equal')).toContainText(
    'Your sentence is 5 tokens and the second prompt 1',
  );
  await expect(matters.getByRole('button', { name: 'Find out' })).toBeDisabled();
  await second.fill(PROMPT);
  await expect(matters.getByTestId('equal')).toContainText('The two are the same');
  await second.fill('');
  await matters.getByRole('button', { name: SECOND }).click();
  await expect(second).toHaveValue(SECOND);
  await expect(matters.getByTestId('equal')).toContainText('Both are 5 tokens');
  await matters.getByRole('checkbox', { name: /by gradient/ }).check();
  await matters.getByRole('combobox', { name: 'what is taken' }).selectOption('heads');
  await matters.getByRole('button', { name: 'Find out' }).click();
  await expect(matters.getByTestId('swept')).toContainText('By gradient', { timeout: 60_000 });
  const ids = await idsOf(request, PROMPT);
  const from_ids = await idsOf(request, SECOND);
  const swept = await ask<Swept>(request, 'sweep', {
    ids,
    from_ids,
    over: 'heads',
    by: 'gradient',
  });
  const restored = swept.restored[23]?.[4] ?? NaN;
  const cell = matters.getByRole('gridcell', { name: /^head 4, of block 23:/ });
  await cell.hover();
  await expect(matters.getByTestId('swept-cell')).toContainText(significant(restored * 100, 3));
  await cell.click();
  await expect(chips(page)).toHaveText([/head 4 of block 23: from the second prompt/]);
  await expect(kl(page)).not.toHaveText('0');
  // the second prompt goes: what needs it says so, and is not applied
  await second.fill('Rome');
  await expect(chips(page)).toContainText([/not applied: it needs a second prompt/]);
  await expect(kl(page)).toHaveText('0');
});

test('a sweep by runs tells how far it is, and stops', async ({ page }) => {
  await at(page, new URLSearchParams({ o: SECOND, w: 'heads' }).toString());
  const matters = page.getByRole('region', { name: 'what matters here?' });
  await matters.getByRole('button', { name: 'Find out' }).click();
  await expect(matters.getByRole('status')).toContainText([/run \d+ of 270/]);
  const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/sweep'));
  await matters.getByRole('button', { name: 'Stop' }).click();
  await ended;
  await expect(matters.getByRole('button', { name: 'Find out' })).toBeEnabled();
  await expect(matters.getByTestId('swept')).toHaveCount(0);
});

test('typing another sentence ends a sweep, which typing would wait for', async ({ page }) => {
  await at(page, new URLSearchParams({ o: SECOND, w: 'heads' }).toString());
  const matters = page.getByRole('region', { name: 'what matters here?' });
  await matters.getByRole('button', { name: 'Find out' }).click();
  await expect(matters.getByRole('status')).toContainText([/run \d+ of 270/]);
  const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/sweep'));
  await page.locator('#prompt').fill('Two and two');
  await ended;
  await expect(matters.getByTestId('equal')).toContainText('Your sentence is 3 tokens');
});

test('Space before the map is there is not lost', async ({ page }) => {
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  await page.route('**/api/parts', async (route) => {
    await held;
    await route.continue();
  });
  await at(page);
  await page.keyboard.press('Space');
  await expect(page.getByTestId('no-changes')).toBeVisible();
  go();
  await expect(chips(page)).toHaveCount(1);
});

test('pictures and numbers are saved', async ({ page }) => {
  await at(page);
  for (const [name, file] of [
    ['SVG', 'change.svg'],
    ['PNG', 'change.png'],
    ['JSON', 'change.json'],
  ] as const) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    expect((await saved).suggestedFilename()).toBe(file);
  }
});

test('a change that this model does not have is said, and can be taken out', async ({ page }) => {
  await open(page, { view: 'change', selection: 'c=zero|L29H9' });
  await expect(page.getByRole('alert')).toContainText('found 9, expected 0 to 8');
  await page.getByRole('button', { name: /^take out/ }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(kl(page)).toHaveText('0');
});
