import { expect, type APIRequestContext, type Page } from '@playwright/test';
import { readTensors, type Tensors } from '../src/lib/binary';
import { write, FIRST, type Address } from '../src/lib/address';

export const PROMPT = 'The capital of France is';

/** Opens the pages at an address, and waits until the model has answered. */
export async function open(page: Page, address: Partial<Address> = {}): Promise<void> {
  await page.goto(`/${write({ ...FIRST, ...address })}`);
  await expect(page.locator('main table').first()).toBeVisible();
}

/** Every complaint of the browser: scripts that failed, and what the policy kept out. */
export function complaints(page: Page): string[] {
  const all: string[] = [];
  page.on('pageerror', (error) => all.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      all.push(message.text());
    }
  });
  return all;
}

/** A call of the server without the pages. */
export async function ask<T>(request: APIRequestContext, name: string, body: object): Promise<T> {
  const response = await request.post(`/api/${name}`, { data: body });
  expect(response.ok(), `${name}: ${response.status()}`).toBe(true);
  const text = await response.text();
  if (!(response.headers()['content-type'] ?? '').includes('ndjson')) {
    return JSON.parse(text) as T;
  }
  const last = text.trim().split('\n').at(-1) ?? '';
  return (JSON.parse(last) as { result: T }).result;
}

export async function askTensors(
  request: APIRequestContext,
  name: string,
  body: object,
): Promise<Tensors> {
  const response = await request.post(`/api/${name}`, { data: body });
  expect(response.ok(), `${name}: ${response.status()}`).toBe(true);
  const bytes = await response.body();
  return readTensors(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  );
}

export async function idsOf(request: APIRequestContext, text: string): Promise<number[]> {
  return (await ask<{ ids: number[] }>(request, 'tokenize', { text })).ids;
}

/** Numbers from a seed (mulberry32): the same cells are picked in every run. */
export function picks(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
