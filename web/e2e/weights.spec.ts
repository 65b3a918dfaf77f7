import { expect, test } from '@playwright/test';
import { at, tensor } from '../src/lib/binary';
import { count, significant } from '../src/lib/number';
import { ask, askTensors, complaints, open, picks } from './explorer';

interface Weights {
  readonly total: number;
  readonly bytes: number;
  readonly tensors: readonly { readonly name: string; readonly rows: number }[];
}

const matrixOf = (name: string) => `matrix ${name}`;

test('a person counts the parameters and looks into a matrix', async ({ page }) => {
  const wrong = complaints(page);
  await open(page, { view: 'weights' });
  await expect(page.getByTestId('total')).toHaveText('134,515,008');
  await expect(page.locator('[data-kind="query"]')).toHaveText('9,953,280');
  await expect(page.locator('[data-tensor]')).toHaveCount(272);
  await page.locator('[data-tensor="blk.5.attn_q.weight"]').click();
  const matrix = page.getByRole('region', { name: matrixOf('blk.5.attn_q.weight') });
  await expect(matrix).toBeInViewport();
  await expect(matrix.getByTestId('shape')).toContainText(
    '576 rows × 576 columns, 331,776 numbers',
  );
  await expect(matrix.getByTestId('norm')).toHaveText('122.0');
  await expect(matrix.getByTestId('rank')).toHaveText(/^\d+\.\d$/);
  await expect(matrix.getByText('Q4_1, 207,360 bytes')).toBeVisible();
  await expect(page).toHaveURL(/at=blk\.5\.attn_q\.weight/);
  expect(wrong).toEqual([]);
});

test('areas are in proportion to the numbers, and to the bytes', async ({ page, request }) => {
  const weights = await ask<Weights>(request, 'weights', {});
  await open(page, { view: 'weights' });
  const areas = () =>
    page
      .locator('[data-tensor] .edge')
      .evaluateAll((all) =>
        all.map((rect) => Number(rect.getAttribute('width')) * Number(rect.getAttribute('height'))),
      );
  for (const [field, total] of [
    ['parameters', weights.total],
    ['bytes', weights.bytes],
  ] as const) {
    if (field === 'bytes') {
      await page.getByRole('button', { name: 'bytes in the file' }).click();
      await expect(page.getByTestId('total')).toHaveText(count(weights.bytes));
    }
    const names = await page
      .locator('[data-tensor]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-tensor')));
    const found = await areas();
    const all = found.reduce((sum, one) => sum + one, 0);
    names.forEach((name, i) => {
      const one = weights.tensors.find((tensor) => tensor.name === name) as unknown as Record<
        string,
        number
      >;
      const wanted = (one[field] as number) / total;
      expect(Math.abs((found[i] as number) / all / wanted - 1)).toBeLessThan(1e-6);
    });
  }
});

test('GPT-3 has the numbers that are told, and is said to be a shape', async ({ page }) => {
  await open(page, { view: 'weights' });
  await page.getByLabel('whose parameters').selectOption('gpt3');
  await expect(page.getByTestId('caption')).toContainText('gpt3, shapes only');
  await expect(page.getByTestId('as-told')).toHaveText('175,181,291,520');
  for (const [kind, n] of [
    ['embedding', '617,558,016'],
    ['query', '14,495,514,624'],
    ['key', '14,495,514,624'],
    ['value', '14,495,514,624'],
    ['output', '14,495,514,624'],
    ['up', '57,982,058,496'],
    ['down', '57,982,058,496'],
    ['unembedding', '617,558,016'],
  ] as const) {
    await expect(page.locator(`[data-told="${kind}"]`)).toHaveText(n);
  }
  await expect(page.getByText('27,938').last()).toBeVisible();
  await expect(page.getByTestId('total')).toHaveText('174,604,259,328');
  await expect(page.getByRole('button', { name: 'bytes in the file' })).toBeDisabled();
  await page.locator('[data-tensor="blk.3.ffn_up.weight"]').click();
  await expect(page.getByTestId('shape')).toContainText('49,152 rows × 12,288 columns');
  await expect(page.getByRole('region', { name: 'picture of the matrix' })).toHaveCount(0);
});

test('the numbers under the cursor are the model’s', async ({ page, request }) => {
  const name = 'blk.5.attn_q.weight';
  const { arrays, header } = await askTensors(request, 'cells', { name });
  const all = tensor({ arrays, header }, 'cells');
  await open(page, { view: 'weights', selection: `${name}*r64-128*c100-160` });
  const value = page.getByTestId('value');
  await expect(value).toContainText(`[64, 100] = ${significant(at(all, 64, 100), 6)}`);
  await page.getByRole('group', { name: `cells of ${name}` }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(value).toContainText(`[74, 101] = ${significant(at(all, 74, 101), 6)}`);
  await expect(value).toContainText('query of head 1, number 10');
  // over the edge the window moves on
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(value).toContainText(`[74, 91] = ${significant(at(all, 74, 91), 6)}`);
  await expect(page).toHaveURL(/c62-122/);
  // what leaves nothing is not taken
  const end = page.getByLabel('end of the rows of the window');
  await end.fill('3');
  await end.press('Enter');
  await expect(end).toHaveValue('128');
  await end.fill('90');
  await end.press('Enter');
  await expect(page).toHaveURL(/r64-90/);
  await page.getByRole('group', { name: `cells of ${name}` }).focus();
  await page.keyboard.press('0');
  await expect(page).not.toHaveURL(/r64-90/);
  await expect(page.getByText('Each cell stands for 2 × 2 numbers')).toBeVisible();
  await page.keyboard.press('+');
  await expect(page.getByText('Each cell is one number')).toBeVisible();
});

test('a hundred cells under the pointer show what the model has', async ({ page, request }) => {
  const name = 'blk.5.attn_q.weight';
  const { arrays, header } = await askTensors(request, 'cells', { name });
  const all = tensor({ arrays, header }, 'cells');
  await open(page, { view: 'weights', selection: `${name}*r64-128*c100-164` });
  const value = page.getByTestId('value');
  await expect(value).toContainText('=');
  const canvas = page.locator('.field canvas');
  const pick = picks(11);
  for (let i = 0; i < 100; i++) {
    const [x, y] = [pick(64), pick(64)];
    await canvas.evaluate(
      (element, [x, y]) => {
        const { left, top, width, height } = element.getBoundingClientRect();
        const clientX = left + ((x + 0.5) * width) / 64;
        const clientY = top + ((y + 0.5) * height) / 64;
        element.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY, bubbles: true }));
      },
      [x, y] as const,
    );
    const number = significant(at(all, 64 + y, 100 + x), 6);
    await expect(value).toContainText(`[${64 + y}, ${100 + x}] = ${number}`);
  }
});

test('dragging goes into a part of the picture', async ({ page }) => {
  await open(page, { view: 'weights', selection: 'blk.5.attn_q.weight' });
  const canvas = page.locator('.field canvas');
  await expect(page.getByTestId('value')).toContainText('=');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (!box) {
    throw new Error('no picture');
  }
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.7, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/\*r28\d-40\d\*c28\d-34\d/);
});

test('space goes to the next matrix, arrows to the same of the next block', async ({ page }) => {
  await open(page, { view: 'weights' });
  const tensorName = page.getByRole('combobox', { name: 'tensor', exact: true });
  await page.locator('main').focus();
  await page.keyboard.press('Space');
  await expect(tensorName).toHaveValue('token_embd.weight');
  await page.keyboard.press('Space');
  await expect(tensorName).toHaveValue('blk.0.attn_q.weight');
  await page.getByRole('listbox').focus();
  await page.keyboard.press('ArrowDown');
  await expect(tensorName).toHaveValue('blk.1.attn_q.weight');
  await page.keyboard.press('ArrowRight');
  await expect(tensorName).toHaveValue('blk.1.attn_k.weight');
  await expect(page.locator('[data-tensor][aria-selected="true"]')).toHaveAttribute(
    'data-tensor',
    'blk.1.attn_k.weight',
  );
});

test('singular values that take long are asked for, and can be stopped', async ({ page }) => {
  await open(page, { view: 'weights', selection: 'token_embd.weight' });
  const section = page.getByRole('region', { name: 'singular values' });
  await section.getByRole('button', { name: 'Compute them' }).click();
  await section.getByRole('button', { name: 'stop' }).click();
  await expect(section.getByRole('button', { name: 'Compute them' })).toBeVisible();
  await section.getByRole('button', { name: 'Compute them' }).click();
  await expect(section.getByTestId('rank')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('tied weights')).toBeVisible();
});

test('pictures and numbers are saved', async ({ page }) => {
  await open(page, { view: 'weights', selection: 'blk.5.attn_q.weight' });
  await expect(page.getByTestId('rank')).toBeVisible();
  const model = 'SmolLM2-135M-Instruct.Q4_1.gguf';
  for (const [name, file] of [
    ['SVG', `${model}-weights.svg`],
    ['.npz', 'blk.5.attn_q.weight.npz'],
  ] as const) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    expect((await saved).suggestedFilename()).toBe(file);
  }
  const matrix = page.getByRole('region', { name: matrixOf('blk.5.attn_q.weight') });
  const saved = page.waitForEvent('download');
  await matrix.getByRole('button', { name: 'PNG', exact: true }).click();
  expect((await saved).suggestedFilename()).toBe('blk.5.attn_q.weight.png');
});

test('a link to what is not here shows the rest', async ({ page }) => {
  const wrong = complaints(page);
  await open(page, { view: 'weights', selection: 'blk.99.attn_q.weight*r5-1*gpt7*nonsense' });
  await expect(page.getByTestId('total')).toHaveText('134,515,008');
  await open(page, { view: 'weights', selection: 'blk.5.attn_q.weight*r0-99999*c0-5' });
  await expect(page.getByTestId('value')).toContainText('=');
  await expect(page.getByRole('alert')).toHaveCount(0);
  expect(wrong).toEqual([]);
});
