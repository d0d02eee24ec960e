import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** One project after the other: files that share processes follow each other. The last one has the shortest files. */
const projects = ['alone', 'database alone', 'database', 'pure']

/** The files that take longest, which a fresh clone cannot know: a run should not end with one of them. */
const longest = [
  ...['docs/examples', 'bench/quick', 'process/killed', 'e2e/killed', 'contract/fail-over'],
  ...['contract/postgres-replicated', 'contract/pglite-owner'],
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
