import { expect, test } from '@playwright/test';
import { row, tensor } from '../src/lib/binary';
import { distribution, interval, rank } from '../src/lib/sampling';
import { ask, askTensors, complaints, idsOf, open, PROMPT } from './explorer';

const chips = 'ol[aria-label="tokens of the text"] .chip';

test('a token is thrown for, appended, gone on from and branched from', async ({ page }) => {
  const wrong = complaints(page);
  await open(page);
  await expect(page.locator(chips)).toHaveCount(5);
  await expect(page.locator(chips).nth(1)).toContainText('capital');

  await page.getByRole('button', { name: 'Next: draw a token' }).click();
  await expect(page.getByTestId('dart')).toBeVisible();
  await expect(page.getByTestId('throw')).toContainText('Throw 1 of seed 42 is');
  const drawn = await page.locator('tr.drawn').getAttribute('data-id');
  await page.getByRole('button', { name: /^Append/ }).click();
  await expect(page.locator(chips)).toHaveCount(6);
  await expect(page.locator(chips).last()).toContainText(drawn ?? '?');

  // back to the prompt, and on with another token
  const texts = page.getByRole('region', { name: 'tree of texts' });
  await texts.getByRole('button', { name: PROMPT, exact: true }).click();
  await expect(page.locator(chips)).toHaveCount(5);
  const other = page.locator(`main tbody tr[data-id]:not([data-id="${drawn}"])`).first();
  const otherId = await other.getAttribute('data-id');
  await other.getByRole('button').click();
  await expect(page.locator(chips).last()).toContainText(otherId ?? '?');
  await expect(texts.getByRole('listitem')).toHaveCount(2);
  for (const path of await texts.getByTestId('path').allTextContents()) {
    expect(Number(path.replace('−', '-'))).toBeGreaterThan(0);
  }
  expect(wrong).toEqual([]);
});

test('the link shows the same again', async ({ page, context }) => {
  await open(page);
  await page.locator('main tbody tr[data-id] button').nth(1).click();
  await expect(page.locator(chips)).toHaveCount(6);
  await page.locator('#temperature').fill('0.5');
  await expect(page).toHaveURL(/t=0\.5/);
  const again = await context.newPage();
  await again.goto(page.url());
  await expect(again.locator(chips)).toHaveCount(6);
  await expect(again.locator('output[for=temperature]')).toHaveText('0.50');
  await expect(again.getByTestId('path')).toHaveText(/\d/);
});

test('Space goes one step on, p plays and stops, Backspace goes back', async ({ page }) => {
  await open(page);
  await page.locator('h2, main').first().click();
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: /^Append/ })).toBeVisible();
  await page.keyboard.press('Space');
  await expect(page.locator(chips)).toHaveCount(6);
  await page.keyboard.press('p');
  await expect(page.locator(chips)).toHaveCount(8);
  await page.keyboard.press('p');
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  const reached = await page.locator(chips).count();
  await page.keyboard.press('Backspace');
  await expect(page.locator(chips)).toHaveCount(reached - 1);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('play, and stop');
});

test('temperature 0 says that it is argmax, and throws nothing', async ({ page }) => {
  await open(page);
  await page.locator('#temperature').fill('0');
  await expect(page.getByText('argmax: the likeliest token, always')).toBeVisible();
  await expect(page.getByTestId('kept')).toContainText('1 of ');
  await page.getByRole('button', { name: 'Next: draw a token' }).click();
  await expect(page.getByTestId('throw')).toContainText('Nothing was thrown');
});

test('a slider changes the bars and leaves the ranks', async ({ page }) => {
  await open(page);
  const ids = () =>
    page
      .locator('main tbody tr[data-id]')
      .evaluateAll((rows) => rows.map((r) => r.getAttribute('data-id')));
  const chance = () =>
    page.locator('main td[data-probability]').first().getAttribute('data-probability').then(Number);
  const [before, mild] = [await ids(), await chance()];
  await page.locator('#temperature').fill('0.3');
  await expect(page.locator('output[for=temperature]')).toHaveText('0.30');
  expect(await ids()).toEqual(before);
  expect(await chance()).toBeGreaterThan(mild);
  await page.locator('#top-k').fill('0');
  await expect(page.getByTestId('kept')).toContainText('1 of ');
  await expect(page.getByText('cut by top-k').first()).toBeVisible();
});

test('the distribution of the pages is the one the engine draws from', async ({ request }) => {
  const ids = await idsOf(request, PROMPT);
  const answer = await askTensors(request, 'logits', { ids, positions: [ids.length - 1] });
  const ranked = rank(row(tensor(answer, 'logits'), 0));
  interface Drawn {
    id: number;
    u: number;
    from: number;
    to: number;
    kept: number;
    probability: number;
    candidates: { id: number; logit: number; probability: number; kept: boolean }[];
  }
  let step = 0;
  for (const temperature of [0, 0.3, 1, 1.7]) {
    for (const [topK, topP, minP] of [
      [0, 1, 0],
      [40, 1, 0],
      [0, 0.9, 0],
      [0, 1, 0.05],
      [50, 0.95, 0.02],
    ] as const) {
      const mine = distribution(ranked, { temperature, topK, topP, minP });
      const total = mine.probability.reduce((a, b) => a + b, 0);
      expect(Math.abs(total - 1)).toBeLessThan(1e-6);
      const theirs = await ask<Drawn>(request, 'draw', {
        ids,
        sampling: { temperature, top_k: topK, top_p: topP, min_p: minP },
        seed: 42,
        step: step++,
      });
      expect(mine.kept, JSON.stringify({ temperature, topK, topP, minP })).toBe(theirs.kept);
      theirs.candidates.forEach(({ id, probability }, r) => {
        if (probability > 0) {
          const own = mine.probability[mine.order.indexOf(id)] as number;
          expect(Math.abs(own - probability)).toBeLessThan(1e-9);
          expect(mine.order[r]).toBe(id);
        }
      });
      const [from, to] = interval(mine, mine.order.indexOf(theirs.id));
      expect(Math.abs(from - theirs.from)).toBeLessThan(1e-6);
      expect(Math.abs(to - theirs.to)).toBeLessThan(1e-6);
      if (temperature > 0) {
        expect(theirs.u).toBeGreaterThanOrEqual(theirs.from - 1e-9);
        expect(theirs.u).toBeLessThan(theirs.to + 1e-9);
      }
    }
  }
});
