import { useMemo } from 'react';
import type { NodeInfo } from '../api/types.ts';
import { Chart } from './chart.tsx';
import { Loading } from './page.tsx';
import { useHistory } from './use-history.ts';
import { clockOf } from './words.ts';

/** Two minutes at a question each 2 s. */
const HISTORY = 60;

/** The processes of all roles, and what each role has taken of the processor since the page was opened. */
export function NodeTable({ nodes, loading }: { nodes: NodeInfo[] | undefined; loading: boolean }) {
  const history = useHistory(
    useMemo(() => nodes && loadByRole(nodes), [nodes]),
    HISTORY,
  );
  return (
    <>
      <section className="card" aria-labelledby="nodes-title">
        <h2 id="nodes-title">Processes</h2>
        {loading && <Loading what="the processes" />}
        {nodes?.length === 0 && <p className="quiet">No process has announced itself.</p>}
        {nodes && nodes.length > 0 && (
          <div className="scroll" tabIndex={0} role="region" aria-label="Table of processes">
            <table>
              <thead>
                <tr>
                  <th scope="col">Role</th>
                  <th scope="col">Machine</th>
                  <th scope="col">Region</th>
                  <th scope="col">Load</th>
                  <th scope="col">In use</th>
                  <th scope="col">Up</th>
                </tr>
              </thead>
              <tbody>
                {nodes.map((node) => (
                  <tr key={node.id} data-testid={`node-${node.id}`}>
                    <th scope="row">{node.role}</th>
                    <td>{node.machine}</td>
                    <td>{node.region}</td>
                    <td>
                      <meter min={0} max={1} high={0.8} optimum={0} value={Math.min(1, node.load)} aria-label={`Load of ${node.id}`} /> {Math.round(node.load * 100)} %
                    </td>
                    <td>
                      {node.used} of {node.capacity}
                    </td>
                    <td>{node.startedAt ? clockOf(Date.now() - Date.parse(node.startedAt)) : ''}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {Object.keys(history).length > 0 && (
          <Chart title="Load by role, of one core" span="2 min" format={(v) => `${Math.round(v * 100)} %`} series={Object.entries(history).map(([name, values]) => ({ name, values }))} testId="load-chart" />
        )}
      </section>
    </>
  );
}

function loadByRole(nodes: readonly NodeInfo[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { role, load } of nodes) sums[role] = (sums[role] ?? 0) + load;
  return sums;
}
