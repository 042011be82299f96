/** The document and the routes are the same thing. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp } from '../../src/control/app.ts';
import { pathParameters } from '../../src/control/api/endpoint.ts';
import { PERMISSIONS } from '../../src/control/auth/permissions.ts';
import { startControlRig, type ControlRig } from '../support/control-rig.ts';

interface Operation {
  operationId: string;
  parameters: { name: string; in: string }[];
  security: Record<string, unknown>[];
  responses: Record<string, { content?: Record<string, unknown> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}
interface Layer {
  route?: { path: string; methods: Record<string, boolean>; stack: { method?: string }[] };
  handle: { stack?: Layer[] };
}

let rig: ControlRig;
let document: Document;
beforeAll(async () => {
  rig = await startControlRig({ TESSERA_API_KEYS: '' }, []);
  document = (await (await rig.request('GET', '/api/openapi.json')).json()) as Document;
});
afterAll(() => rig.close());

/** `METHOD /path` of each route that express has, whatever router it is in; OpenAPI's way of writing. */
function expressRoutes(layers: Layer[]): string[] {
  return layers.flatMap((layer) => {
    if (!layer.route) return layer.handle.stack ? expressRoutes(layer.handle.stack) : [];
    const path = layer.route.path.replace(/[:*](\w+)/g, '{$1}');
    const methods = new Set(layer.route.stack.map((s) => s.method).filter((m) => m !== undefined));
    return [...methods].map((m) => `${m} ${path}`);
  });
}

it('describes every route and nothing else', () => {
  const { app } = createApp({ ...rig.control.services, metrics: new (rig.control.services.metrics.constructor as new () => typeof rig.control.services.metrics)() }, 'test');
  const pagesOfDocs = ['get /', 'get /begin.js'];

  const served = expressRoutes((app as unknown as { router: { stack: Layer[] } }).router.stack).filter((r) => !pagesOfDocs.includes(r));
  const described = Object.entries(document.paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));

  expect(described.sort()).toEqual([...new Set(served)].sort());
  expect(described.length).toBeGreaterThan(40);
});

it('is OpenAPI 3.1 whose references all lead somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((m) => m[1] as string);

  expect(document.openapi).toBe('3.1.0');
  expect(references.length).toBeGreaterThan(20);
  expect(references.filter((name) => !(name in document.components.schemas))).toEqual([]);
});

it('names each operation once, its path parameters, and the problems of those with a token', () => {
  const operations = Object.entries(document.paths).flatMap(([path, byMethod]) => Object.values(byMethod).map((operation) => ({ path, operation })));
  const ids = operations.map(({ operation }) => operation.operationId);

  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operations) {
    expect(operation.parameters.filter((p) => p.in === 'path').map((p) => p.name)).toEqual(pathParameters(path));
    if (operation.security.length > 0) expect(operation.responses['401']?.content).toHaveProperty(['application/problem+json']);
  }
});

it('uses every entry of the permission table', () => {
  const used = new Set(createApp({ ...rig.control.services, metrics: new (rig.control.services.metrics.constructor as new () => typeof rig.control.services.metrics)() }, 'test').endpoints.map((e) => e.permission));

  expect(Object.keys(PERMISSIONS).filter((p) => !used.has(p as keyof typeof PERMISSIONS))).toEqual([]);
});

it('is browsable at /docs with nothing from elsewhere', async () => {
  const page = await rig.request('GET', '/docs');
  const html = await page.text();
  const script = await rig.request('GET', '/docs/swagger-ui-bundle.js');

  expect(page.status).toBe(200);
  expect([...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((m) => m[1]).every((url) => url?.startsWith('/'))).toBe(true);
  expect(script.headers.get('content-type')).toContain('javascript');
  expect((await script.text()).length).toBeGreaterThan(500_000);
});

it('shows files as binary, each type by name, and examples of what layouts, overlays and captions take', () => {
  const content = (path: string, method: string) => (document.paths[path]?.[method] as unknown as { requestBody: { content: Record<string, { schema: unknown; examples?: object }> } }).requestBody.content;

  expect(Object.keys(content('/api/rooms/{room}/images/{name}', 'put'))).toEqual(['image/png', 'image/jpeg', 'image/webp']);
  expect(content('/api/rooms/{room}/images/{name}', 'put')['image/png']?.schema).toEqual({ type: 'string', format: 'binary' });
  for (const what of ['layout', 'overlays']) expect(Object.keys(content(`/api/rooms/{room}/${what}`, 'put')['application/json']?.examples ?? {}).length).toBeGreaterThan(1);
  expect(content('/api/rooms/{room}/captions', 'post')['application/json']?.examples).toBeDefined();
});
