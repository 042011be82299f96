import { niceCeiling, polylines } from './chart-scale.ts';

export interface Series {
  name: string;
  values: readonly (number | null)[];
}

interface ChartProps {
  title: string;
  series: readonly Series[];
  format: (value: number) => string;
  /** What the whole width stands for. */
  span: string;
  testId?: string;
}

const WIDTH = 300;
const HEIGHT = 80;

/** A line chart of the recent past with its newest values in words; a screen reader gets those words. */
export function Chart({ title, series, format, span, testId }: ChartProps) {
  const ceiling = niceCeiling(Math.max(0, ...series.flatMap((s) => s.values.filter((v) => v !== null))));
  const newest = (values: Series['values']): number | null => values.findLast((v) => v !== null) ?? null;
  return (
    <figure className="chart" data-testid={testId}>
      <figcaption>{title}</figcaption>
      <div className="plot">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
          {[0, 0.5, 1].map((y) => (
            <line key={y} x1={0} x2={WIDTH} y1={y * HEIGHT} y2={y * HEIGHT} className="grid" />
          ))}
          {series.map(({ name, values }, i) => polylines(values, ceiling, WIDTH, HEIGHT).map((points, j) => <polyline key={`${name}${j}`} points={points} className={`line line-${i}`} />))}
        </svg>
        <span className="top-value" aria-hidden="true">
          {format(ceiling)}
        </span>
        <span className="span" aria-hidden="true">
          {span}
        </span>
      </div>
      <ul>
        {series.map(({ name, values }, i) => {
          const value = newest(values);
          return (
            <li key={name}>
              <i className={`line-${i}`} aria-hidden="true" /> {name} <b>{value === null ? '–' : format(value)}</b>
            </li>
          );
        })}
      </ul>
    </figure>
  );
}
