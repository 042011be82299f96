import { useEffect } from 'react';
import { api } from '../api/client.ts';
import { usePolled } from '../api/use-polled.ts';
import { Chart } from './chart.tsx';
import { ErrorNote } from './page.tsx';
import { counted } from './words.ts';

const POLL_MS = 5_000;

const ms = (value: number): string => (value >= 1000 ? `${(value / 1000).toFixed(value >= 10_000 ? 0 : 1)} s` : `${Math.round(value)} ms`);
const count = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));

/** How a room reaches its viewers, as their players tell it: the last ten minutes. */
export function ViewingCharts({ room, name, read, onError }: { room: string; name: string; read: () => Promise<string>; onError: (error: unknown) => void }) {
  const viewing = usePolled(`qoe ${room}`, async () => api.viewing(await read(), room), POLL_MS);
  useEffect(() => onError(viewing.error), [viewing.error, onError]);
  const { data } = viewing;
  if (!data) return <ErrorNote error={viewing.error} />;
  // the newest slot is not full yet
  const points = data.points.slice(0, -1);
  const span = `${Math.round((data.slotMs * points.length) / 60_000)} min`;
  const { total, hls, webrtc } = data.viewers;
  return (
    <section className="viewing" aria-label={`Viewers of ${name}`} data-testid={`viewing-${room}`} data-viewers={total}>
      <h3>
        {name} <span className="quiet">{counted(total, 'viewer')}{total > 0 && `: ${hls} by HLS, ${webrtc} by WebRTC`}</span>
      </h3>
      <div className="charts">
        <Chart title="Viewers" span={span} format={count} series={[{ name: 'HLS', values: points.map((p) => p.viewers.hls) }, { name: 'WebRTC', values: points.map((p) => p.viewers.webrtc) }]} />
        <Chart title="Start-up" span={span} format={ms} series={[{ name: 'median', values: points.map((p) => p.startupMs?.p50 ?? null) }, { name: '95 %', values: points.map((p) => p.startupMs?.p95 ?? null) }]} />
        <Chart
          title="Behind the mix, by HLS"
          span={span}
          format={ms}
          series={[{ name: 'median', values: points.map((p) => p.latencyMs.hls?.p50 ?? null) }, { name: '95 %', values: points.map((p) => p.latencyMs.hls?.p95 ?? null) }]}
        />
        <Chart
          title="Behind the mix, by WebRTC"
          span={span}
          format={ms}
          series={[{ name: 'median', values: points.map((p) => p.latencyMs.webrtc?.p50 ?? null) }, { name: '95 %', values: points.map((p) => p.latencyMs.webrtc?.p95 ?? null) }]}
        />
        <Chart title="Stalls per minute of watching" span={span} format={count} series={[{ name: 'stalls', values: points.map((p) => p.stallsPerMinute) }]} />
        <Chart
          title="What is shown"
          span={span}
          format={count}
          series={(['high', 'mid', 'low', 'audio'] as const).map((rendition) => ({ name: rendition, values: points.map((p) => p.renditions[rendition] ?? (p.stallsPerMinute === null ? null : 0)) }))}
        />
      </div>
    </section>
  );
}
