import type { ReasonCode } from '../values/event.ts'

/** What is said of a job that waits for this reason. When each applies, and which goes first: `reasonCodes` and `waits.ts`. */
export interface ReasonText {
  /** To who asks for the job, where nothing more exact is known: a sentence without a position. */
  readonly sentence: string
  /** To who operates the queue: what has to happen, or be done. */
  readonly remedy: string
  /** To the one whose job it is: no ids, keys or people. SQL says the same. */
  readonly owner: string
  /** In a list of jobs, behind the id. */
  readonly short: string
  /** In a list of reasons, behind the number of jobs: of one, and of several. */
  readonly counted: readonly [one: string, many: string]
}

/** All that is said of a reason: who tells of one adds names, numbers and times. A test holds SQL against it. */
export const reasonTexts: Readonly<Record<ReasonCode, ReasonText>> = {
  draining: {
    sentence: 'the queue is draining; nothing starts until it is resumed',
    remedy: 'resume the queue: `npx interlock-queue resume`',
    owner: 'the queue is draining; nothing starts until it is resumed',
    short: 'the queue is draining',
    counted: ['waits, since the queue is draining', 'wait, since the queue is draining'],
  },
  waits_for_parents: {
    sentence: 'jobs that it comes after have not ended',
    remedy: 'the jobs that it comes after have to end; it then joins the line by itself',
    owner: 'jobs that it comes after have not ended',
    short: 'comes after other jobs',
    counted: ['waits for the jobs before it', 'wait for the jobs before them'],
  },
  not_due: {
    sentence: 'the job is not due yet',
    remedy: 'nothing: it joins the line when its time comes',
    owner: 'the job is not due yet',
    short: 'not due yet',
    counted: ['is not due yet', 'are not due yet'],
  },
  fits_no_place: {
    sentence: 'no place of its model has as much as it asks',
    remedy:
      'say in the policy that a place has as much: `npx interlock-queue policy set --units <place=name:n>`, or cancel the job',
    owner: 'no place of its model has as much as it asks',
    short: 'fits no place',
    counted: ['fits no place of', 'fit no place of'],
  },
  model_paused: {
    sentence: 'a model it needs is paused',
    remedy:
      'somebody has to resume the model, or its pause has to end; the job then keeps its position in line',
    owner: 'a model it needs is paused',
    short: 'a model is paused',
    counted: ['waits for the paused model', 'wait for the paused model'],
  },
  use_over_limit: {
    sentence: 'it asks for more of a resource than the policy ever allows',
    remedy:
      'raise the limit of the resource: `npx interlock-queue policy set --uses <resource=limit/seconds>`, or cancel the job and enqueue one that asks for less',
    owner: 'it asks for more of a resource than the policy ever allows',
    short: 'asks for more of a resource than there ever is',
    counted: ['asks for more than a limit allows', 'ask for more than a limit allows'],
  },
  rate_limited: {
    sentence: 'a model it needs has reached its rate',
    remedy: 'nothing: it starts when the window of the rate opens',
    owner: 'a model it needs has reached its rate, or a resource that it uses its limit',
    short: 'over a rate or a limit',
    counted: ['waits for the rate of its model', 'wait for the rates of their models'],
  },
  fair_share_limit: {
    sentence: 'as many jobs with its fair key are running as its share allows',
    remedy:
      'a job with its fair key has to end, or raise its share: `npx interlock-queue policy set --share-active <n>`',
    owner: 'as many of its jobs are running as its share allows',
    short: 'its fair share is used up',
    counted: ['has used up its fair share', 'have used up their fair share'],
  },
  model_in_use: {
    sentence: 'a model it needs is in use',
    remedy: 'the job in the way has to end; it then starts by itself',
    owner: 'a model it needs is in use',
    short: 'a model in use',
    counted: ['waits for', 'wait for'],
  },
  behind_in_line: {
    sentence: 'it waits in line',
    remedy: 'the job in the way has to end; it then starts by itself',
    owner: 'it waits in line for a model',
    short: 'in line',
    counted: ['waits for', 'wait for'],
  },
  serialized: {
    sentence: 'another job is running (one job at a time)',
    remedy:
      'the job in the way has to end, or allow more jobs at once: `npx interlock-queue policy set --policy by-model`',
    owner: 'another job goes first (one job at a time)',
    short: 'one at a time',
    counted: ['waits: one job at a time', 'wait: one job at a time'],
  },
  at_capacity: {
    sentence: 'as many jobs are running as the policy allows',
    remedy: 'an active job has to end, or raise maxActive: `npx interlock-queue policy set --max-active <n>`',
    owner: 'as many jobs go first as the policy allows at once',
    short: 'no slot is free',
    counted: ['waits for a slot', 'wait for a slot'],
  },
  no_worker: {
    sentence: 'no live worker has a free slot for its kind',
    remedy: 'start a worker for its kind',
    owner: 'no live worker has a free slot for its kind',
    short: 'no worker is free for it',
    counted: ['waits for a worker', 'wait for a worker'],
  },
  offered: {
    sentence: 'it may start; no worker has taken it yet',
    remedy: 'a worker with a free slot takes it within its next poll',
    owner: 'it may start; no worker has taken it yet',
    short: 'may start',
    counted: ['may start as soon as a worker takes it', 'may start as soon as a worker takes them'],
  },
}
