import { assign, setup } from 'xstate'
import {
  emptyLedger,
  endsAttempt,
  evolve,
  type Ledger,
  type RecordedEvent,
} from '../src/engine/core/index.ts'

/**
 * The law of one queue: which event of its log may come in which state. Its context is the ledger, its one action is
 * `evolve`, and it has no invoke, no `after` and no side effect, so replaying history never does anything.
 *
 * Guards read the ledger as it is before the event. An event that no state accepts is silently ignored by XState, and a
 * throw of `evolve` does not reach the caller of `send`: feed it through {@link CoordinatorActor}, which checks first.
 *
 * One literal call, so that Stately Studio and its editor extension can read and draw it.
 */
export const coordinatorMachine = setup({
  types: {
    context: {} as { readonly ledger: Ledger },
    events: {} as RecordedEvent,
  },
  actions: {
    evolve: assign({ ledger: ({ context, event }) => evolve(context.ledger, event) }),
  },
  guards: {
    endsAttempt: ({ event }) => endsAttempt(event),
    endsLastAttempt: ({ context, event }) => endsAttempt(event) && context.ledger.active.size === 1,
    isOfWaitingJob: ({ event }) => 'token' in event && event.token === null,
    isAnyJobActive: ({ context }) => context.ledger.active.size > 0,
    isNoJobActive: ({ context }) => context.ledger.active.size === 0,
  },
}).createMachine({
  id: 'coordinator',
  description: 'One queue. Its events are those of job_queue_log, in the order of their sequence numbers.',
  context: { ledger: emptyLedger },
  initial: 'idle',
  on: {
    queued: { actions: 'evolve', description: 'A job comes into the queue.' },
    conflict: { actions: 'evolve', description: 'It has to wait: a model it needs is held.' },
    blocked: { actions: 'evolve', description: 'It has to wait for any other reason.' },
    due: { actions: 'evolve', description: 'Its time has come: it stands in line from now on.' },
    asked: { actions: 'evolve', description: 'A process waits at the gate for this job, or no longer does.' },
    reprioritized: { actions: 'evolve', description: 'It has another position in line.' },
    deduplicated: { actions: 'evolve', description: 'Another job has its key and stands for it.' },
    debounced: {
      actions: 'evolve',
      description: 'It has the payload of another one with its key, and starts later.',
    },
    requeued: { actions: 'evolve', description: 'Another attempt follows the one that just ended.' },
    expired: { actions: 'evolve', description: 'It waited longer than its `expireMs` allows.' },
    cancelled: {
      guard: 'isOfWaitingJob',
      actions: 'evolve',
      description: 'A waiting job leaves the queue.',
    },
    bypassed: { actions: 'evolve', description: 'A job without models ran outside the queue.' },
    policy_changed: { actions: 'evolve', description: 'Other rules hold for all starts to come.' },
    model_paused: { actions: 'evolve', description: 'No job that needs this model starts.' },
    model_resumed: { actions: 'evolve', description: 'Jobs that need this model may start again.' },
    epoch_changed: { actions: 'evolve', description: 'Fencing tokens of earlier epochs are void.' },
    voided: { actions: 'evolve', description: 'An earlier event that nobody could read is void.' },
    schedule_set: { actions: 'evolve', description: 'An owner declares a schedule.' },
    schedule_removed: { actions: 'evolve', description: 'A schedule is gone.' },
    schedule_paused: { actions: 'evolve', description: 'A schedule fires nothing until it is resumed.' },
    schedule_resumed: { actions: 'evolve', description: 'A schedule fires again.' },
    schedule_skipped: { actions: 'evolve', description: 'Due times of a schedule were not fired.' },
    linked: { actions: 'evolve', description: 'A waiting job comes after these jobs.' },
    released: { actions: 'evolve', description: 'The jobs that it comes after have ended.' },
    failed: {
      guard: 'isOfWaitingJob',
      actions: 'evolve',
      description: 'A job that it comes after did not complete, so it leaves the queue.',
    },
    end_propagated: { actions: 'evolve', description: 'More children of an ended job learn of its end.' },
    worker_serves: { actions: 'evolve', description: 'A process is given these places, and no others.' },
    worker_gone: { actions: 'evolve', description: 'It has left, or its lease is over: it serves none.' },
  },
  states: {
    idle: {
      description: 'No job is active. Jobs may wait: not due, offered, or without a worker.',
      on: {
        started: { target: 'running', actions: 'evolve', description: 'The first job starts.' },
        drain_requested: { target: 'draining', actions: 'evolve', description: 'No job starts any more.' },
      },
    },
    running: {
      description: 'At least one job is active and holds its models.',
      on: {
        started: { actions: 'evolve', description: 'One more job starts.' },
        cancel_requested: {
          actions: 'evolve',
          description: 'An active job is asked to stop. It keeps its models until it has.',
        },
        detached: {
          actions: 'evolve',
          description:
            'The work goes on elsewhere. The job keeps its models until it ends, or until its deadline.',
        },
        model_released: {
          actions: 'evolve',
          description: 'An active job gives back one of its models before it ends.',
        },
        completed: [
          {
            guard: 'endsLastAttempt',
            target: 'idle',
            actions: 'evolve',
            description: 'The last active job ends.',
          },
          { actions: 'evolve', description: 'One of several active jobs ends.' },
        ],
        failed: [
          {
            guard: 'endsLastAttempt',
            target: 'idle',
            actions: 'evolve',
            description: 'The last active attempt fails.',
          },
          { actions: 'evolve', description: 'One of several active attempts fails.' },
        ],
        lease_expired: [
          {
            guard: 'endsLastAttempt',
            target: 'idle',
            actions: 'evolve',
            description: 'The last active attempt is lost with its worker.',
          },
          { actions: 'evolve', description: 'One of several active attempts is lost with its worker.' },
        ],
        cancelled: [
          {
            guard: 'endsLastAttempt',
            target: 'idle',
            actions: 'evolve',
            description: 'The last active job has stopped.',
          },
          {
            guard: 'endsAttempt',
            actions: 'evolve',
            description: 'One of several active jobs has stopped.',
          },
        ],
        drain_requested: { target: 'draining', actions: 'evolve', description: 'No job starts any more.' },
      },
    },
    draining: {
      description: 'No job starts until somebody resumes the queue. Jobs still come in and wait.',
      initial: 'emptying',
      on: {
        resumed: [
          {
            guard: 'isAnyJobActive',
            target: 'running',
            actions: 'evolve',
            description: 'Jobs may start again, beside those that are still active.',
          },
          { target: 'idle', actions: 'evolve', description: 'Jobs may start again.' },
        ],
      },
      states: {
        emptying: {
          description: 'Jobs that were active when the drain began run to their end.',
          on: {
            cancel_requested: {
              actions: 'evolve',
              description: 'An active job is asked to stop. It keeps its models until it has.',
            },
            detached: {
              actions: 'evolve',
              description:
                'The work goes on elsewhere. The job keeps its models until it ends, or until its deadline.',
            },
            model_released: {
              actions: 'evolve',
              description: 'An active job gives back one of its models before it ends.',
            },
            completed: { actions: 'evolve', description: 'An active job ends.' },
            failed: { actions: 'evolve', description: 'An active attempt fails.' },
            lease_expired: { actions: 'evolve', description: 'An active attempt is lost with its worker.' },
            cancelled: {
              guard: 'endsAttempt',
              actions: 'evolve',
              description: 'An active job has stopped.',
            },
            drained: {
              guard: 'isNoJobActive',
              target: 'drained',
              actions: 'evolve',
              description:
                'Appended with the end of the last active job, or with the drain request if none was active.',
            },
          },
        },
        drained: {
          description: 'No job is active and none will start: safe to deploy, migrate or stop.',
        },
      },
    },
  },
})
