/** Direction of imports (docs/adr/0003-folders-between-the-roles.md). Checked by `npm run check`. */
const ROLES = 'control|ingest|mixer|origin|edge|recordings|restream|supervisor';
const OUTER = `^(workers|scripts|test|web)/|^src/(${ROLES})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A type may point back at its user; code may not.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domain-imports-nothing',
      comment: 'The words of the field are pure.',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^src/domain/' },
    },
    {
      name: 'roles-do-not-import-each-other',
      comment: 'They meet in a protocol in media/ or a type in domain/.',
      severity: 'error',
      from: { path: `^src/(${ROLES})/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^src/(${ROLES})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'shared-folders-import-no-role',
      severity: 'error',
      from: { path: '^src/', pathNot: [`^src/(${ROLES})/`, '\\.test\\.ts$'] },
      to: { path: OUTER },
    },
    {
      name: 'nothing-imports-workers',
      severity: 'error',
      from: { path: '^(src|pipelines|web)/' },
      to: { path: '^(workers|scripts|test)/', pathNot: '^test/support/' },
    },
    {
      name: 'pipelines-know-only-words',
      severity: 'error',
      from: { path: '^pipelines/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(domain|media|config)/' },
    },
    {
      name: 'web-knows-only-words',
      comment: 'Pages share the names and types of domain/ and the event map, never server code.',
      severity: 'error',
      from: { path: '^web/', pathNot: '\\.test\\.tsx?$' },
      to: { path: '^(src|workers|pipelines)/', pathNot: '^src/domain/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'Benchmarks share the rigs in test/support.',
      severity: 'error',
      from: { pathNot: '(\\.test\\.tsx?$|^test/|^scripts/bench/)' },
      to: { path: '(\\.test\\.tsx?$|^test/)' },
    },
    { name: 'only-declared-packages', severity: 'error', from: {}, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] } },
    {
      name: 'no-development-packages-at-run-time',
      severity: 'error',
      from: { path: '^(src|workers|pipelines)/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build|data)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'], mainFields: ['module', 'main', 'types'] },
  },
};
