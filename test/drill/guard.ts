import { spawn } from 'node:child_process'

export interface Guard {
  /** A process to be ended with this one. */
  watch(pid: number): void
  /** Ends all of them, and the servers that Patroni started, and deletes the folder. */
  finish(): Promise<void>
}

/** Patroni puts its server into a session of its own, so that is found by the file in its data. */
const script = `
pids=
while read -r pid; do pids="$pids $pid"; done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
for file in "$1"/n*/data/postmaster.pid; do
  [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")" 2>/dev/null
done
sleep 1
rm -rf -- "$1"
`

/** Reads pids until its input ends, which the death of this process does as well, however it dies. */
export function guardCluster(folder: string): Guard {
  const shell = spawn('sh', ['-c', script, 'guard', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const gone = new Promise<void>((resolve) => shell.once('close', () => resolve()))
  shell.unref()
  return {
    watch: (pid) => shell.stdin.write(`${pid}\n`),
    finish: () => {
      shell.ref()
      shell.stdin.end()
      return gone
    },
  }
}
