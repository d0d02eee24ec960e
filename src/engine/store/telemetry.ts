import type {
  FailureCode,
  JobSpec,
  JobTrace,
  Json,
  Ledger,
  Micros,
  QueueChange,
  Started,
  TraceContext,
} from '../core/index.ts'

/** The ids of a span, by the names that lines of logs have them under. */
export interface SpanIds {
  readonly trace_id: string
  readonly span_id: string
  readonly trace_flags: string
}

/** A call that puts jobs in line. */
export interface Sending {
  readonly queue: string
  readonly jobs: readonly { readonly spec: JobSpec; readonly trace: TraceContext | undefined }[]
}

/** A queue as a process follows it. */
export interface FollowedQueue {
  readonly queue: string
  readonly workerId: () => string
  readonly ledger: () => Ledger
  /** The time of the queue. */
  readonly now: () => Micros
  readonly follow: (listener: (change: QueueChange) => void) => void
}

/** An attempt that is about to run in this process. */
export interface BegunAttempt {
  readonly queue: string
  readonly started: Started
  /** What its handler is given: payload, row, checkpoint. None of it may get into a trace. */
  readonly given: readonly Json[]
  /** What is kept of the job's trace; null: nothing. */
  readonly trace: JobTrace | null
  /** It runs in a call of the program, and not in the loop of a worker: what called it is what it belongs to. */
  readonly isCalled: boolean
}

/** How an attempt ended here. */
export interface AttemptEnd {
  readonly outcome: 'completed' | 'failed' | 'postponed' | 'cancelled' | 'given_back' | 'detached' | 'lost'
  readonly code?: FailureCode
  /** What was thrown. */
  readonly error?: unknown
}

/** One attempt, while it runs. */
export interface AttemptSpan {
  /** Undefined: nobody will see the span. */
  readonly ids: SpanIds | undefined
  /** What to keep for the attempt after it; undefined: nothing new. */
  readonly trace: JobTrace | undefined
  /** Runs the handler within the span. */
  run<T>(work: () => T): T
  end(how: AttemptEnd): void
}

/** A step of a workflow, within its attempt. */
export interface BegunStep {
  readonly queue: string
  readonly executionId: string
  readonly index: number
  readonly count: number
  readonly name: string | null
}

/**
 * Is told what goes on in a process, and makes traces of it: `openTelemetry()` of `interlock-queue/otel`. Its methods must not throw.
 * Where none is given, none is called.
 */
export interface Telemetry {
  /** Jobs carry the context of their trace, so it is read for each attempt. */
  readonly propagates: boolean
  /** Is told of a queue when a coordinator has joined it. */
  follow(queue: FollowedQueue): void
  /** Runs a call that puts jobs in line. @param put is given the context to keep with the jobs that have none of their own */
  send<T>(sending: Sending, put: (context: TraceContext | undefined) => Promise<T>): Promise<T>
  /** The context in which the program calls, for a job that it asks for at the gate. */
  context(): TraceContext | undefined
  /** A program that waited at the gate was given its start. */
  granted(started: Started, queue: string): void
  begin(attempt: BegunAttempt): AttemptSpan
  step<T>(step: BegunStep, run: () => Promise<T>): Promise<T>
}
