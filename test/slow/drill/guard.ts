import { spawn } from 'node:child_process'

export interface Guard {
  /** A process to be ended with this one, unless it is forgotten before. */
  watch(pid: number): void
  /** It has ended, and its number may soon be another's. */
  forget(pid: number): void
  /** Ends all of them, and the servers that Patroni started, and deletes the folder. */
  finish(): Promise<void>
}

/** Patroni puts its server into a session of its own, so that is found by the file in its data. */
const script = `
pids=' '
while read -r line; do
  case $line in
    -*) pids=$(echo "$pids" | sed "s/ $\{line#-} / /") ;;
    *) pids="$pids$line " ;;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
for file in "$1"/*/data/postmaster.pid; do
  [ -f "$file" ] && server=$(head -n 1 "$file") && kill -QUIT "$server" 2>/dev/null && pids="$pids$server "
done
tries=0
for pid in $pids; do
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
done
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
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
    forget: (pid) => shell.stdin.write(`-${pid}\n`),
    finish: () => {
      shell.ref()
      shell.stdin.end()
      return gone
    },
  }
}
