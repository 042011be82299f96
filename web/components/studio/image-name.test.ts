import { describe, expect, it } from 'vitest';
import { imageFault, imageNameFor } from './image-name.ts';

describe('imageNameFor', () => {
  it('keeps what the API takes of a file name', () => {
    expect(imageNameFor('Our logo (final).png', [])).toBe('Our-logo-final');
    expect(imageNameFor('Bühne.jpg', [])).toBe('Bu-hne');
    expect(imageNameFor('日本.webp', [])).toBe('picture');
    expect(imageNameFor(`${'x'.repeat(200)}.png`, [])).toMatch(/^x{56}$/);
  });

  it('never takes the name of another picture', () => {
    expect(imageNameFor('logo.png', ['logo', 'logo-2'])).toBe('logo-3');
  });
});

describe('imageFault', () => {
  it('says in words what is wrong', () => {
    expect(imageFault({ type: 'image/svg+xml', size: 10 })).toMatch(/PNG, JPEG and WebP/);
    expect(imageFault({ type: 'image/png', size: 3 * 1024 * 1024 })).toMatch(/3\.1 MB/);
    expect(imageFault({ type: 'image/png', size: 1000 })).toBeUndefined();
  });
});
