import { expect, test } from '@playwright/test';
import { at, tensor } from '../src/lib/binary';
import { significant } from '../src/lib/number';
import { askTensors, complaints, idsOf, open, picks, PROMPT } from './explorer';

test('a token is followed from its vector to the next token', async ({ page }) => {
  const wrong = complaints(page);
  await open(page, { view: 'flow' });
  await expect(page.getByTestId('caption')).toContainText('Embedding.');
  await expect(page.locator('tr[data-row]')).toHaveCount(5);
  await page.getByRole('button', { name: 'open block 5', exact: true }).click();
  await expect(page.getByRole('group', { name: 'heads of block 5' })).toBeVisible();
  await expect(page.locator('canvas[data-hook="blocks.5.hook_attn_out"]')).toHaveCount(5);
  await page.getByRole('button', { name: /^head 3 looks most at/ }).click();
  const head = page.getByRole('region', { name: 'head 3 of block 5' });
  await expect(head.locator('canvas[data-hook="blocks.5.attn.hook_v"]')).toHaveCount(5);
  await expect(head.getByTestId('writes')).toContainText('pushes up');
  await head.getByRole('button', { name: 'arcs' }).click();
  await expect(head.getByRole('img', { name: /what token 4 takes/ })).toBeVisible();
  await page.getByRole('button', { name: 'inside the MLP' }).click();
  const mlp = page.getByRole('region', { name: 'MLP of block 5' });
  await expect(mlp.getByRole('cell').first()).toBeVisible();
  expect(wrong).toEqual([]);
});

test('a click on a number says where it comes from', async ({ page }) => {
  await open(page, { view: 'flow', selection: 's6.b5.m.t4' });
  await page.locator('canvas[data-hook="blocks.5.hook_attn_out"][data-index="4"]').click();
  const derived = page.getByRole('region', { name: 'where the number comes from' });
  await expect(derived.getByTestId('derived')).toHaveText(/\d/);
  const said = await derived.locator('.sum b').allTextContents();
  const [result = NaN, captured = NaN] = said.map((text) => Number(text.replaceAll('−', '-')));
  expect(Math.abs(result - captured)).toBeLessThan(1e-4);
  await derived.getByRole('spinbutton').last().fill('7');
  await derived.getByRole('spinbutton').last().press('Enter');
  await expect(derived.locator('.place')).toContainText('blocks.5.hook_attn_out');
  await page.locator('main').press('Escape');
  await expect(page.getByTestId('lit')).toHaveCount(0);
  // the stream before the MLP and what the MLP wrote light up where they stand, and nothing else
  await page.locator('canvas[data-hook="blocks.5.hook_resid_post"][data-index="4"]').click();
  for (const hook of ['blocks.5.hook_resid_mid', 'blocks.5.hook_mlp_out']) {
    const strip = page.locator('.strip', {
      has: page.locator(`canvas[data-hook="${hook}"][data-index="4"]`),
    });
    await expect(strip.getByTestId('lit').first()).toBeVisible();
  }
  // what the MLP wrote stands in its panel too
  await expect(page.getByTestId('lit')).toHaveCount(3);
});

test('keys go through stages and tokens, open and close', async ({ page }) => {
  await open(page, { view: 'flow' });
  await page.keyboard.press('Space');
  await expect(page.getByTestId('caption')).toContainText('Block 0.');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByTestId('caption')).toContainText('Block 1.');
  await page.keyboard.press('ArrowUp');
  await expect(page.locator('tr.chosen')).toHaveAttribute('data-row', '3');
  await page.keyboard.press('o');
  await expect(page.getByRole('group', { name: 'heads of block 1' })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'where the number comes from' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('region', { name: 'where the number comes from' })).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('group', { name: 'heads of block 1' })).toHaveCount(0);
  await expect(page).toHaveURL(/at=s2\.t3/);
  await page.keyboard.press('2');
  await expect(page.getByRole('region', { name: 'Generate' })).toBeVisible();
});

test('two hundred cells show what the model has', async ({ page, request }) => {
  await open(page, { view: 'flow', selection: 's6.b5.h3.t4' });
  const head = page.getByRole('region', { name: 'head 3 of block 5' });
  await expect(head.locator('canvas[data-hook="blocks.5.attn.hook_v"]').first()).toBeVisible();
  const ids = await idsOf(request, PROMPT);
  const strips = await page.locator('canvas[data-hook]').evaluateAll((all) =>
    all.map((canvas) => ({
      hook: (canvas as HTMLElement).dataset.hook ?? '',
      index: ((canvas as HTMLElement).dataset.index ?? '').split('.').map(Number),
      width: canvas.clientWidth,
    })),
  );
  const hooks = [...new Set(strips.map(({ hook }) => hook))];
  const answer = await askTensors(request, 'capture', { ids, hooks });
  const pick = picks(2026);
  const lens = page.getByTestId('magnifier');
  for (let i = 0; i < 200; i++) {
    const strip = strips[pick(strips.length)] as (typeof strips)[number];
    const canvas = page.locator(
      `canvas[data-hook="${strip.hook}"][data-index="${strip.index.join('.')}"]`,
    );
    const x = pick(strip.width);
    // the pointer's event, whatever lies over the strip at this size of the window
    await canvas.evaluate((element, x) => {
      const { left, top } = element.getBoundingClientRect();
      element.dispatchEvent(
        new MouseEvent('mousemove', { clientX: left + x, clientY: top + 5, bubbles: true }),
      );
    }, x + 0.5);
    await expect(lens).toContainText(strip.hook);
    const named = /\[([\d, ]+)\]/.exec((await lens.textContent()) ?? '')?.[1] ?? '';
    const index = named.split(', ').map(Number);
    expect(index.slice(0, -1)).toEqual(strip.index);
    const value = at(tensor(answer, strip.hook), ...index);
    await expect(lens.locator('.value')).toHaveText(significant(value));
    // and the colour of the dot is that of the scale: more ink for more, none for nothing
    const ink = await canvas.evaluate((element, x) => {
      const canvas = element as HTMLCanvasElement;
      const at = Math.floor(((x + 0.5) / canvas.clientWidth) * canvas.width);
      const [r = 0, g = 0, b = 0] = canvas.getContext('2d')?.getImageData(at, 0, 1, 1).data ?? [];
      return 255 * 3 - r - g - b;
    }, x);
    if (Math.abs(value) < 1e-9) {
      expect(ink).toBe(0);
    }
  }
});

test('pictures and tensors are saved', async ({ page }) => {
  await open(page, { view: 'flow' });
  for (const [name, file] of [
    ['SVG', 'flow.svg'],
    ['PNG', 'flow.png'],
    ['.npz', 'stream.npz'],
  ] as const) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    expect((await saved).suggestedFilename()).toBe(file);
  }
});

test('a long text is scrolled, not drawn whole', async ({ page }) => {
  const prompt = 'one two three four five six seven eight nine ten '.repeat(8).trim();
  await open(page, { view: 'flow', prompt });
  await expect(page.locator('tr[data-row="0"]')).toBeVisible();
  expect(await page.locator('tr[data-row]').count()).toBeLessThan(60);
  await page.getByRole('region', { name: 'tokens by stages' }).evaluate((region) => {
    region.scrollTop = region.scrollHeight;
  });
  await expect(page.locator('tr[data-row="79"]')).toBeVisible();
});
