/**
 * The commands of `interlock`, one file each; the file is loaded when somebody types its name. `start.ts` reads the surroundings of the
 * process, `program.ts` runs one command line and gives its exit code, and a command gets a `Frame`: where it prints, and how it opens the
 * store.
 *
 * A command promises: with `--json` one document on standard output (the commands that follow a queue: one a line); messages on standard
 * error; exit code 0 if it is done, others as in `exit.ts`; Ctrl-C ends it in order (`interrupt.ts`).
 * @module
 */
import type { Listed } from '../cli.ts'

/** Every command, in the order in which somebody new would want them. */
export const commandGroups: readonly (readonly [heading: string, commands: readonly Listed[]])[] = [
  [
    'Begin:',
    [
      {
        usage: 'demo',
        summary: 'see it work: three scenarios, then 200 jobs under three policies',
        load: async () => (await import('./demo.ts')).addDemo,
      },
      {
        usage: 'migrate',
        summary: 'create or update the tables and functions of Interlock; your rows stay as they are',
        load: async () => (await import('./migrate.ts')).addMigrate,
      },
      {
        usage: 'adopt',
        summary:
          'take in rows of `jobs` that are older than Interlock; shows them first, and takes them in with --yes',
        load: async () => (await import('./adopt.ts')).addAdopt,
      },
      {
        usage: 'completion <shell>',
        summary: 'print a script that completes commands and options in bash, zsh or fish',
        load: async () => (await import('./completion.ts')).addCompletion,
      },
      {
        usage: 'man',
        summary: 'the manual page of all commands',
        load: async () => (await import('./man.ts')).addMan,
      },
    ],
  ],
  [
    'Work:',
    [
      {
        usage: 'run <file>',
        summary: 'run the jobs of a file until all have ended',
        load: async () => (await import('./run.ts')).addRun,
      },
      {
        usage: 'work',
        summary: 'run jobs with the handlers of a file, until told to stop',
        load: async () => (await import('./work.ts')).addWork,
      },
      {
        usage: 'enqueue [file]',
        summary: 'put jobs in line, from a file, or one; workers run them',
        load: async () => (await import('./enqueue.ts')).addEnqueue,
      },
      {
        usage: 'quote',
        summary: 'say when a job would start, and why not now, before you put it in line',
        load: async () => (await import('./quote.ts')).addQuote,
      },
      {
        usage: 'cancel [job]',
        summary: 'cancel waiting jobs, or ask running ones to stop: one job, or all that a filter finds',
        load: async () => (await import('./cancel.ts')).addCancel,
      },
      {
        usage: 'move [job]',
        summary: 'move waiting jobs in line: one job, or all that a filter finds',
        load: async () => (await import('./move.ts')).addMove,
      },
      {
        usage: 'pause <model>',
        summary:
          'stop starting jobs on this model or place, for a time (--for 1h) or until resumed; running jobs finish',
        load: async () => (await import('./pause.ts')).addPause,
      },
      {
        usage: 'drain',
        summary: 'stop starting jobs; running jobs finish',
        load: async () => (await import('./drain.ts')).addDrain,
      },
      {
        usage: 'resume [model]',
        summary: 'start jobs again, after a drain or on a paused model or place',
        load: async () => (await import('./resume.ts')).addResume,
      },
      {
        usage: 'retry [job]',
        summary:
          'put dead letters in line again, with their payloads and all attempts: one job, or all that a filter finds',
        load: async () => (await import('./retry.ts')).addRetry,
      },
      {
        usage: 'delete',
        summary: 'delete what is kept of jobs beside the log: all that a filter finds; their events stay',
        load: async () => (await import('./delete.ts')).addDelete,
      },
      {
        usage: 'policy',
        summary: 'the rules of the queue: show them, or set them',
        load: async () => (await import('./policy.ts')).addPolicy,
      },
      {
        usage: 'schedule',
        summary: 'jobs that come by the clock: list schedules, declare, preview, pause, resume, remove them',
        load: async () => (await import('./schedule.ts')).addSchedule,
      },
    ],
  ],
  [
    'Look:',
    [
      {
        usage: 'dashboard',
        summary: 'the queue in your browser: what runs, which job waits for which, and any moment of its log',
        load: async () => (await import('./dashboard.ts')).addDashboard,
      },
      {
        usage: 'top',
        summary: 'live: what runs, the models and the line, with keys to change it',
        load: async () => (await import('./top.ts')).addTop,
      },
      {
        usage: 'status',
        summary:
          'what runs, waits or is paused, and which workers there are; exit code 1 if the database is not migrated to this release, or does not answer',
        load: async () => (await import('./status.ts')).addStatus,
      },
      {
        usage: 'queue',
        summary: 'the live jobs in line order: what runs, what waits and for which job',
        load: async () => (await import('./queue.ts')).addQueue,
      },
      {
        usage: 'jobs',
        summary:
          'find jobs by state, kind, model, customer (fair key), error and age, and see why each waits',
        load: async () => (await import('./jobs.ts')).addJobs,
      },
      {
        usage: 'explain <job>',
        summary: 'why a job does not run, which job it waits for, and what has to happen',
        load: async () => (await import('./explain.ts')).addExplain,
      },
      {
        usage: 'flow <job>',
        summary: 'the jobs that a job comes after, those that come after it, and how each stands',
        load: async () => (await import('./flow.ts')).addFlow,
      },
      {
        usage: 'dead [job]',
        summary: 'jobs that failed for good, lost their last attempt, or waited too long',
        load: async () => (await import('./dead.ts')).addDead,
      },
      {
        usage: 'log',
        summary: 'the events of the queue, its source of truth',
        load: async () => (await import('./log.ts')).addLog,
      },
      {
        usage: 'replay',
        summary: 'the queue as it was at any time, from the log alone; or its history, step by step',
        load: async () => (await import('./replay.ts')).addReplay,
      },
      {
        usage: 'stats',
        summary:
          'how long jobs waited and for what, how busy models were, and what each fair key used, over time',
        load: async () => (await import('./stats.ts')).addStats,
      },
      {
        usage: 'what-if',
        summary:
          'what another policy or capacity would have changed: simulates the jobs of the last 24 hours, or of another period, under it',
        load: async () => (await import('./what-if.ts')).addWhatIf,
      },
    ],
  ],
  [
    'Check:',
    [
      {
        usage: 'doctor',
        summary: 'find problems of the database, the queue and its workers, each with its remedy',
        load: async () => (await import('./doctor.ts')).addDoctor,
      },
      {
        usage: 'verify',
        summary: 'rebuild the state from the log and compare it with the rows',
        load: async () => (await import('./verify.ts')).addVerify,
      },
      {
        usage: 'rebuild',
        summary: 'write the state and the rows of the jobs again from the log; safe while workers run',
        load: async () => (await import('./rebuild.ts')).addRebuild,
      },
      {
        usage: 'recover',
        summary:
          'after a backup was restored, or when an event cannot be read: drain the queue in a new epoch, and say how its jobs ended',
        load: async () => (await import('./recover.ts')).addRecover,
      },
      {
        usage: 'snapshot',
        summary: 'save the state of the queue, so that processes that start later read only newer events',
        load: async () => (await import('./snapshot.ts')).addSnapshot,
      },
      {
        usage: 'archive',
        summary: 'move old events out of the log; running and waiting jobs stay as they are',
        load: async () => (await import('./archive.ts')).addArchive,
      },
      {
        usage: 'forget-operator <person>',
        summary:
          'delete this person from the records of who did what, in every queue; the log names no person',
        load: async () => (await import('./forget-operator.ts')).addForgetOperator,
      },
      {
        usage: 'chain',
        summary: 'the hash chain of the log: check it, and print its head as an anchor to note elsewhere',
        load: async () => (await import('./chain.ts')).addChain,
      },
      {
        usage: 'audit',
        summary:
          'prove from the log alone that no promise was broken, with code that shares nothing with the code that decides',
        load: async () => (await import('./audit.ts')).addAudit,
      },
      {
        usage: 'machine [name]',
        summary: 'the statechart of a queue (coordinator) or of a job (job)',
        load: async () => (await import('./machine.ts')).addMachine,
      },
      {
        usage: 'inspect',
        summary: "the queue in Stately's inspector: its machine, event by event, replayed or live",
        load: async () => (await import('./inspect.ts')).addInspect,
      },
    ],
  ],
]
