import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** One project after the other: files that share processes follow each other. The last one has the shortest files. */
const projects = ['alone', 'database alone', 'database', 'pure']

/** The files that take longest, which a fresh clone cannot know: a run should not end with one of them. */
const longest = [
  ...[
    'bench/quick',
    'docs/examples',
    'e2e/first-day',
    'process/fail-over',
    'process/killed',
    'contract/mutants',
  ],
  ...['process/restored', 'e2e/package', 'dashboard/browser/load', 'e2e/outage', 'e2e/killed'],
  ...['process/server', 'contract/pglite-owner', 'contract/postgres-replicated', 'process/workflows'],
  ...['property/oracle', 'core/many-attempts', 'property/liveness'],
].map((name) => `/test/${name}.test.ts`)

/** The lower, the earlier. */
function rankOf({ moduleId, project }: TestSpecification): number {
  const place = longest.findIndex((name) => moduleId.endsWith(name))
  return projects.indexOf(project.name) + (place < 0 ? 1 : place / longest.length) / 2
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}
