import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** Where the programs of the drill are. */
export interface Programs {
  readonly etcd: string
  readonly patroni: string
  /** The folder with `postgres` and `initdb`. */
  readonly postgres: string
}

/** Where Debian has programs, and the versions of PostgreSQL. */
const places = { path: process.env['PATH'] ?? '', versions: '/usr/lib/postgresql' }

/** For the help, and for who lacks some of it. */
export const NEEDS = `The drill needs Patroni, etcd and PostgreSQL 15 to 18 as Debian has them (13, trixie: patroni 4.0, etcd-server 3.5, postgresql-17):

  apt-get install --no-install-recommends patroni python3-etcd etcd-server postgresql-17

It starts them by itself, as an ordinary user, on free ports of this machine and in a folder that goes with it. It uses no cluster and no
service that these packages may have set up: you can stop and disable them.`

/** @throws Error what has to be installed */
export function findPrograms({ path: folders, versions }: typeof places = places): Programs {
  const missing: string[] = []
  const find = (name: string): string => {
    const files = folders.split(':').map((folder) => path.join(folder, name))
    const file = files.find((each) => existsSync(each))
    if (file === undefined) missing.push(name)
    return file ?? name
  }
  const [etcd, patroni] = [find('etcd'), find('patroni')]
  const there = existsSync(versions) ? readdirSync(versions).map(Number) : []
  const version = Math.max(...there.filter((each) => each >= 15 && each <= 18))
  const postgres = path.join(versions, String(version), 'bin')
  if (!existsSync(path.join(postgres, 'postgres'))) missing.push('PostgreSQL')
  if (missing.length > 0) throw new Error(`Not found: ${missing.join(', ')}.\n\n${NEEDS}`)
  return { etcd, patroni, postgres }
}
