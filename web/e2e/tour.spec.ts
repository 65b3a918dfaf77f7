import { expect, test, type Page } from '@playwright/test';
import { row, tensor } from '../src/lib/binary';
import { percent, visible } from '../src/lib/number';
import { distribution, NEUTRAL, rank } from '../src/lib/sampling';
import { ask, askTensors, complaints, idsOf, PROMPT } from './explorer';
import { FIRST, write } from '../src/lib/address';

const told = (page: Page) => page.getByTestId('told');
const chips = (page: Page) => page.locator('ol[aria-label="tokens of the text"] .chip');

/** Opens a step as a person does who comes from elsewhere: with the step's own scene. */
async function at(page: Page, place: string): Promise<void> {
  await page.goto('/#view=tour');
  await expect(told(page).getByRole('heading')).toBeVisible();
  const [chapter = 1, step = 1] = place.split('.').map(Number);
  await page.locator('.menu summary').click();
  await page
    .locator('.menu ol button')
    .nth(chapter - 1)
    .click();
  for (let i = 1; i < step; i++) {
    await page.keyboard.press('ArrowRight');
  }
  await expect(page).toHaveURL(new RegExp(`tour=${place.replace('.', '\\.')}`));
  await expect(told(page)).not.toContainText('Asking the model');
}

test('the tour is offered, not forced, and stays away once it was declined', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('region', { name: 'Generate' })).toBeVisible();
  const offer = page.getByRole('complementary', { name: 'an offer' });
  await offer.getByRole('button', { name: 'no, thanks' }).click();
  await expect(offer).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('region', { name: 'Generate' })).toBeVisible();
  await expect(offer).toHaveCount(0);
});

test('the offer leads into the tour, and does not come back', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await expect(told(page)).toContainText('GPT stands for three words');
  await page.getByRole('button', { name: /^Generate/ }).click();
  await expect(page.getByRole('button', { name: 'Take the tour' })).toHaveCount(0);
});

test('every step tells something, and keys go there and back', async ({ page }) => {
  const wrong = complaints(page);
  await page.goto('/#view=tour');
  const on = page.locator('.turn button.main');
  const titles: string[] = [];
  for (;;) {
    await expect(told(page)).not.toContainText('Asking the model');
    const words = (await told(page).innerText()).split(/\s+/).length;
    expect(words).toBeGreaterThan(25);
    await expect(page.locator('.live > *').first()).toBeVisible();
    titles.push(await told(page).getByRole('heading').innerText());
    if (await on.isDisabled()) {
      break;
    }
    await page.keyboard.press('Space');
    await expect(told(page).getByRole('heading')).not.toHaveText(titles.at(-1) ?? '');
  }
  expect(new Set(titles).size).toBe(titles.length);
  expect(titles.length).toBeGreaterThan(30);
  await page.keyboard.press('ArrowLeft');
  await expect(told(page).getByRole('heading')).toHaveText(titles.at(-2) ?? '');
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await expect(told(page).getByRole('heading')).toHaveText(titles.at(-3) ?? '');
  expect(wrong).toEqual([]);
});

test('numbers in the text are those of the model', async ({ page, request }) => {
  const ids = await idsOf(request, PROMPT);
  const answer = await askTensors(request, 'logits', { ids });
  const ranked = rank(row(tensor(answer, 'logits'), 0));
  const { tokens } = await ask<{ tokens: string[] }>(request, 'vocabulary', {});
  const now = distribution(ranked, NEUTRAL);
  const top = visible(tokens[ranked.order[0] ?? 0] ?? '');
  await at(page, '1.1');
  await expect(told(page)).toContainText(
    `first choice is ${top}, with a chance of ${percent(now.probability[0] ?? 0)}`,
  );
  await at(page, '6.3');
  const half = distribution(ranked, { ...NEUTRAL, temperature: 0.5 });
  await expect(told(page)).toContainText(
    `at 0.5, and ${top} has ${percent(half.probability[0] ?? 0)}`,
  );
  await expect(page.locator('output[for=temperature]')).toHaveText('0.50');

  // the head that is shown is the one whose pattern says so
  await at(page, '4.3');
  const [, head, block, average] =
    /Open is head (\d+) of block (\d+).*?on average ([\d.]+) %/s.exec(
      await told(page).innerText(),
    ) ?? [];
  const hook = `blocks.${block}.attn.hook_pattern`;
  const { data } = tensor(await askTensors(request, 'capture', { ids, hooks: [hook] }), hook);
  const n = ids.length;
  let sum = 0;
  for (let query = 2; query < n; query++) {
    sum += data[(Number(head) * n + query) * n + query - 1] ?? 0;
  }
  expect(Number(average)).toBeCloseTo((sum / (n - 2)) * 100, 1);
  await expect(page.getByRole('region', { name: `head ${head} of block ${block}` })).toBeVisible();
});

test('what a step shows is drawn as the engine draws it', async ({ page, request }) => {
  await at(page, '3.4');
  const before = await idsOf(request, PROMPT);
  await expect(chips(page)).toHaveCount(before.length + 12);
  const ids = [...before];
  for (let step = 0; step < 12; step++) {
    const { id } = await ask<{ id: number }>(request, 'draw', {
      ids,
      sampling: {},
      seed: 42,
      step,
    });
    ids.push(id);
    await expect(chips(page).nth(ids.length - 1)).toContainText(`${id}`);
  }
});

test('drawing three tokens is noticed', async ({ page }) => {
  await at(page, '3.5');
  await expect(page.getByRole('button', { name: 'Skip' })).toBeVisible();
  for (let i = 0; i < 3; i++) {
    await expect(page.getByTestId('praise')).toHaveCount(0);
    await page.getByRole('button', { name: 'Next: draw a token' }).click();
    await page.getByRole('button', { name: /^Append/ }).click();
  }
  await expect(page.getByTestId('praise')).toContainText('the whole loop, 3 times');
  await expect(page.getByRole('button', { name: 'Next chapter' })).toBeVisible();
});

test('a sentence of one’s own is noticed, and an empty one leaves the tour', async ({ page }) => {
  await at(page, '1.5');
  await page.locator('#prompt').fill('');
  await expect(page.locator('.live')).toContainText('Type a sentence above');
  await expect(page.getByTestId('praise')).toHaveCount(0);
  await page.locator('#prompt').fill('My cat is very');
  await expect(page.getByTestId('praise')).toContainText('reads 4 tokens');
  await page.keyboard.press('Escape');
  // the next step has its own sentence again
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('#prompt')).toHaveValue(PROMPT);
});

test('following a head is noticed only at the token that it takes most from', async ({ page }) => {
  await at(page, '4.7');
  await page.getByRole('button', { name: 'open block 23', exact: true }).click();
  const head = page.getByRole('button', { name: /^head 4 looks most at/ });
  const most = Number(/token (\d+)/.exec((await head.getAttribute('aria-label')) ?? '')?.[1]);
  await head.click();
  await expect(page.getByTestId('writes')).toBeVisible();
  const token = (t: number) => page.locator(`tr[data-row="${t}"] .row-token`);
  await token(most === 0 ? 1 : 0).click();
  await expect(page.getByTestId('praise')).toHaveCount(0);
  await token(most).click();
  await expect(page.getByTestId('praise')).toContainText('Head 4 of block 23 takes most from');
});

test('a sum of one’s own is noticed, a ready one is not', async ({ page }) => {
  await at(page, '5.4');
  await page.getByRole('button', { name: 'Japan - Germany + Berlin' }).click();
  await expect(page.getByTestId('read')).toContainText('Japan');
  await expect(page.getByTestId('praise')).toHaveCount(0);
  await page.getByLabel('A word, or a sum of words').fill('sister - brother + son');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('praise')).toContainText('sister');
});

test('temperature 0 is noticed with the token that it takes', async ({ page }) => {
  await at(page, '6.5');
  await page.locator('#temperature').fill('0');
  await page.getByRole('button', { name: 'Next: draw a token' }).click();
  await expect(page.getByTestId('praise')).toHaveCount(0);
  await page.getByRole('button', { name: /^Append/ }).click();
  await expect(page.getByTestId('praise')).toContainText('No dart was thrown');
});

test('a link with nothing but a place shows what the step speaks of', async ({ page }) => {
  await page.goto('/#view=tour&tour=4.4');
  await expect(told(page)).toContainText('What it took is added to the stream');
  await expect(page.getByRole('region', { name: /^head \d+ of block \d+/ })).toBeVisible();
});

test('a link shows what was seen, and the way back leads through the steps', async ({
  page,
  context,
}) => {
  await at(page, '3.1');
  await page.locator('#prompt').fill('Two and two');
  await expect(page).toHaveURL(/prompt=Two\+and\+two/);
  const again = await context.newPage();
  await again.goto(page.url());
  await expect(told(again)).toContainText('probability distribution');
  await expect(again.locator('#prompt')).toHaveValue('Two and two');
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowRight');
  await expect(page).toHaveURL(/tour=3\.2/);
  await page.goBack();
  await expect(page).toHaveURL(/tour=3\.1/);
  await expect(page.locator('#prompt')).toHaveValue('Two and two');
  // a place that there is not is the start
  await page.goto(`/${write({ ...FIRST, view: 'tour', tour: '9.9' })}`);
  await expect(told(page)).toContainText('GPT stands for three words');
});

test('arrow keys in the view are the view’s own', async ({ page }) => {
  await at(page, '4.1');
  const stage = page.getByLabel('stage', { exact: true });
  await stage.focus();
  await page.keyboard.press('ArrowRight');
  await expect(stage).toHaveValue('1');
  await expect(page).toHaveURL(/tour=4\.1/);
});

test('what the model cannot answer is said, and the tour goes on', async ({ page }) => {
  await page.route('**/api/summary', (route) =>
    route.fulfill({ status: 429, json: { error: 'Thirty-two requests wait; try again.' } }),
  );
  await at(page, '4.1');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('alert')).toContainText('try again');
  await page.unroute('**/api/summary');
  await told(page).getByRole('button', { name: 'Ask again' }).click();
  await expect(told(page)).toContainText('attention adds');
  await page.keyboard.press('ArrowRight');
  await expect(told(page)).toContainText('Attention looks back');
});
