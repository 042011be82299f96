/** How alike two pictures are to the eye: the structural similarity of Wang, Bovik, Sheikh and Simoncelli (IEEE TIP 13/4, 2004). */

const BLOCK = 8;
/** The paper's constants for values of 0…255. */
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;
/** Blocks that are plain in the original say nothing about letters. */
const PLAIN_VARIANCE = 20;

/** One value (0…255) a pixel. */
export interface GreyPicture {
  width: number;
  height: number;
  values: Float32Array;
}

/** Mean similarity (1: the same) of the 8×8 blocks in which the original shows anything. Both have the same size. */
export function structuralSimilarity(original: GreyPicture, other: GreyPicture): number {
  let sum = 0;
  let blocks = 0;
  for (let top = 0; top + BLOCK <= original.height; top += BLOCK)
    for (let left = 0; left + BLOCK <= original.width; left += BLOCK) {
      const block = compareBlocks(original, other, left, top);
      if (block.variance < PLAIN_VARIANCE) continue;
      sum += block.similarity;
      blocks++;
    }
  return sum / blocks;
}

function compareBlocks(a: GreyPicture, b: GreyPicture, left: number, top: number): { similarity: number; variance: number } {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + BLOCK; y++)
    for (let x = left; x < left + BLOCK; x++) {
      const va = a.values[y * a.width + x] as number;
      const vb = b.values[y * b.width + x] as number;
      sumA += va;
      sumB += vb;
      squaresA += va * va;
      squaresB += vb * vb;
      products += va * vb;
    }
  const count = BLOCK * BLOCK;
  const [meanA, meanB] = [sumA / count, sumB / count];
  const [varianceA, varianceB, covariance] = [squaresA / count - meanA ** 2, squaresB / count - meanB ** 2, products / count - meanA * meanB];
  const similarity = ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (varianceA + varianceB + C2));
  return { similarity, variance: varianceA };
}

/** Each pixel is the mean of `size`×`size` around it. */
export function blurred({ width, height, values }: GreyPicture, size: number): GreyPicture {
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let v = 0; v < size; v++) for (let u = 0; u < size; u++) sum += values[Math.min(height - 1, y + v) * width + Math.min(width - 1, x + u)] as number;
      out[y * width + x] = sum / (size * size);
    }
  return { width, height, values: out };
}

/** Each pixel is the mean of what it covers of the larger picture. */
export function shrunk(picture: GreyPicture, width: number, height: number): GreyPicture {
  const across = shrunkAlong(picture, width);
  const down = shrunkAlong(turned(across), height);
  return turned(down);
}

function shrunkAlong({ width, height, values }: GreyPicture, to: number): GreyPicture {
  const out = new Float32Array(to * height);
  const step = width / to;
  for (let x = 0; x < to; x++) {
    const [from, until] = [x * step, (x + 1) * step];
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let u = Math.floor(from); u < Math.min(width, Math.ceil(until)); u++) sum += (Math.min(u + 1, until) - Math.max(u, from)) * (values[y * width + u] as number);
      out[y * to + x] = sum / step;
    }
  }
  return { width: to, height, values: out };
}

function turned({ width, height, values }: GreyPicture): GreyPicture {
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[x * height + y] = values[y * width + x] as number;
  return { width: height, height: width, values: out };
}
