/** A straight line through points by least squares. Pure. */
export interface LineFit {
  slope: number;
  /** Half the width of the slope's 95 % confidence interval (normal residuals, many points). */
  slopeError: number;
  intercept: number;
  points: number;
}

export function lineFit(points: readonly { x: number; y: number }[]): LineFit {
  const n = points.length;
  const meanX = points.reduce((sum, p) => sum + p.x, 0) / n;
  const meanY = points.reduce((sum, p) => sum + p.y, 0) / n;
  let xx = 0;
  let xy = 0;
  for (const { x, y } of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
  }
  const slope = xy / xx;
  const intercept = meanY - slope * meanX;
  const residual = points.reduce((sum, { x, y }) => sum + (y - intercept - slope * x) ** 2, 0);
  return { slope, slopeError: 1.96 * Math.sqrt(residual / Math.max(1, n - 2) / xx), intercept, points: n };
}

/** The common slope of several groups that each have a level of their own. */
export function commonSlope(groups: readonly (readonly { x: number; y: number }[])[]): LineFit {
  return lineFit(
    groups.flatMap((group) => {
      const meanX = group.reduce((sum, p) => sum + p.x, 0) / group.length;
      const meanY = group.reduce((sum, p) => sum + p.y, 0) / group.length;
      return group.map(({ x, y }) => ({ x: x - meanX, y: y - meanY }));
    }),
  );
}
