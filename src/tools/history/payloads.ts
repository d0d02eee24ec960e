import { isPayloadKey, type RecordedEvent } from '../../engine/core/index.ts'
import { payloadHash } from '../../engine/events/index.ts'
import type { KeptPayload } from '../../engine/store/index.ts'
import { type Opened, telling } from './access.ts'
import type { Sound } from './fold-checked.ts'

/** The payloads beside the log, compared with the hashes in it. */
export interface ComparedPayloads {
  /** How many are as they were enqueued. */
  readonly same: number
  /** How many are not. */
  readonly changed: number
  /** `{ jobId, seq }`: the first 100 of those, with the numbers of their `queued` events. */
  readonly changedJobs: readonly { readonly jobId: string; readonly seq: number }[]
  /**
   * How many could not be compared: the payload was deleted, or its job was enqueued again; or the event has no hash, or was archived
   * and is not in the database.
   */
  readonly notCompared: number
}

const MOST_NAMED = 100

/**
 * Compares every payload that is kept with the hash that its `queued` event has, in pages of some 4 MB. No log can restore a payload, so a
 * changed one is only named. The hash finds accidents and edits by hand. It is no cryptographic one: who means to deceive can make another
 * payload with the same hash. A cryptographic one in a log that is never erased would let anybody prove a guess at a payload that was.
 */
export class PayloadHashes {
  /** How many of the events that were read have one. */
  #hashed = 0
  #same = 0
  #changed = 0
  readonly #changedJobs: { readonly jobId: string; readonly seq: number }[] = []
  /** Of those that were compared, whose event is in the part of the log that was read. */
  #inPart = 0
  #unhashed = 0
  #ofNoEvent = 0

  /** Counts on: call it with every event of the log. */
  see(event: RecordedEvent): void {
    if (event.type === 'queued' && event.spec.payloadHash !== undefined) this.#hashed++
  }

  /** @param part the part of the log that was read */
  async compare(access: Opened, part: CheckedPart): Promise<ComparedPayloads> {
    const progress = telling(access, 'payloads compared', this.#hashed)
    try {
      for (let page = await pageAfter(access, ''); page.length > 0; ) {
        for (const kept of page) this.#take(kept, part)
        progress.update(this.#same + this.#changed)
        access.signal.throwIfAborted()
        page = await pageAfter(access, page.at(-1)?.jobId ?? '')
      }
    } finally {
      progress.stop()
    }
    // Where archive files were given, their events were read too: their payloads are among those that no page had.
    const ofNoEvent = access.files === undefined ? this.#ofNoEvent : 0
    return {
      same: this.#same,
      changed: this.#changed,
      changedJobs: this.#changedJobs,
      notCompared: this.#hashed - this.#inPart + this.#unhashed + ofNoEvent,
    }
  }

  #take({ jobId, seq, hash, payload }: KeptPayload, { fromSeq, through }: CheckedPart): void {
    // The payload of a schedule is of no job; those of its jobs are compared.
    if (isPayloadKey(jobId)) return
    if (seq === null) this.#ofNoEvent++
    else if (hash === null) this.#unhashed++
    else {
      if (seq >= fromSeq && seq <= through) this.#inPart++
      if (payloadHash(payload) === hash) this.#same++
      else if (++this.#changed <= MOST_NAMED) this.#changedJobs.push({ jobId, seq })
    }
  }
}

type CheckedPart = Pick<Sound, 'fromSeq' | 'through'>

const pageAfter = ({ store, queue }: Opened, jobId: string): Promise<readonly KeptPayload[]> =>
  store.payloads(queue, jobId)
