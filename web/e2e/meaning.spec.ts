import { expect, test } from '@playwright/test';
import { row, tensor } from '../src/lib/binary';
import { scene } from '../src/views/meaning/scene';
import { SETS } from '../src/views/meaning/sets';
import { ask, askTensors, complaints, idsOf, open } from './explorer';

const nearest = '[data-testid=neighbours] tbody tr';

for (const [sum, best] of [
  ['woman - man + king', '·queen'],
  ['Japan - Germany + Berlin', '·Tokyo'],
  ['Italy - Germany + Hitler', '·Mussolini'],
  ['cats - cat + dog', '·dogs'],
] as const) {
  test(`${sum} is near to ${best}`, async ({ page }) => {
    const wrong = complaints(page);
    // another sum first, so that what is seen is the answer to the button
    await open(page, { view: 'meaning', selection: 'sum=seven' });
    await page.getByRole('button', { name: sum, exact: true }).click();
    await expect(page.locator(nearest).first().getByRole('button')).toHaveText(best);
    await expect(page.locator(nearest)).toHaveCount(20);
    const arrows = page.getByTestId('arrows');
    await expect(arrows).toBeVisible();
    await expect(arrows.getByText('the sum', { exact: true })).toBeVisible();
    await expect(arrows.getByText(best.slice(1), { exact: true })).toBeVisible();
    await expect(page.getByTestId('cloud')).toBeVisible();
    expect(wrong).toEqual([]);
  });
}

test('cosines are those of the rows', async ({ page, request }) => {
  await open(page, { view: 'meaning' });
  const [woman = 0, man = 0, king = 0, queen = 0] = await idsOf(request, ' woman man king queen');
  const ids = [woman, man, king, queen];
  const rows = tensor(await askTensors(request, 'vectors', { ids }), 'vectors');
  const sum = Array.from(row(rows, 0), (x, c) => {
    return x - (row(rows, 1)[c] as number) + (row(rows, 2)[c] as number);
  });
  const length = (v: ArrayLike<number>) => Math.sqrt(Array.from(v).reduce((s, x) => s + x * x, 0));
  const near = row(rows, 3);
  const product = sum.reduce((all, x, c) => all + x * (near[c] as number), 0);
  const cosine = product / length(sum) / length(near);
  await expect(page.locator(`${nearest}[data-id="${queen}"] td`).first()).toHaveText(
    cosine.toFixed(3),
  );
});

test('a hundred cosines are those of the rows, the largest first', async ({ page, request }) => {
  await open(page, { view: 'meaning', selection: 'sum=seven' });
  for (const word of ['seven', 'river', 'green', 'walk', 'France']) {
    const [id = 0] = await idsOf(request, ` ${word}`);
    await page.getByLabel('A word, or a sum of words').fill(word);
    await page.keyboard.press('Enter');
    await expect(page.locator(`${nearest} td`).first()).toBeVisible();
    await expect(page).toHaveURL(new RegExp(`sum%3D${word}|sum=${word}|at=`));
    await expect(page.getByText(`·${word}`, { exact: true }).first()).toBeVisible();
    const shown = await page.locator(nearest).evaluateAll((rows) =>
      rows.map((row) => ({
        id: Number((row as HTMLElement).dataset.id),
        cosine: row.querySelector('td')?.textContent ?? '',
      })),
    );
    expect(shown).toHaveLength(20);
    const ids = [id, ...shown.map((near) => near.id)];
    const rows = tensor(await askTensors(request, 'vectors', { ids }), 'vectors');
    const dot = (a: number, b: number) =>
      row(rows, a).reduce((sum, x, c) => sum + x * (row(rows, b)[c] as number), 0);
    const cosines = shown.map((_, i) => dot(0, i + 1) / Math.sqrt(dot(0, 0) * dot(i + 1, i + 1)));
    expect(shown.map(({ cosine }) => cosine)).toEqual(cosines.map((cosine) => cosine.toFixed(3)));
    expect(cosines).toEqual(cosines.toSorted((a, b) => b - a));
  }
});

test('Space goes to the next example, and back to the first', async ({ page }) => {
  await open(page, { view: 'meaning' });
  await page.locator('main').focus();
  for (const best of ['·Tokyo', '·Mussolini', '·dogs', '·six', '·queen']) {
    await page.keyboard.press('Space');
    if (best === '·six') {
      // one word: its vector instead of arrows
      await expect(page.getByTestId('word')).toContainText('·seven');
      await expect(page.getByTestId('arrows')).toHaveCount(0);
    }
    await expect(
      page.locator(nearest).getByRole('button', { name: best, exact: true }),
    ).toBeVisible();
  }
});

test('a word of several tokens says which, and its pieces are offered', async ({ page }) => {
  await open(page, { view: 'meaning' });
  await page.getByLabel('A word, or a sum of words').fill('king + xylophonist');
  await page.keyboard.press('Enter');
  const pieces = page.getByTestId('pieces');
  await expect(pieces).toContainText('xylophonist is no token of this model');
  const texts = await pieces.locator('.piece').allTextContents();
  expect(texts.join('').replaceAll('·', '')).toBe('xylophonist');
  await pieces.getByRole('button', { name: 'Add its pieces' }).click();
  await expect(page.getByTestId('read')).toContainText(texts.at(-1) ?? '?');
  await expect(page.locator(nearest)).toHaveCount(20);
});

test('what is no sum is said where it was asked', async ({ page }) => {
  await open(page, { view: 'meaning' });
  const field = page.getByLabel('A word, or a sum of words');
  for (const [sum, says] of [
    ['king -', 'expected a sum of words'],
    ['#99999999', 'expected 0 to'],
    ['', 'expected a sum of words'],
  ] as const) {
    await field.fill(sum);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toContainText(says);
  }
  await field.fill('king - king');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Nothing is left of this sum')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('words come into the cloud and go, and the link shows the same again', async ({
  page,
  context,
}) => {
  await open(page, { view: 'meaning' });
  const words = page.getByRole('list', { name: 'words of the cloud' }).getByRole('listitem');
  await page.getByRole('button', { name: 'numbers', exact: true }).click();
  await expect(words.first()).toContainText('·one');
  const before = await words.count();
  await page.getByLabel('add words').fill('Paris, xylophonist');
  await page.keyboard.press('Enter');
  await expect(words).toHaveCount(before + 1);
  await expect(page.getByTestId('missing')).toContainText('xylophonist');
  await page.getByRole('button', { name: 'take two out' }).click();
  await expect(words).toHaveCount(before);
  await words.getByRole('button', { name: '·Paris', exact: true }).click();
  await expect(page.getByTestId('word')).toContainText('·Paris');
  await page.getByLabel('first axis, from').fill('one');
  await page.getByLabel('first axis, to').fill('two');
  await page.getByRole('button', { name: 'Use these axes' }).click();
  await expect(page.getByTestId('explained')).toContainText('along your axis');
  await expect(page).toHaveURL(/x%3Done/);
  const again = await context.newPage();
  await again.goto(page.url());
  const there = again.getByRole('list', { name: 'words of the cloud' }).getByRole('listitem');
  await expect(there).toHaveCount(before);
  await expect(again.getByTestId('word')).toContainText('·Paris');
  await expect(again.getByTestId('explained')).toHaveText(
    (await page.getByTestId('explained').textContent()) ?? '?',
  );
});

test('the cloud is turned by keys and by dragging, and rests', async ({ page }) => {
  await open(page, { view: 'meaning' });
  const cloud = page.getByTestId('cloud');
  await cloud.focus();
  const yaw = () => cloud.getAttribute('data-yaw').then(Number);
  const first = await yaw();
  await page.keyboard.press('ArrowRight');
  await expect.poll(yaw).toBeGreaterThan(first);
  const box = await cloud.boundingBox();
  const middle = { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + 100 };
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  await page.mouse.move(middle.x - 90, middle.y, { steps: 4 });
  await page.mouse.up();
  await expect.poll(yaw).toBeLessThan(first);
  // it rests, for this browser asks for little motion
  const rest = await yaw();
  await page.waitForTimeout(300);
  expect(await yaw()).toBe(rest);
  await page.getByRole('button', { name: 'Turn slowly' }).click();
  await expect.poll(yaw).not.toBe(rest);
  await page.getByRole('button', { name: 'Stop turning' }).click();
});

test('a click on a dot takes its word', async ({ page, request }) => {
  await open(page, { view: 'meaning' });
  const cloud = page.getByTestId('cloud');
  await expect(page.getByTestId('explained')).toBeVisible();
  const text = SETS[0]?.words.join(' ') ?? '';
  const { words } = await ask<{ words: { ids: number[] }[] }>(request, 'words', { text });
  const ids = words.map(({ ids }) => ids[0] ?? 0);
  const { points } = await ask<{ points: number[][] }>(request, 'cloud', { ids });
  const picture = {
    points: ids.map((id, i) => ({ id, label: '', at: points[i] ?? [] })),
    links: [],
    axes: [],
    selected: -1,
  };
  const turned = {
    yaw: Number(await cloud.getAttribute('data-yaw')),
    pitch: Number(await cloud.getAttribute('data-pitch')),
    zoom: 1,
  };
  const box = await cloud.boundingBox();
  const { dots } = scene(picture, turned, box?.width ?? 0, box?.height ?? 0);
  const lonely = dots.filter((dot) =>
    dots.every((other) => other === dot || Math.hypot(other.x - dot.x, other.y - dot.y) > 25),
  );
  expect(lonely.length).toBeGreaterThan(2);
  for (const { id, x, y } of lonely.slice(0, 3)) {
    await cloud.click({ position: { x, y } });
    await expect(page.getByTestId('word')).toContainText(`id ${id}`);
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('word')).toHaveCount(0);
  }
});

test('numbers lie along the plural in their order', async ({ page, request }) => {
  await open(page, { view: 'meaning' });
  const line = page.getByTestId('projections').getByRole('listitem');
  await expect(line).toHaveCount(10);
  const order = await line.evaluateAll((all) =>
    all.map((item) => Number((item as HTMLElement).dataset.id)),
  );
  const places = (await idsOf(request, ' one two three four')).map((id) => order.indexOf(id));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
  await page.getByLabel('direction', { exact: true }).fill('queen - king');
  await page.getByLabel('words', { exact: true }).fill('he, she, xylophonist');
  await page.keyboard.press('Enter');
  await expect(line).toHaveCount(2);
  await expect(line.last()).toContainText('she');
});

test('pictures, places and vectors are saved', async ({ page }) => {
  await open(page, { view: 'meaning' });
  await expect(page.getByTestId('cloud')).toBeVisible();
  for (const [name, file] of [
    ['cloud as SVG', 'cloud.svg'],
    ['places as JSON', 'cloud.json'],
    ['vectors as .npz', 'words.npz'],
    ['line as SVG', 'line.svg'],
    ['SVG', 'sum.svg'],
  ] as const) {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    expect((await saved).suggestedFilename()).toBe(file);
  }
});

test('two thousand words are a cloud, and more are not', async ({ request }) => {
  const ids = Array.from({ length: 2000 }, (_, id) => id + 300);
  const start = performance.now();
  const { explained } = await ask<{ explained: number[] }>(request, 'cloud', { ids });
  console.log(`a cloud of 2,000 words: ${(performance.now() - start).toFixed(0)} ms`);
  const [first = 0, second = 0, third = 0] = explained;
  expect(first).toBeGreaterThan(second);
  expect(second).toBeGreaterThan(third);
  const response = await request.post('/api/cloud', { data: { ids: [...ids, 1] } });
  expect(response.status()).toBe(413);
});
