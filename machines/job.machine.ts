import { assign, setup } from 'xstate'
import { isFinal, isForLater, type JobEvent, type JobLife, lifeAfter, tokenOf } from './job-life.ts'

/**
 * The life of one job, from its first `queued` to its end and, under the same id, perhaps to the next `queued`. Its
 * events are those of the log that name the job. No invoke, no `after`, no side effect.
 *
 * One literal call, so that Stately Studio and its editor extension can read and draw it.
 */
export const jobMachine = setup({
  types: {
    context: {} as JobLife,
    events: {} as JobEvent,
  },
  actions: {
    evolve: assign(({ context, event }) => lifeAfter(context, event)),
  },
  guards: {
    isAfterOthers: ({ event }) => event.type === 'queued' && event.spec.after !== undefined,
    isForLater: ({ event }) => isForLater(event),
    isOfAttempt: ({ context, event }) => tokenOf(event) !== null && tokenOf(event) === context.token,
    isOfAttemptAndFinal: ({ context, event }) => tokenOf(event) === context.token && isFinal(event),
    isOfAttemptNotFinal: ({ context, event }) => tokenOf(event) === context.token && !isFinal(event),
    isWithoutAttempt: ({ event }) => tokenOf(event) === null,
  },
}).createMachine({
  id: 'job',
  description: 'One job, by its id. Its events are those of job_queue_log that name it.',
  context: { seq: 0, attempt: 0, token: null, workerId: null },
  initial: 'absent',
  states: {
    absent: {
      description: 'The queue has never heard of this id.',
      on: {
        queued: [
          {
            guard: 'isAfterOthers',
            target: 'waiting.for_parents',
            actions: 'evolve',
            description: 'It comes after other jobs.',
          },
          {
            guard: 'isForLater',
            target: 'waiting.not_due',
            actions: 'evolve',
            description: 'It must not start before a later time.',
          },
          { target: 'waiting.in_line', actions: 'evolve', description: 'It stands in line at once.' },
        ],
        bypassed: {
          target: 'bypassed',
          actions: 'evolve',
          description: 'It names no model, so it runs outside the queue.',
        },
        deduplicated: {
          target: 'deduplicated',
          actions: 'evolve',
          description: 'Another job has its key and stands for it.',
        },
      },
    },
    waiting: {
      description: 'It is live and does not run. It holds no model.',
      initial: 'in_line',
      on: {
        conflict: { actions: 'evolve', description: 'It has to wait: a model it needs is held.' },
        blocked: { actions: 'evolve', description: 'It has to wait for any other reason.' },
        asked: {
          actions: 'evolve',
          description: 'A process waits at the gate for this job, or no longer does.',
        },
        reprioritized: { actions: 'evolve', description: 'It has another position in line.' },
        expired: {
          target: 'ended.expired',
          actions: 'evolve',
          description: 'It waited longer than its `expireMs` allows.',
        },
        cancelled: {
          guard: 'isWithoutAttempt',
          target: 'ended.cancelled',
          actions: 'evolve',
          description: 'Nothing ran, so nothing has to stop.',
        },
      },
      states: {
        for_parents: {
          description:
            'It comes after jobs that have not ended, or whose end is still to be taken into account. It reserves nothing.',
          on: {
            linked: { actions: 'evolve', description: 'It comes after these jobs.' },
            released: [
              {
                guard: 'isForLater',
                target: 'not_due',
                actions: 'evolve',
                description: 'They have ended, and its time has not come.',
              },
              { target: 'in_line', actions: 'evolve', description: 'They have ended.' },
            ],
            failed: {
              guard: 'isWithoutAttempt',
              target: '#job.ended.failed',
              actions: 'evolve',
              description: 'One of them did not complete.',
            },
          },
        },
        not_due: {
          description:
            'It must not start before its time (`run_at`, or the wait before a retry). It reserves nothing.',
          on: {
            due: { target: 'in_line', actions: 'evolve', description: 'Its time has come.' },
            debounced: {
              actions: 'evolve',
              description: 'Another one came with its key: its payload, and perhaps its time, are others.',
            },
          },
        },
        in_line: {
          description:
            'It stands in the line of each of its models, and may start when all are free for it. Until a worker takes it, it is offered.',
          on: {
            started: {
              target: '#job.active',
              actions: 'evolve',
              description: 'It takes all its models at once.',
            },
            debounced: [
              {
                guard: 'isForLater',
                target: 'not_due',
                actions: 'evolve',
                description: 'Another one came with its key: it has that one’s payload, and is put off.',
              },
              { actions: 'evolve', description: 'Another one came with its key: it has that one’s payload.' },
            ],
          },
        },
        returning: {
          description:
            'Its attempt has ended and another one follows: only between two events of one append.',
          on: {
            requeued: [
              {
                guard: 'isForLater',
                target: 'not_due',
                actions: 'evolve',
                description: 'It waits before it tries again.',
              },
              { target: 'in_line', actions: 'evolve', description: 'It keeps its position in line.' },
            ],
          },
        },
      },
    },
    active: {
      description:
        'A worker runs it under a fencing token. It holds its models, but for those that it has given back.',
      initial: 'running',
      on: {
        completed: {
          guard: 'isOfAttempt',
          target: 'ended.completed',
          actions: 'evolve',
          description: 'The work is done.',
        },
        cancelled: {
          guard: 'isOfAttempt',
          target: 'ended.cancelled',
          actions: 'evolve',
          description: 'The worker has stopped, or `force` did not wait for it.',
        },
        failed: [
          {
            guard: 'isOfAttemptAndFinal',
            target: 'ended.failed',
            actions: 'evolve',
            description: 'No attempt is left, or the handler wants none.',
          },
          {
            guard: 'isOfAttemptNotFinal',
            target: 'waiting.returning',
            actions: 'evolve',
            description: 'It failed or was given back; another attempt follows.',
          },
        ],
        detached: {
          guard: 'isOfAttempt',
          target: '.detached',
          actions: 'evolve',
          description: 'The work goes on elsewhere, until its deadline at the latest.',
        },
        model_released: {
          guard: 'isOfAttempt',
          actions: 'evolve',
          description: 'It gives back one of its models. Others may start with it.',
        },
      },
      states: {
        running: {
          description: 'The worker works on it.',
          on: {
            cancel_requested: {
              target: 'cancelling',
              actions: 'evolve',
              description: 'Somebody asks the worker to stop.',
            },
            lease_expired: [
              {
                guard: 'isOfAttemptAndFinal',
                target: '#job.ended.failed',
                actions: 'evolve',
                description: 'Its worker died with the last attempt.',
              },
              {
                guard: 'isOfAttemptNotFinal',
                target: '#job.waiting.returning',
                actions: 'evolve',
                description: 'Its worker died; another attempt follows.',
              },
            ],
          },
        },
        cancelling: {
          description:
            'The worker was asked to stop. The job keeps its models until the worker confirms or its lease ends.',
          on: {
            cancel_requested: { actions: 'evolve', description: 'Somebody asks once more.' },
            lease_expired: [
              {
                guard: 'isOfAttemptAndFinal',
                target: '#job.ended.cancelled',
                actions: 'evolve',
                description: 'Its worker died before it could confirm.',
              },
              {
                guard: 'isOfAttemptNotFinal',
                target: '#job.waiting.returning',
                actions: 'evolve',
                description: 'Its worker died; another attempt follows.',
              },
            ],
          },
        },
        detached: {
          description:
            'No lease holds it. Any process can end it with its fencing token; at its deadline it fails as `timed_out`.',
          on: {
            cancel_requested: {
              actions: 'evolve',
              description: 'The holder of the token is asked to stop the work.',
            },
          },
        },
      },
    },
    ended: {
      description: 'It is only in the log. Its id is free and may be queued again.',
      initial: 'completed',
      on: {
        queued: [
          {
            guard: 'isAfterOthers',
            target: 'waiting.for_parents',
            actions: 'evolve',
            description: 'It comes after other jobs.',
          },
          {
            guard: 'isForLater',
            target: 'waiting.not_due',
            actions: 'evolve',
            description: 'A new life, which starts later.',
          },
          { target: 'waiting.in_line', actions: 'evolve', description: 'A new life under the same id.' },
        ],
        bypassed: {
          target: 'bypassed',
          actions: 'evolve',
          description: 'This time it names no model, so it runs outside the queue.',
        },
        deduplicated: {
          target: 'deduplicated',
          actions: 'evolve',
          description: 'This time another job has its key and stands for it.',
        },
      },
      states: {
        completed: { description: 'The work was done.' },
        failed: {
          description:
            'The last attempt failed, or was lost with its worker; or a job that it comes after failed.',
        },
        cancelled: { description: 'It was cancelled, before it started or while it ran.' },
        expired: { description: 'It waited longer than its `expireMs` allows.' },
      },
    },
    bypassed: {
      description: 'It named no model, so it ran outside the queue. The log says nothing more of it.',
      on: {
        queued: [
          {
            guard: 'isAfterOthers',
            target: 'waiting.for_parents',
            actions: 'evolve',
            description: 'It comes after other jobs.',
          },
          {
            guard: 'isForLater',
            target: 'waiting.not_due',
            actions: 'evolve',
            description: 'A new life, which starts later.',
          },
          { target: 'waiting.in_line', actions: 'evolve', description: 'A new life under the same id.' },
        ],
        bypassed: { actions: 'evolve', description: 'It ran outside the queue again.' },
        deduplicated: {
          target: 'deduplicated',
          actions: 'evolve',
          description: 'This time another job has its key and stands for it.',
        },
      },
    },
    deduplicated: {
      description: 'It did not come into the queue: another job has its key and stands for it.',
      on: {
        queued: [
          {
            guard: 'isAfterOthers',
            target: 'waiting.for_parents',
            actions: 'evolve',
            description: 'It comes after other jobs.',
          },
          {
            guard: 'isForLater',
            target: 'waiting.not_due',
            actions: 'evolve',
            description: 'A new life, which starts later.',
          },
          { target: 'waiting.in_line', actions: 'evolve', description: 'A new life under the same id.' },
        ],
        bypassed: {
          target: 'bypassed',
          actions: 'evolve',
          description: 'This time it names no model, so it runs outside the queue.',
        },
        deduplicated: { actions: 'evolve', description: 'Another job stands for it again.' },
      },
    },
  },
})
