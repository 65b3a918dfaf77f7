import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { complaints, open } from './explorer';

test('a prompt that looks like a page is shown, not run', async ({ page }) => {
  const wrong = complaints(page);
  let alerts = 0;
  page.on('dialog', (dialog) => {
    alerts++;
    void dialog.dismiss();
  });
  const prompt = '<img src=x onerror=alert(1)><script>alert(2)</script>';
  for (const view of ['generate', 'flow', 'meaning', 'change', 'weights', 'compare']) {
    await open(page, { prompt, view });
    const chips = page.locator('ol[aria-label="tokens of the text"]');
    await expect(chips).toContainText('alert');
    expect(await page.locator('#app img, #app script').count()).toBe(0);
  }
  expect(alerts).toBe(0);
  expect(wrong).toEqual([]);
});

test('typing another sentence reads it anew', async ({ page }) => {
  await open(page);
  await page.locator('#prompt').fill('Two and two');
  const chips = page.locator('ol[aria-label="tokens of the text"] .chip');
  await expect(chips).toHaveCount(3);
  await expect(page).toHaveURL(/prompt=Two\+and\+two/);
  await page.locator('#prompt').fill('');
  await expect(page.getByText('Type a sentence above')).toBeVisible();
});

test('when the server fails, the page says it in words', async ({ page }) => {
  await open(page);
  await page.route('**/api/draw', (route) =>
    route.fulfill({
      status: 429,
      json: { error: 'Thirty-two requests wait; try again in a moment.' },
    }),
  );
  await page.getByRole('button', { name: 'Next: draw a token' }).click();
  await expect(page.getByRole('alert')).toContainText('try again in a moment');
  await page.route('**/api/tokenize', (route) => route.abort());
  await page.locator('#prompt').fill('anything');
  await expect(page.getByRole('alert')).toContainText('Loupe does not answer');
});

for (const width of [1440, 360]) {
  test(`axe finds nothing serious, light or dark, ${width} wide`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    for (const at of [
      {
        view: 'generate',
        drawn: [28],
        sampling: { temperature: 0.7, topK: 5, topP: 1, minP: 0 },
      },
      { view: 'flow', selection: 's6.b5.h3.t4' },
      { view: 'flow', selection: 's6.b5.m' },
      { view: 'meaning', selection: 'x=man>woman;word=28' },
      {
        view: 'meaning',
        selection: 'sum=xylophonist;words=king xylophonist;line=king -;word=28',
      },
      { view: 'weights', selection: 'blk.5.attn_q.weight' },
      {
        view: 'change',
        selection: 'c=zero|L23H4&c=scale|blocks.3.hook_mlp_out|0.5&p=L23H4&o=Rome+is&t=3',
      },
      { view: 'change', selection: 'c=zero|L0H0@4000&p=L20T2&o=The+capital+of+Italy+is' },
      { view: 'compare', selection: 'q=The+capital+of+Italy+is+called&s=4&t=3' },
      { view: 'compare', selection: 'b=run%2C+step+40' },
      { view: 'tour', tour: '3.5' },
      { view: 'tour', tour: '6.3' },
    ]) {
      await open(page, at);
      if (at.view === 'flow') {
        await expect(page.getByTestId('writes')).toBeVisible();
      } else if (at.view === 'meaning') {
        await expect(page.getByTestId('cloud')).toBeVisible();
      }
      if (at.view === 'change') {
        await expect(page.getByTestId('kl')).toBeVisible();
        await expect(page.getByTestId('equal')).toBeVisible();
      }
      if (at.view === 'compare') {
        const models = at.selection?.startsWith('b=');
        await expect(page.getByTestId(models ? 'no-lens' : 'framed')).toBeVisible();
        await expect(page.getByTestId('scores')).toBeVisible();
        await expect(page.locator('.stale')).toHaveCount(0);
      }
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        const across = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(across).toBeLessThanOrEqual(width);
        // what is in order is thousands of elements, which axe would otherwise describe one by one;
        // the legacy mode, which leaves foreign frames out, is the one that heeds it, and there are none
        const { violations } = await new AxeBuilder({ page })
          .setLegacyMode()
          .options({ resultTypes: ['violations'] })
          .analyze();
        const grave = violations.filter(
          ({ impact }) => impact === 'serious' || impact === 'critical',
        );
        expect(
          grave.map(
            ({ id, nodes }) =>
              `${scheme}, ${id}: ${nodes
                .map(({ html }) => html)
                .slice(0, 3)
                .join(' ')}`,
          ),
        ).toEqual([]);
      }
    }
  });
}

test('the switch turns light to dark, and the page remembers', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page);
  await page.getByRole('button', { name: 'dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
