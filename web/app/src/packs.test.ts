import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import type { Graph } from './api/graph';
import type { Meta } from './api/meta';
import type { Mark } from './map/marks';
import { paint } from './map/paint';
import { routesOf, scaleOf } from './map/routes';
import { sceneOf } from './map/scene';
import { svgOf } from './map/svg';
import { dark, light } from './map/theme';
import { tiers } from './map/tiers';

const asked: string[] = [];
const icons = [
  { provider: 'aws', packs: ['aws', 'ours'] },
  { provider: 'gcp', packs: ['google'] },
];

/** load opens the page at an address, with a server that has every icon but RDS's. */
async function load(search: string) {
  vi.resetModules();
  asked.length = 0;
  history.replaceState(null, '', search);
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    if (address.includes('/meta')) return new Response(JSON.stringify({ icons, iconsVersion: 'x1' } as Meta));
    if (address.includes('aws.rds')) return new Response('', { status: 404 });
    return new Response('<svg xmlns="http://www.w3.org/2000/svg"/>');
  });
  HTMLImageElement.prototype.decode = async () => {};
  const packs = await import('./packs');
  await vi.waitFor(() => expect(packs.choices().length).toBeGreaterThan(1));
  return packs;
}
afterEach(() => vi.unstubAllGlobals());

it('draws glyphs until the view asks for a pack', async () => {
  const { packed, choices } = await load('?');
  expect(packed('aws.ec2')).toBeUndefined();
  expect(asked.some((a) => a.includes('icons/'))).toBe(false);
  expect(choices()).toEqual(['', 'aws,ours,google', 'aws', 'ours', 'google']);
});

it('asks for each picture once, and takes the pack of the kind', async () => {
  const { packed } = await load('?v=1&icons=aws,ours,google');
  expect(packed('aws.ec2')).toBeUndefined(); // on its way
  packed('aws.ec2');
  await vi.waitFor(() => expect(packed('aws.ec2')?.data).toMatch(/^data:image\/svg\+xml;base64,PHN2Zy/));
  packed('gcp.gce');
  packed('azure.vm');
  packed('net.country');
  expect(asked.filter((a) => a.includes('icons/'))).toEqual([
    './api/v1/icons/ours/aws.ec2.svg?v=x1',
    './api/v1/icons/google/gcp.gce.svg?v=x1',
  ]);
});

it('keeps the glyph where the pack has none', async () => {
  const { packed } = await load('?v=1&icons=aws');
  packed('aws.rds');
  await new Promise((r) => setTimeout(r, 20));
  expect(packed('aws.rds')).toBeUndefined();
  expect(asked.filter((a) => a.includes('aws.rds'))).toHaveLength(1);
});

it('writes each picture once into a file', () => {
  const g = JSON.parse(readFileSync('fixture/company.json', 'utf8')) as Graph;
  const scene = sceneOf(g, 'bytes', 'all');
  const layout = tiers(scene, { w: 900, h: 600 });
  const scale = scaleOf(scene.strokes);
  const one = { data: 'data:image/svg+xml;base64,AAAA', image: new Image() };
  const picture = {
    scene,
    layout,
    routes: routesOf(scene, layout, scale),
    measure: (t: string, f: { size: number }) => t.length * f.size * 0.55,
    focus: null,
    packed: (kind: string) => (kind === 'aws.ec2' ? one : undefined),
  };
  const marks = paint({ ...picture, theme: light } as Parameters<typeof paint>[0]);
  const images = marks.filter((m: Mark) => m.m === 'image' && !m.to).length; // the others are for a map seen from afar
  expect(images).toBeGreaterThan(1);
  const text = svgOf(marks, layout.size, '#fff', 'x');
  expect(text.match(/<image /g)).toHaveLength(1);
  expect(text.match(/<use /g)).toHaveLength(images);
  const doc = new DOMParser().parseFromString(text, 'application/xml');
  expect(doc.querySelector('parsererror')).toBeNull();
  // On dark paper they lie on a light plate.
  const night = paint({ ...picture, theme: dark } as Parameters<typeof paint>[0]);
  expect(night.filter((m: Mark) => m.m === 'rect' && m.fill === '#f4f5f9' && !m.to)).toHaveLength(images);
});
