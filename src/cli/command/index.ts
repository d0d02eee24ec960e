import type { Cli } from '../cli.ts'
import { addAdopt } from './adopt.ts'
import { addArchive } from './archive.ts'
import { addAudit } from './audit.ts'
import { addCancel } from './cancel.ts'
import { addChain } from './chain.ts'
import { addDead } from './dead.ts'
import { addDemo } from './demo.ts'
import { addDev } from './dev.ts'
import { addDoctor } from './doctor.ts'
import { addDrain } from './drain.ts'
import { addEnqueue } from './enqueue.ts'
import { addExplain } from './explain.ts'
import { addInspect } from './inspect.ts'
import { addLog } from './log.ts'
import { addMachine } from './machine.ts'
import { addMigrate } from './migrate.ts'
import { addMove } from './move.ts'
import { addPause } from './pause.ts'
import { addPolicy } from './policy.ts'
import { addQueue } from './queue.ts'
import { addRebuild } from './rebuild.ts'
import { addRecover } from './recover.ts'
import { addReplay } from './replay.ts'
import { addResume } from './resume.ts'
import { addRetry } from './retry.ts'
import { addRun } from './run.ts'
import { addSnapshot } from './snapshot.ts'
import { addStats } from './stats.ts'
import { addStatus } from './status.ts'
import { addVerify } from './verify.ts'
import { addWhatIf } from './what-if.ts'
import { addWork } from './work.ts'

type Add = (cli: Cli) => void

/** Every command, in the order in which somebody new would want them. */
export const commandGroups: readonly (readonly [heading: string, commands: readonly Add[]])[] = [
  ['Begin:', [addDemo, addMigrate, addAdopt, addDev]],
  [
    'Work:',
    [addRun, addWork, addEnqueue, addCancel, addMove, addPause, addDrain, addResume, addRetry, addPolicy],
  ],
  ['Look:', [addStatus, addQueue, addExplain, addDead, addLog, addReplay, addStats, addWhatIf]],
  [
    'Check:',
    [
      addDoctor,
      addVerify,
      addRebuild,
      addRecover,
      addSnapshot,
      addArchive,
      addChain,
      addAudit,
      addMachine,
      addInspect,
    ],
  ],
]
