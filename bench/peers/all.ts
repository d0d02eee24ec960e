import { bullmq, graphile, pgBoss } from './others.ts'
import type { Peer } from './peer.ts'

const ofPgBoss = (
  name: string,
  how: string,
  way: 'work' | 'fetch',
  policy: 'key_strict_fifo' | 'singleton',
): Peer => ({
  name,
  pack: 'pg-boss',
  how,
  on: 'postgres',
  joinsTransactions: true,
  migrate: async (url) => (await pgBoss()).migrate(url),
  connect: async (setting) => (await pgBoss()).connect(setting, way, policy),
})

const ofGraphile = (name: string, how: string, batching: boolean): Peer => ({
  name,
  pack: 'graphile-worker',
  how,
  on: 'postgres',
  joinsTransactions: true,
  migrate: async (url) => (await graphile()).migrate(url),
  connect: async (setting) => (await graphile()).connect(setting, batching),
  left: async (url) => (await graphile()).left(url),
})

/** More would be some 2,000 connections. */
const MOST_LINES = 150

const ofBullmq = (name: string, how: string, on: Peer['on']): Peer => ({
  name,
  pack: 'bullmq',
  how,
  on,
  takesMany: ['throughput'],
  cannot: (keys) =>
    keys > MOST_LINES
      ? `a line and a worker of its own for each of ${keys.toLocaleString('en')} keys`
      : undefined,
  migrate: async (url) => (await bullmq()).migrate(url),
  connect: async (setting) => (await bullmq()).connect(setting),
})

const noGroups =
  'the open one has no groups: each key is a queue with a worker of concurrency 1, and the keys are dealt out to the processes'

/** Ours and those it is measured beside. Each is loaded in the processes that need it only. */
export const peers: readonly Peer[] = [
  {
    name: 'interlock',
    how: 'createJobWorker as in the README, policy by-model, a key is a model; without keys: models []; results kept; by many: a slot for each job, or two for inBatch of 50',
    on: 'postgres',
    joinsTransactions: true,
    takesMany: ['throughput', 'in-batch'],
    migrate: async (url) => (await import('./with-interlock.ts')).migrate(url),
    connect: async (setting) => (await import('./with-interlock.ts')).connect(setting),
  },
  {
    ...ofGraphile(
      'graphile-worker',
      'run() with its defaults, maxPoolSize as many as slots, at least 2; a key is a named queue; keeps no results; by many: maxPoolSize 10, localQueue.size 200, completeJobBatchDelay 0 and failJobBatchDelay 0',
      false,
    ),
    takesMany: ['throughput'],
  },
  {
    ...ofGraphile(
      'graphile-worker batching',
      'the same with localQueue.size 500, completeJobBatchDelay 0 and failJobBatchDelay 0',
      true,
    ),
    variant: true,
  },
  {
    ...ofPgBoss(
      'pg-boss',
      'work(): one batch of as many as slots, burstWhenBatchFull, perJobResults, LISTEN, a poll every 0.5 s; a key is a singletonKey under key_strict_fifo; by many: batchSize 50, localConcurrency 2',
      'work',
      'key_strict_fifo',
    ),
    takesMany: ['throughput', 'in-batch'],
  },
  ofPgBoss(
    'pg-boss fetch',
    'fetch() and complete() in a loop of our own in each slot, 10 ms of rest when there was nothing; key_strict_fifo',
    'fetch',
    'key_strict_fifo',
  ),
  {
    ...ofPgBoss(
      'pg-boss singleton',
      'the same loop under the policy singleton, which keeps no order',
      'fetch',
      'singleton',
    ),
    variant: true,
  },
  ofBullmq(
    'bullmq',
    `Redis with appendonly, appendfsync everysec (loses up to a second); ${noGroups}; by many: concurrency 100`,
    'redis',
  ),
  {
    ...ofBullmq('bullmq always', 'the same with appendfsync always', 'redis-always'),
    variant: true,
  },
  ofBullmq(
    'bullmq postgres',
    'its own PostgreSQL backend; keys as with Redis; by many: concurrency 100, 20 connections',
    'postgres',
  ),
]

/** @throws when there is none of that name */
export function peerNamed(name: string): Peer {
  const found = peers.find((peer) => peer.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}
