import { PACKAGE_VERSION } from '../../engine/coordinator/base/package-version.ts'
import type { Family } from './family.ts'
import { processFamilies, type ReadProcess } from './process-families.ts'
import { queueFamilies, type ReadQueue } from './queue-families.ts'

/** Everything that is known at one moment. */
export interface FigureReadings {
  readonly queues: readonly ReadQueue[]
  readonly processes: readonly ReadProcess[]
}

const build: Family = {
  name: 'interlock_build',
  type: 'info',
  help: 'The release of interlock-queue in this process.',
  samples: [{ labels: { version: PACKAGE_VERSION }, value: 1 }],
}

/** All families, the same for every face; those of which nothing is known have no samples. */
export const familiesOf = ({ queues, processes }: FigureReadings): readonly Family[] => [
  ...queueFamilies(queues),
  ...processFamilies(processes),
  build,
]
