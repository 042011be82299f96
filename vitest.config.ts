import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Tests with real processes that mostly wait (for parts, leases, restarts, the end of a minute) and whose media is only copied:
 * several of them keep time beside each other on two cores. The longest first, so that none is left over at the end.
 */
const SIDE_BY_SIDE = [
  'test/e2e/hls-over-mixer-restarts.test.ts',
  'test/integration/restream-push.test.ts',
  'test/integration/mixer-without-redis.test.ts',
  'test/integration/origin-continuity.test.ts',
  'test/integration/origin-recording.test.ts',
  'test/integration/origin-http.test.ts',
  'test/integration/origin-resume.test.ts',
  'test/integration/control-reconciler.test.ts',
  'test/integration/whip-whep-conformance.test.ts',
  'test/integration/ingest-whip.test.ts',
  'test/integration/restream-worker.test.ts',
  'test/integration/recordings-worker.test.ts',
  'test/integration/origin-large-parts.test.ts',
  'test/integration/storage-conformance.test.ts',
  'test/integration/control-problems.test.ts',
  'test/integration/control-signalling.test.ts',
  'test/integration/control-api.test.ts',
  'test/integration/control-pictures.test.ts',
  'test/integration/supervisor.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = SIDE_BY_SIDE.findIndex((path) => moduleId.endsWith(path));
      return at < 0 ? SIDE_BY_SIDE.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/**
 * Three sizes of test. Unit tests run side by side; the others start real media processes, which on two cores only keep
 * real time one at a time, but for those that hardly do anything but wait.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'pipelines/**/*.test.ts', 'web/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'test/repo/**/*.test.ts'],
          environment: 'node',
          testTimeout: 20_000,
          hookTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'side-by-side',
          include: SIDE_BY_SIDE,
          environment: 'node',
          pool: 'forks',
          maxWorkers: 4,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: SIDE_BY_SIDE,
          environment: 'node',
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: SIDE_BY_SIDE,
          environment: 'node',
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
