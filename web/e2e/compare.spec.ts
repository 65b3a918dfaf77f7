import { expect, test, type Page } from '@playwright/test';
import { row, tensor } from '../src/lib/binary';
import { norm } from '../src/lib/strip';
import { ask, askTensors, complaints, idsOf, open, PROMPT } from './explorer';

const SECOND = 'second.Q8_0.gguf';
const view = 'compare';
const number = (text: string | null) => Number((text ?? '').replaceAll('\u2212', '-'));

async function ready(page: Page): Promise<void> {
  await expect(page.getByTestId('kl')).toBeVisible();
  await expect(page.getByTestId('scores')).toBeVisible();
}

test('two quantisations are compared by what the engine computes', async ({ page, request }) => {
  const wrong = complaints(page);
  await open(page, { view });
  await ready(page);
  await expect(page.getByTestId('kl')).toHaveAttribute('data-ab', '0');
  await page.getByLabel('model of side B').selectOption(SECOND);
  await expect(page.getByTestId('kl')).not.toHaveAttribute('data-ab', '0');

  // the divergence again, from the logits of both
  const ids = await idsOf(request, PROMPT);
  const [p, q] = await Promise.all(
    [{}, { model: SECOND }].map(async (model) => {
      const answer = await askTensors(request, 'logits', { ...model, ids });
      const logits = row(tensor(answer, 'logits'), 0);
      const most = logits.reduce((a, b) => Math.max(a, b));
      const weights = Float64Array.from(logits, (logit) => Math.exp(logit - most));
      const sum = weights.reduce((a, b) => a + b);
      return weights.map((weight) => weight / sum);
    }),
  );
  const kl = (from: Float64Array, to: Float64Array) =>
    from.reduce((sum, x, i) => sum + (x > 0 ? x * Math.log2(x / (to[i] ?? 0)) : 0), 0);
  const said = page.getByTestId('kl');
  expect(Number(await said.getAttribute('data-ab'))).toBeCloseTo(kl(p!, q!), 9);
  expect(Number(await said.getAttribute('data-ba'))).toBeCloseTo(kl(q!, p!), 9);
  const rows = page.locator('section.next tbody tr[data-a]');
  expect(await rows.count()).toBeGreaterThanOrEqual(10);
  for (const id of [0, 1, 2]) {
    const cells = rows.nth(id);
    const token = Number(await cells.getAttribute('data-a'));
    const [a, b] = await cells
      .locator('td[data-probability]')
      .evaluateAll((all) => all.map((one) => Number(one.getAttribute('data-probability'))));
    expect(a).toBeCloseTo(p![token] ?? 0, 9);
    expect(b).toBeCloseTo(q![token] ?? 0, 9);
  }
  expect(wrong).toEqual([]);
});

test('where two quantisations part is the difference of their vectors', async ({
  page,
  request,
}) => {
  await open(page, { view, selection: `b=${SECOND}&s=12&t=3` });
  await ready(page);
  await expect(page.getByTestId('stage')).toContainText('After block 11.');
  const ids = await idsOf(request, PROMPT);
  const hook = 'blocks.11.hook_resid_post';
  const [a, b] = await Promise.all(
    [{}, { model: SECOND }].map(async (model) => {
      const answer = await askTensors(request, 'capture', { ...model, ids, hooks: [hook] });
      return row(tensor(answer, hook), 3);
    }),
  );
  const relative = norm(b!.map((value, i) => value - (a![i] ?? 0))) / norm(a!);
  const shown = Number(await page.getByTestId('relative').getAttribute('data-value'));
  expect(shown).toBeGreaterThan(0);
  expect(shown).toBeCloseTo(relative, 6);
  // three strips, and what is the same at the start is the same at the end of the list of numbers
  await expect(page.locator(`canvas[data-hook="${hook}"]`)).toHaveCount(2);
  await expect(page.locator(`canvas[data-hook="B − A of ${hook}"]`)).toHaveCount(1);
  await page.getByText('the same as numbers').click();
  await expect(page.locator('details tbody tr')).toHaveCount(31);

  // a number of side B comes from side B
  await page
    .locator(`canvas[data-hook="${hook}"]`)
    .nth(1)
    .click({ position: { x: 20, y: 8 } });
  const derived = page.getByRole('region', { name: 'where the number comes from' });
  await expect(derived.getByTestId('derived')).toHaveText(/\d/);
  const place = number(await derived.getByRole('spinbutton').last().inputValue());
  const value = number(await derived.getByTestId('derived').textContent());
  expect(value).toBeCloseTo(b![place] ?? Number.NaN, 2);
  expect(Math.abs(value - (a![place] ?? 0))).toBeGreaterThan(0);
});

test('another sentence is put beside the first, token by token', async ({ page }) => {
  await open(page, { view });
  await ready(page);
  await page.getByRole('button', { name: /^Try “The capital of Italy is”/ }).click();
  await expect(page.locator('tr[data-same="false"]')).toHaveCount(1);
  await expect(page.locator('tr[data-same="false"]')).toContainText('·France');
  await expect(page.locator('tr[data-same="false"]')).toContainText('·Italy');
  await expect(page.locator('tr[data-same="true"]')).toHaveCount(4);
  await expect(page.locator('section.next tbody')).toContainText('·Rome');
  await expect(page.getByTestId('framed')).not.toHaveText('0');
  // what stands before the difference is the same to the bit
  await page.getByRole('button', { name: '·of', exact: true }).first().click();
  await expect(page.getByTestId('kl')).toHaveAttribute('data-ab', '0');
  await expect(page).toHaveURL(/t%3D2/);
  // nothing but what is said in plain sight comes of an empty or a long sentence
  await page.getByLabel('sentence of side B').fill('word '.repeat(1100));
  await expect(page.getByRole('alert')).toContainText('reads at most 1024 tokens');
  await page.getByLabel('sentence of side B').fill('');
  await expect(page.getByTestId('busy')).toContainText('Both sides are the same');
});

test('surprise is that of the engine, and bytes compare other tokens', async ({
  page,
  request,
}) => {
  await open(page, { view, selection: 'b=run' });
  await ready(page);
  await expect(page.getByTestId('kl')).toContainText('There is no KL divergence');
  await expect(page.getByTestId('no-curve')).toContainText('576 numbers on A and 32 on B');
  await expect(page.getByTestId('no-lens')).toContainText('30 blocks and B has 2');
  const cells = page.getByTestId('scores').getByRole('row');
  const perByte = await cells.filter({ hasText: 'bits a byte' }).locator('td').allTextContents();
  const ids = await idsOf(request, PROMPT);
  const { bits } = await ask<{ bits: (number | null)[] }>(request, 'score', { ids });
  const sum = bits.reduce<number>((total, each) => total + (each ?? 0), 0);
  const scored = new TextEncoder().encode(PROMPT.slice('The'.length)).length;
  expect(number(perByte[0] ?? '')).toBeCloseTo(sum / scored, 2);
  expect(number(perByte[1] ?? '')).toBeGreaterThan(number(perByte[0] ?? ''));
});

test('the loss curve is the slider of a run', async ({ page }) => {
  await open(page, { view, selection: 'b=run' });
  const slider = page.getByRole('slider', { name: /checkpoint of side B/ });
  await expect(slider).toHaveAttribute('aria-valuetext', 'the model as it stands in the folder');
  await expect(slider.locator('circle')).toHaveCount(3);
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(page.getByTestId('loss-B')).toContainText('step 20,');
  await expect(page.getByLabel('model of side B')).toHaveValue('run, step 20');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByTestId('loss-B')).toContainText('step 40,');
  // a drag stops at checkpoints only
  const box = (await slider.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(box.x + box.width * 0.3, box.y + 60);
  await page.mouse.down();
  await expect(page.getByLabel('model of side B')).toHaveValue('run, step 20');
  await page.mouse.move(box.x + box.width - 20, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByLabel('model of side B')).toHaveValue('run, step 60');
  await expect(page).toHaveURL(/step\+60|step%2B60/);
  // the last checkpoint is what the run wrote, so the distribution is that of its model
  const b = page.locator('section.next tbody tr td:nth-child(3)');
  await expect(page.locator('.stale')).toHaveCount(0);
  const last = await b.allTextContents();
  await page.getByLabel('model of side B').selectOption('run');
  await expect(slider).toHaveAttribute('aria-valuetext', /as it stands/);
  await expect(page.locator('.stale')).toHaveCount(0);
  expect(await b.allTextContents()).toEqual(last);
  await page.getByLabel('model of side B').selectOption('run, step 20');
  await expect.poll(() => b.allTextContents()).not.toEqual(last);
});

test('keys go through the stages, and the link shows the same', async ({ page, context }) => {
  await open(page, { view, selection: 'q=The+capital+of+Italy+is' });
  await ready(page);
  await page.locator('h2').first().click();
  await page.keyboard.press('Space');
  await expect(page.getByTestId('stage')).toContainText('After block 0.');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowUp');
  await expect(page.getByTestId('stage')).toContainText('After block 1.');
  await expect(page.locator('section.next')).toContainText('“·France” on A and behind “·Italy”');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('stage')).toContainText('Before the first block.');
  await page.keyboard.press('Space');
  await expect(page).toHaveURL(/s%3D1/);
  const again = await context.newPage();
  await again.goto(page.url());
  await expect(again.getByTestId('stage')).toContainText('After block 0.');
  await expect(again.locator('section.next')).toContainText('“·France” on A and behind “·Italy”');
  // and it is there again when another view was open
  await again.getByRole('button', { name: /^Flow/ }).click();
  await expect(again.getByTestId('caption')).toBeVisible();
  await again.getByRole('button', { name: /^Compare/ }).click();
  await expect(again.getByLabel('sentence of side B')).toHaveValue('The capital of Italy is');
});

test('pictures, vectors and numbers are saved', async ({ page }) => {
  await open(page, { view, selection: `b=${SECOND}&s=3` });
  await ready(page);
  for (const [name, file] of [
    ['SVG', 'compare.svg'],
    ['PNG', 'compare.png'],
    ['.npz', 'compare.npz'],
    ['JSON', 'compare.json'],
  ] as const) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    expect((await saved).suggestedFilename()).toBe(file);
  }
});

test('what cannot be loaded is said at side B', async ({ page }) => {
  await open(page, { view });
  await ready(page);
  await page.route('**/api/pair', (route) =>
    route.fulfill({ status: 422, json: { error: 'second.Q8_0.gguf: is cut off' } }),
  );
  await page.getByLabel('model of side B').selectOption(SECOND);
  const side = page.getByRole('region', { name: 'side B' });
  await expect(side.getByRole('alert')).toHaveText('second.Q8_0.gguf: is cut off');
  await page.unroute('**/api/pair');
  await page.getByLabel('sentence of side B').fill('Two and two');
  await expect(side.getByRole('alert')).toHaveCount(0);
  await ready(page);
});

test('work that takes long can be stopped, and gone on with', async ({ page }) => {
  await open(page, { view, prompt: 'one two three four five '.repeat(60).trim() });
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByTestId('busy')).toContainText('It was stopped');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByTestId('framed')).toHaveText('0', { timeout: 60_000 });
  await expect(page.getByTestId('busy')).toContainText('Both sides are the same');
});
